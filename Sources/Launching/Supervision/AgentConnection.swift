import Glibc
import Runs
import Terminal

/// A supervisor's connection to the agent on one host: it sends commands and receives reports.
final class AgentConnection {
    enum State: Hashable {
        case starting
        case ready
        /// No more reports come.
        case closed
    }

    let host: Host
    private(set) var state = State.starting
    /// The time of the last line; before the first, that of the start.
    var heard: Double
    /// The ranks alive on the host.
    private(set) var living: Set<Int> = []
    /// All ranks seen on the host since the job's last start.
    private(set) var ranks: Set<Int> = []
    /// Whether the agent has reported, since it was last asked to end the job, that nothing of it is left.
    private(set) var hasEnded = false
    /// The newest step in the host's memory, by that report.
    private(set) var savedStep: Int?
    /// The notes that failed ranks of the host have left.
    private(set) var notes: [FailureNote] = []
    /// Whether the agent ended by itself, having heard nothing for too long.
    private(set) var hasLeft = false
    /// The part of the job that could not be ended.
    private(set) var trouble: String?
    /// The last line that is not the agent's: the reason why a shell on another host has started no agent.
    private(set) var complaint = ""

    private let child: ChildProcess
    private let input: Int32
    private let output: Int32
    private let errors: Int32
    private var outputLines = LineBuffer()
    private var errorLines = LineBuffer()

    /// - Parameter call: the command that starts the agent.
    init(host: Host, call: [String], at now: Double) throws(LaunchError) {
        self.host = host
        heard = now
        var ends: [Int32] = []
        for _ in 0..<3 {
            var pair: [Int32] = [0, 0]
            guard pipe(&pair) == 0 else { throw .refused(program: call[0], reason: systemReason(errno)) }
            for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            ends += pair
        }
        do throws(LaunchError) {
            child = try ChildProcess(
                call, streams: [ends[0], ends[3], ends[5]], endsWithThisThread: false)
        } catch {
            for end in ends { close(end) }
            throw error
        }
        (input, output, errors) = (ends[1], ends[2], ends[4])
        for end in [ends[0], ends[3], ends[5]] { close(end) }
        for end in [input, output, errors] { Descriptors.doNotWait(end) }
    }

    deinit {
        for end in [input, output, errors] { close(end) }
        child.end()
        child.wait(seconds: 1)
    }

    /// The descriptors to read from; none once the connection is closed.
    var descriptors: [Int32] { state == .closed ? [] : [output, errors] }

    func say(_ command: AgentCommand) {
        switch command {
        case .alive, .start: break
        case .watch:
            living = []
            ranks = []
            notes = []
        case .end:
            hasEnded = false
            savedStep = nil
            trouble = nil
        }
        let bytes = Array((command.line + "\n").utf8)
        // An agent that does not read does not answer either, and its silence is noticed.
        _ = bytes.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
    }

    /// Reads the reports that have come, and updates the state by them.
    ///
    /// - Returns: the reports, in their order.
    func read(_ ready: Set<Int32>, at now: Double) -> [AgentReport] {
        guard state != .closed else { return [] }
        if ready.contains(errors), let bytes = Descriptors.read(errors) { note(errorLines.add(bytes)) }
        guard ready.contains(output), let bytes = Descriptors.read(output) else { return [] }
        heard = now
        guard !bytes.isEmpty else {
            // The reason may have come at the same time.
            if let bytes = Descriptors.read(errors) { note(errorLines.add(bytes)) }
            state = .closed
            return []
        }
        return outputLines.add(bytes).compactMap { line in
            guard let report = AgentReport(line) else {
                note([line])
                return nil
            }
            take(report)
            return report
        }
    }

    private func take(_ report: AgentReport) {
        switch report {
        case .ready(let version, _):
            if version == AgentProtocol.version {
                state = .ready
            } else {
                complaint = "its cnn-train is of another version"
                state = .closed
            }
        case .alive(let ranks):
            living = Set(ranks)
            self.ranks.formUnion(ranks)
        case .gone(let rank): living.remove(rank)
        case .failure(let note): notes.append(note)
        case .ended(let step): (hasEnded, savedStep) = (true, step)
        case .trouble(let words): trouble = words
        case .left: hasLeft = true
        case .notStarted: break
        }
    }

    private func note(_ lines: [String]) {
        // Lines from a terminal end in carriage returns.
        let words = lines.map { $0.filter { !$0.isNewline } }
        if let last = words.last(where: { !$0.allSatisfy(\.isWhitespace) }) { complaint = last.visible }
    }

    /// Closes the stream of commands, upon which the agent cleans up and ends.
    func hangUp() {
        // The descriptor's number stays in use until `deinit`, so that no other file gets it.
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        if null >= 0 {
            dup2(null, input)
            _ = fcntl(input, F_SETFD, FD_CLOEXEC)
            close(null)
        }
    }

    /// Waits at most `seconds` until the agent, or the shell that leads to it, has ended.
    func waitForEnd(seconds: Double) { child.wait(seconds: seconds) }
}
