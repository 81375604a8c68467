import CProcess
import Checkpoints
import Glibc
package import Runs
import Tensors
import Terminal

/// A supervisor's agent on one host: it reports the job's ranks there, and ends them.
///
/// It speaks `AgentProtocol` on its standard streams. When it is cut off from the supervisor, it ends its host's part
/// of the job by itself.
package final class HostAgent {
    private let job: SupervisedJob
    private let heartbeat: Double
    private let host: String
    private let folders: JobFolders
    private var lines = LineBuffer()
    /// The ranks alive, by descriptors that become readable when they end.
    private var watched: [Int32: JobProcess] = [:]
    /// The shells that start Open MPI's daemon here, by descriptors that become readable when they end.
    private var starts: [Int32: ChildProcess] = [:]
    /// The number of ranks that are expected to start.
    private var expected = 0
    private var heard = monotonicSeconds()
    private var lastBeat = 0.0
    private var lastSearch = 0.0
    /// The time at which ranks were last announced or found.
    private var lastNews = 0.0
    private var isLeaving = false

    /// The seconds between two searches of all processes while ranks are expected to start; more when none have come
    /// for long.
    private var searchInterval: Double { lastSearch - lastNews < 30 ? 0.1 : 5 }
    /// The seconds that killed processes may take to end.
    private static let patience = 2.0

    /// - Parameter heartbeat: seconds; the agent ends when it has heard nothing from the supervisor for twice as long.
    /// - Throws: `LaunchError.noJobFolder`
    package init(job: SupervisedJob, heartbeat: Double) throws(LaunchError) {
        self.job = job
        self.heartbeat = heartbeat
        host = hostName()
        folders = try JobFolders(job, host: host)
    }

    /// Works until the supervisor has closed its end, or has been silent for too long.
    package func run() {
        // A terminal's signals are for the supervisor, which has other ways to end the agent.
        for number in [SIGHUP, SIGINT] { signal(number, SIG_IGN) }
        Descriptors.doNotWait(STDIN_FILENO)
        say(.ready(version: AgentProtocol.version, host: host))
        while !isLeaving { turn() }
        endJob()
        folders.remove()
    }

    private func turn() {
        let start = monotonicSeconds()
        let nextBeat = lastBeat + AgentProtocol.beat(heartbeat: heartbeat)
        let nextSearch = watched.count < expected ? lastSearch + searchInterval : nextBeat
        let pause = max(0, min(nextBeat, nextSearch) - start)
        let ready = Descriptors.ready(among: [STDIN_FILENO] + watched.keys + starts.keys, within: pause)
        let now = monotonicSeconds()
        // Time for which this process was stopped is not silence.
        let lost = now - start - pause
        if lost > heartbeat / 2 { heard += lost }
        if ready.contains(STDIN_FILENO) { listen(at: now) }
        for descriptor in ready {
            if let process = watched[descriptor] { miss(process, descriptor) }
            if let shell = starts[descriptor] { check(shell, descriptor) }
        }
        if watched.count < expected, now >= lastSearch + searchInterval { search(at: now) }
        if now >= nextBeat {
            say(.alive(ranks: watched.values.compactMap(\.rank).sorted()))
            lastBeat = now
        }
        if now - heard > 2 * heartbeat {
            say(.left)
            isLeaving = true
        }
    }

    private func listen(at now: Double) {
        guard let bytes = Descriptors.read(STDIN_FILENO) else { return }
        guard !bytes.isEmpty else {
            isLeaving = true
            return
        }
        heard = now
        for command in lines.add(bytes).compactMap(AgentCommand.init) {
            switch command {
            case .alive: break
            case .watch(let ranks):
                forgetAll()
                expected = ranks
                lastNews = now
            case .start(let command): start(command)
            case .end(let run):
                endJob()
                for note in FailureNote.all(of: job) { say(.failure(note)) }
                say(.ended(step: run.flatMap { SnapshotFile.newestWholeStep(ofRun: $0) }))
                folders.clear()
            }
        }
    }

    /// Starts Open MPI's daemon, which outlives the shell that starts it.
    private func start(_ command: String) {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        do throws(LaunchError) {
            let shell = try ChildProcess(
                ["/bin/sh", "-c", command], variables: [SupervisedJob.variable: job.id],
                streams: [null, null, STDERR_FILENO], endsWithThisThread: false)
            if let descriptor = shell.descriptor { starts[descriptor] = shell }
        } catch {
            say(.notStarted("\(error)"))
        }
    }

    private func check(_ shell: ChildProcess, _ descriptor: Int32) {
        guard let exit = shell.exit else { return }
        starts[descriptor] = nil
        if exit != .code(0) { say(.notStarted("its shell ended with exit code \(exit.code)")) }
    }

    /// Looks for ranks that have started.
    private func search(at now: Double) {
        lastSearch = now
        let known = Set(watched.values)
        for process in job.processes() where process.rank != nil && !known.contains(process) {
            let descriptor = process_descriptor(process.id)
            guard descriptor >= 0 else { continue }
            watched[descriptor] = process
            lastNews = now
        }
    }

    private func miss(_ process: JobProcess, _ descriptor: Int32) {
        watched[descriptor] = nil
        close(descriptor)
        expected = max(0, expected - 1)
        if let rank = process.rank { say(.gone(rank: rank)) }
    }

    private func forgetAll() {
        for descriptor in watched.keys { close(descriptor) }
        watched = [:]
        expected = 0
    }

    /// Ends all processes of the job on this host, and returns when they have ended.
    private func endJob() {
        let left = job.end(known: watched, within: Self.patience)
        (watched, expected) = ([:], 0)
        reapShells()
        guard !left.isEmpty else { return }
        say(.trouble("processes \(left.map { "\($0)" }.joined(separator: ", ")) do not end"))
    }

    /// Drops the shells that have started daemons, which have ended with the job.
    private func reapShells() {
        for shell in starts.values { shell.wait(seconds: 0.1) }
        starts = [:]
    }

    private func say(_ report: AgentReport) {
        do {
            try StandardStream.output.write(report.line + "\n")
        } catch {
            isLeaving = true
        }
    }
}

/// Returns the host's name by the kernel.
package func hostName() -> String {
    var names = utsname()
    guard uname(&names) == 0 else { return "unknown" }
    return withUnsafePointer(to: &names.nodename) { name in
        name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
            String(cString: $0)
        }
    }
}
