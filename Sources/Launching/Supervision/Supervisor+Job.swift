import Foundation
import Machine
import Recipes
import Runs
import Tensors

/// The end of a job, and the state that it has left.
struct JobEnd {
    /// The end of mpirun; nil where it has not ended.
    var exit: ChildProcess.Exit?
    /// Whether the supervisor ended the job, because a host or rank was gone.
    var isForced: Bool
    /// The newest step saved in a checkpoint or in a host's memory.
    var step: Int?
    var notes: [(note: FailureNote, host: String)]
}

extension FailureNote {
    /// The rank that the words name at their beginning, where rank 0 reports for another, else the rank that left the
    /// note.
    var failedRank: Int {
        guard words.hasPrefix("rank "), let slash = words.firstIndex(of: "/") else { return rank }
        return Int(words[..<slash].dropFirst("rank ".count)) ?? rank
    }
}

extension Supervisor {
    /// The seconds that mpirun may take to return after a rank has ended while others live.
    private static let launcherPatience = 1.0
    /// The seconds that mpirun may take once all ranks have ended.
    private static let lastPatience = 3.0
    /// The seconds that agents may take to end the remaining processes of a job.
    private static let endPatience = 2.5

    /// Starts the job on the chosen hosts.
    ///
    /// - Throws: `LaunchError`
    func startJob(_ choice: RankChoice, from step: Int?) throws {
        attempt += 1
        chosenHosts = choice.hosts
        firstGone = nil
        lostHost = nil
        let plan = try LaunchPlan(
            ranks: choice.ranks, machines: try machines(choice), surroundings: surroundings, job: job,
            remoteShell: remoteShell)
        let call = plan.call(of: settings.program, settings.command.words(goesOn: goesOn(from: step)))
        for (name, ranks) in choice.ranksByHost { connections[name]?.say(.watch(ranks: ranks)) }
        let hosts = choice.hosts.map(\.name).joined(separator: ", ")
        say(
            attempt == 1
                ? LaunchPlan.shellWords(call)
                : "start \(attempt): \(choice.ranks) rank\(choice.ranks == 1 ? "" : "s") on \(hosts)")
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(null) }
        var variables = [SupervisedJob.variable: job.id]
        // Swift's stack trace takes two seconds, and Open MPI shows one too.
        if getenv(Surroundings.stackVariable) == nil { variables[Surroundings.stackVariable] = "enable=no" }
        launcher = try ChildProcess(
            call, variables: variables, streams: [null, STDOUT_FILENO, STDERR_FILENO],
            endsWithThisThread: true)
        var event = SupervisorEvent(.start)
        event.attempt = attempt
        event.ranks = choice.ranks
        event.hosts = choice.hosts.map(\.name)
        event.fromStep = step
        record(event)
    }

    /// The words by which mpirun starts its daemons on other hosts; nil for mpirun's own way, where a space in the
    /// program's path would split the words.
    private var remoteShell: String? {
        settings.program.contains(where: \.isWhitespace) ? nil : "\(settings.program) host-shell \(job.id)"
    }

    /// Whether the run resumes from its own saved state. A run that branches off another's checkpoint, and has saved
    /// nothing yet, begins again from that checkpoint.
    private func goesOn(from step: Int?) -> Bool {
        guard attempt > 1 else { return false }
        guard case Recipe.Resume.from = settings.resume, step == nil else { return true }
        settings.folder.removeBeginning()
        return false
    }

    /// Returns the machines in mpirun's form.
    private func machines(_ choice: RankChoice) throws -> LaunchPlan.Machines {
        if settings.hosts.isEmpty { return .here }
        let list = HostList(choice.hosts)
        guard choice.hosts.contains(where: { $0.name.contains("@") }) else { return .hosts(list) }
        // mpirun accepts users only in hostfiles.
        let path = job.sessionFolder + "/hosts"
        let text = choice.hosts.map { "\($0.name) slots=\($0.slots ?? 1)\n" }.joined()
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
            throw LaunchError.noJobFolder(path: path, reason: "the file cannot be written")
        }
        return .hostfile(path: path, list)
    }

    /// Returns when mpirun has, or when the job cannot go on.
    func watchJob() {
        while launcher?.exit == nil, lostHost == nil, endSignal == nil {
            var deadline = Double.infinity
            if let firstGone {
                let patience = livingRanks == 0 ? Self.lastPatience : Self.launcherPatience
                deadline = firstGone.time + patience
                if monotonicSeconds() >= deadline { return }
            }
            turn(until: deadline)
        }
    }

    private var livingRanks: Int { chosenHosts.reduce(0) { $0 + (connections[$1.name]?.living.count ?? 0) } }

    /// Ends the remaining processes of the job on all hosts, and determines its newest saved step. Hosts that do not
    /// end them count as failed.
    func endJob() -> JobEnd {
        let isForced = launcher?.exit == nil
        if isForced { launcher?.end() }
        let run = RunIdentity(of: settings.folder)?.text
        let asked = connections.values.filter { $0.state == .ready }
        for connection in asked { connection.say(.end(run: run)) }
        let deadline = monotonicSeconds() + Self.endPatience
        while monotonicSeconds() < deadline, asked.contains(where: { $0.state == .ready && !$0.hasEnded }) {
            turn(until: deadline)
        }
        for connection in asked where connection.state == .ready {
            if let trouble = connection.trouble { lose(connection, "there, \(trouble)") }
            if !connection.hasEnded { lose(connection, "its agent does not end the job's processes") }
        }
        launcher?.wait(seconds: 1)
        let exit = launcher?.exit
        launcher = nil
        let steps = asked.compactMap(\.savedStep) + [newestCheckpoint].compactMap(\.self)
        return JobEnd(
            exit: exit, isForced: isForced, step: steps.max(),
            notes: asked.flatMap { connection in connection.notes.map { ($0, connection.host.name) } })
    }

    /// Returns the failure that explains an end.
    func failure(_ end: JobEnd) -> Failure {
        var failure = Failure(.launcher, attempt: attempt, step: end.step, exitCode: end.exit?.code ?? 1, reason: "")
        failure.rank = firstGone?.rank
        failure.host = firstGone?.host
        let place = firstGone.map { "rank \($0.rank) on \($0.host)" } ?? "a rank"
        let shared = end.notes.first.map { ": rank \($0.note.rank): \($0.note.words)" } ?? ""
        if let lostHost {
            (failure.kind, failure.host, failure.rank) = (.hostLost, lostHost.name, nil)
            failure.exitCode = ExitStatus.collectiveTimeout
            failure.reason = "\(lostHost.name): \(lostHost.reason)"
        } else if end.isForced {
            failure.kind = .silence
            failure.exitCode = ExitStatus.collectiveTimeout
            failure.reason = endSignal == nil ? "\(place) is gone, and mpirun does not return" : "it was ended"
        } else if case .signal(let number) = end.exit {
            failure.reason = "mpirun was ended by \(signalWords(number))"
        } else if failure.exitCode > 128, failure.exitCode < 128 + 65 {
            failure.kind = .signal(failure.exitCode - 128)
            failure.reason = "\(place) was ended by \(signalWords(failure.exitCode - 128))"
        } else if failure.exitCode == ExitStatus.collectiveTimeout {
            failure.kind = .silence
            failure.reason = "ranks waited for others in vain" + shared
        } else if let (note, host) = end.notes.first(where: { $0.note.isOwn }) {
            let rank = note.failedRank
            (failure.kind, failure.rank) = (.own, rank)
            failure.host = connections.values.first { $0.ranks.contains(rank) }?.host.name ?? host
            failure.reason = rank == note.rank ? "rank \(rank): \(note.words)" : note.words
        } else {
            failure.reason = "mpirun ended with exit code \(failure.exitCode)" + shared
        }
        failure.reason = failure.reason.split(separator: "\n").joined(separator: " ")
        return failure
    }

    func report(_ failure: Failure, since start: Double) {
        var event = SupervisorEvent(.failure)
        event.attempt = failure.attempt
        event.step = failure.step
        event.rank = failure.rank
        event.host = failure.host
        event.exitCode = failure.exitCode
        if case .signal(let number) = failure.kind { event.signal = number }
        event.reason = failure.reason
        event.seconds = monotonicSeconds() - start
        record(event)
        let saved = failure.step.map { "step \($0) is saved" } ?? "no step is saved yet"
        say("\(failure.reason); \(saved)")
    }
}
