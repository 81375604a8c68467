import Checkpoints
import Files
import Foundation
import Machine
import Runs
import Tensors
import Terminal

/// A supervisor: it starts a run under mpirun. When ranks, hosts or links fail, it starts the run again on the
/// remaining ones, until the run is complete, a signal asks it to leave, or another start has no prospect.
///
/// The thread that calls `run` does everything here; it blocks only on descriptors and timers.
package final class Supervisor {
    let settings: SupervisorSettings
    let job = SupervisedJob()
    let log: SupervisorLog
    let say: (String) -> Void
    let signals: SignalInbox
    let shell: RemoteShell
    let folders: JobFolders
    let remoteStarts: RemoteStarts
    var surroundings: Surroundings
    var pool: HostPool
    var connections: [String: AgentConnection] = [:]
    /// The process of mpirun, from its start until all processes of the job have ended.
    var launcher: ChildProcess?
    var attempt = 0
    /// The hosts of the current attempt.
    var chosenHosts: [Host] = []
    /// The rank whose end was seen first since the job's last start, its host, and the time.
    var firstGone: (rank: Int, host: String, time: Double)?
    /// A host of the job that has failed since the start, and why.
    var lostHost: (name: String, reason: String)?
    /// The first signal that asked the run to save its state and end.
    var leaveSignal: Int32?
    /// The signal, a second one to end, that ends everything immediately.
    var endSignal: Int32?
    var lastBeat = 0.0

    /// - Parameters:
    ///   - say: writes a line for people.
    /// - Throws: `LaunchError`, or `RunError` where the run's folder cannot be written.
    package init(_ settings: SupervisorSettings, say: @escaping (String) -> Void) throws {
        self.settings = settings
        self.say = say
        log = try SupervisorLog(folder: settings.folder)
        OutputRelay.start()
        signals = try SignalInbox()
        folders = try JobFolders(job, host: hostName())
        remoteStarts = try RemoteStarts(job)
        shell = RemoteShell(
            agent: environmentPath("OMPI_MCA_plm_rsh_agent"), arguments: environmentPath("OMPI_MCA_plm_rsh_args"))
        let hosts = settings.hosts.isEmpty ? [Host.here(slots: settings.wish.ranks)] : settings.hosts
        pool = HostPool(hosts: hosts, spares: settings.spares, cooldown: settings.hostCooldown)
        surroundings = Surroundings.here(cores: settings.cores, hosts: settings.hosts + settings.spares)
    }

    /// - Returns: the exit code: the last job's, 1 where none could be started, 75 where the run left on request, or
    ///   128 plus the signal that ended everything.
    package func run() -> Int32 {
        defer { dismissAgents() }
        var step = newestCheckpoint
        var history = FailureHistory(limit: settings.restartLimit, firstStep: step)
        _ = wait(seconds: Self.connectPatience) { pool.isSettled }
        while true {
            if let code = recordInterruption() { return code }
            guard let choice = chooseHosts(suspects: history.suspects) else {
                if let code = recordInterruption() { return code }
                return giveUp(
                    "fewer ranks fit on the hosts that answer than --min-workers \(settings.leastRanks)",
                    history, code: history.failures.last?.exitCode ?? 1)
            }
            if attempt > 0, connections.values.contains(where: { $0.state == .ready && !$0.hasEnded }) {
                // A returned host may still run ranks of the last attempt, to be ended first, and hold the newest
                // snapshot.
                step = endJob().step
                continue
            }
            let start = monotonicSeconds()
            do {
                try startJob(choice, from: step)
            } catch {
                return giveUp("\(error)", history, code: 1)
            }
            watchJob()
            let end = endJob()
            step = end.step
            if let code = finishedCode(end, since: start) { return code }
            let failure = failure(end)
            report(failure, since: start)
            if let endSignal { return 128 + endSignal }
            if leaveSignal != nil { return leaveCode(failure) }
            switch history.add(failure) {
            case .giveUp(let cause): return giveUp("\(cause)", history, code: failure.exitCode)
            case .startAgain(let seconds):
                if seconds > 0 {
                    say("the same step failed before: starting again in \(Int(seconds)) s")
                    _ = wait(seconds: seconds) { leaveSignal != nil }
                }
            }
        }
    }

    /// Records that a signal has come while no job runs.
    ///
    /// - Returns: the exit code; nil where no signal has come.
    private func recordInterruption() -> Int32? {
        if let endSignal { return 128 + endSignal }
        guard let leaveSignal else { return nil }
        var event = SupervisorEvent(.preempted)
        event.signal = leaveSignal
        event.exitCode = ExitStatus.preempted
        record(event)
        return ExitStatus.preempted
    }

    /// Returns the exit code of a run that was asked to end. A signal that comes before the job handles it ends the job
    /// at once; there is nothing to save then.
    private func leaveCode(_ failure: Failure) -> Int32 {
        if case .signal(let number) = failure.kind, SignalInbox.asking.contains(number) { return ExitStatus.preempted }
        return failure.exitCode
    }

    private func finishedCode(_ end: JobEnd, since start: Double) -> Int32? {
        guard !end.isForced, case .code(let code) = end.exit, [0, ExitStatus.preempted].contains(code) else {
            return nil
        }
        var event = SupervisorEvent(code == 0 ? .finished : .preempted)
        event.attempt = attempt
        event.step = end.step
        event.exitCode = code
        event.signal = leaveSignal
        event.seconds = monotonicSeconds() - start
        record(event)
        if attempt > 1, code == 0 { say("the run is complete, after \(attempt) starts") }
        return code
    }

    private func giveUp(_ cause: String, _ history: FailureHistory, code: Int32) -> Int32 {
        var event = SupervisorEvent(.giveUp)
        event.attempt = attempt
        event.exitCode = code
        event.reason = cause
        record(event)
        let shown = history.failures.suffix(Self.shownFailures).map { "\n  " + $0.line }.joined()
        say("giving up: \(cause)\(history.failures.isEmpty ? "" : ". It failed:" + shown)")
        return code
    }

    /// The newest step of the checkpoints; nil where there are none.
    var newestCheckpoint: Int? {
        (try? CheckpointDirectory(path: settings.folder.checkpoints).entries())?.first?.step
    }

    /// Adds an event to the log. Where that fails the error is printed, and the event is lost.
    func record(_ event: SupervisorEvent) {
        do throws(RunError) {
            try log.append(event)
        } catch {
            say("\(error)")
        }
    }

    /// Seconds that hosts have for their first answer.
    static let connectPatience = 10.0
    private static let shownFailures = 10
}

extension Host {
    /// Returns this machine, for a job without named hosts.
    static func here(slots: Int) -> Host { Host("localhost", slots: slots) }
}
