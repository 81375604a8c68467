import Foundation
package import Runs

/// The protocol between a supervisor and the agents on its hosts: one line a message, in both directions.
package enum AgentProtocol {
    /// The version, which grows with each change of the protocol: both ends are the same program, but perhaps of
    /// different versions.
    static let version = 2
    /// The most bytes of a line.
    static let longestLine = 1 << 15

    /// Returns the seconds between two signs of life.
    static func beat(heartbeat: Double) -> Double { min(heartbeat / 4, 0.25) }
}

/// A message to an agent.
package enum AgentCommand: Hashable, Sendable {
    /// The supervisor is alive.
    case alive
    /// `ranks` ranks are about to start on this host.
    case watch(ranks: Int)
    /// A shell command that starts Open MPI's daemon on this host.
    case start(String)
    /// The job's processes on this host are to end now. `run` is the run whose memory snapshots the agent looks for.
    case end(run: String?)

    package var line: String {
        switch self {
        case .alive: "alive"
        case .watch(let ranks): "watch \(ranks)"
        case .start(let command): "start \(command)"
        case .end(let run): "end \(run ?? "-")"
        }
    }

    /// Parses a line of the protocol; nil for other lines.
    package init?(_ line: some StringProtocol) {
        let (name, rest) = line.firstWord
        if name == "start", !rest.isEmpty {
            self = .start(rest)
            return
        }
        let words = line.split(separator: " ")
        switch (words.first, words.count) {
        case ("alive", 1): self = .alive
        case ("watch", 2):
            guard let ranks = Int(words[1]), ranks >= 0 else { return nil }
            self = .watch(ranks: ranks)
        case ("end", 2): self = .end(run: words[1] == "-" ? nil : String(words[1]))
        default: return nil
        }
    }
}

/// A message from an agent.
package enum AgentReport: Hashable, Sendable {
    /// The agent has started on this host.
    case ready(version: Int, host: String)
    /// The agent is alive, and so are these ranks.
    case alive(ranks: [Int])
    case gone(rank: Int)
    /// Open MPI's daemon has not started on this host.
    case notStarted(String)
    /// A rank of this host has ended by an error.
    case failure(FailureNote)
    /// No process of the job is left on this host. `step` is the newest step that a memory snapshot has whole.
    case ended(step: Int?)
    /// Some process of the job could not be ended.
    case trouble(String)
    /// The agent has heard nothing for too long, has ended the ranks that it watched, and ends itself.
    case left

    package var line: String {
        switch self {
        case .ready(let version, let host): "ready \(version) \(host)"
        case .alive(let ranks): (["alive"] + ranks.map(String.init)).joined(separator: " ")
        case .gone(let rank): "gone \(rank)"
        case .notStarted(let words): "not-started \(words.onOneLine)"
        case .failure(let note):
            "failure " + ((try? JSONEncoder().encode(note)).map { String(decoding: $0, as: UTF8.self) } ?? "{}")
        case .ended(let step): "ended \(step.map(String.init) ?? "-")"
        case .trouble(let words): "trouble \(words.onOneLine)"
        case .left: "left"
        }
    }

    /// Parses a line of the protocol; nil for other lines, such as a login shell's output.
    package init?(_ line: some StringProtocol) {
        let (name, rest) = line.firstWord
        let words = rest.split(separator: " ")
        switch name {
        case "ready":
            guard words.count == 2, let version = Int(words[0]) else { return nil }
            self = .ready(version: version, host: String(words[1]))
        case "alive":
            let ranks = words.compactMap { Int($0) }
            guard ranks.count == words.count else { return nil }
            self = .alive(ranks: ranks)
        case "gone":
            guard words.count == 1, let rank = Int(words[0]) else { return nil }
            self = .gone(rank: rank)
        case "not-started": self = .notStarted(rest)
        case "failure":
            guard let note = try? JSONDecoder().decode(FailureNote.self, from: Data(rest.utf8)) else { return nil }
            self = .failure(note)
        case "ended":
            guard words.count == 1, words[0] == "-" || Int(words[0]) != nil else { return nil }
            self = .ended(step: Int(words[0]))
        case "trouble": self = .trouble(String(rest))
        case "left" where words.isEmpty: self = .left
        default: return nil
        }
    }
}

extension StringProtocol {
    fileprivate var onOneLine: String { split(separator: "\n").joined(separator: " ") }

    fileprivate var firstWord: (name: String, rest: String) {
        guard let space = firstIndex(of: " ") else { return (String(self), "") }
        return (String(self[..<space]), String(self[index(after: space)...]))
    }
}

/// A buffer that makes lines of bytes that come in pieces.
struct LineBuffer {
    private var rest: [UInt8] = []

    /// Adds bytes and returns the lines that are complete now. A line longer than any message loses its beginning.
    mutating func add(_ bytes: some Sequence<UInt8>) -> [String] {
        rest += bytes
        var lines: [String] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(String(decoding: rest[..<end], as: UTF8.self))
            rest.removeSubrange(...end)
        }
        if rest.count > AgentProtocol.longestLine { rest.removeFirst(rest.count - AgentProtocol.longestLine) }
        return lines
    }
}
