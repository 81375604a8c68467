import Files
package import Foundation
import Glibc
import Terminal

/// A line of `supervisor.jsonl`: an observation or an action of a supervisor.
package struct SupervisorEvent: Hashable, Sendable {
    package enum Kind: String, Decodable, Sendable {
        /// mpirun was started.
        case start
        /// The job ended early.
        case failure
        case hostLost = "host_lost"
        case hostBack = "host_back"
        case signal
        /// The run is complete.
        case finished
        /// The run has saved its state and ended on request.
        case preempted
        case giveUp = "give_up"
    }

    package var kind: Kind
    /// The number of starts of the job so far.
    package var attempt: Int?
    package var ranks: Int?
    package var hosts: [String]?
    /// The newest saved step when the job was started.
    package var fromStep: Int?
    /// The newest saved step when the job ended.
    package var step: Int?
    /// The rank that ended first.
    package var rank: Int?
    package var host: String?
    package var exitCode: Int32?
    package var signal: Int32?
    package var reason: String?
    /// The seconds since the job was started.
    package var seconds: Double?

    package init(_ kind: Kind) {
        self.kind = kind
    }

    /// Returns the event as a JSON object on one line.
    package func json(at time: Date) -> String {
        var object = JSONLine()
        object.add("time", time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        object.add("event", kind.rawValue)
        if let attempt { object.add("attempt", attempt) }
        if let ranks { object.add("ranks", ranks) }
        if let hosts, !hosts.isEmpty { object.add("hosts", hosts) }
        if let fromStep { object.add("from_step", fromStep) }
        if let step { object.add("step", step) }
        if let rank { object.add("rank", rank) }
        if let host { object.add("host", host) }
        if let exitCode { object.add("exit_code", Int(exitCode)) }
        if let signal { object.add("signal", Int(signal)) }
        if let reason { object.add("reason", reason) }
        if let seconds { object.add("seconds", (seconds * 1000).rounded() / 1000) }
        return object.text
    }
}

extension SupervisorEvent: Decodable {
    private enum CodingKeys: String, CodingKey {
        case kind = "event"
        case fromStep = "from_step"
        case exitCode = "exit_code"
        case attempt, ranks, hosts, step, rank, host, signal, reason, seconds
    }

    private struct Time: Decodable {
        let time: String
    }

    /// Reads a line of `supervisor.jsonl`.
    ///
    /// - Returns: the event, and its time in ISO 8601; nil for a line that is torn, or of a kind that this version does
    ///   not know.
    package static func read(_ line: some Collection<UInt8>) -> (time: String, event: SupervisorEvent)? {
        let (decoder, data) = (JSONDecoder(), Data(line))
        guard let time = try? decoder.decode(Time.self, from: data).time,
            let event = try? decoder.decode(Self.self, from: data)
        else { return nil }
        return (time, event)
    }

    /// The newest saved step at the time of the event.
    package var savedStep: Int? { step ?? fromStep }

    /// The event in a sentence, for people.
    package var words: String {
        var words =
            switch kind {
            case .start: "started"
            case .failure: "ended before its time"
            case .hostLost: "a host does not answer"
            case .hostBack: "a host answers again"
            case .signal: "asked to stop"
            case .finished: "the run is complete"
            case .preempted: "saved its state and left, as it was asked to"
            case .giveUp: "given up"
            }
        if let host { words += ": \(host)" }
        var notes: [String] = []
        if let attempt { notes.append("start \(attempt)") }
        if let ranks { notes.append(ranks == 1 ? "1 rank" : "\(ranks) ranks") }
        if let hosts, !hosts.isEmpty { notes.append("on " + hosts.prefix(8).joined(separator: ", ")) }
        if let rank { notes.append("rank \(rank) first") }
        if let signal { notes.append("signal \(signal)") } else if let exitCode { notes.append("code \(exitCode)") }
        if let reason { notes.append(reason) }
        return words + (notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))")
    }
}

/// The file `supervisor.jsonl` of a run's folder, to which events are appended as they happen.
package struct SupervisorLog: Sendable {
    package let path: String

    /// - Throws: `RunError.cannotWrite` where the folder cannot be made or the file cannot be written.
    package init(folder: RunFolder) throws(RunError) {
        path = folder.events
        try RunError.writing(folder.path) { try makeFolders(folder.path) }
        try append("")
    }

    /// - Throws: `RunError.cannotWrite`
    package func append(_ event: SupervisorEvent, at time: Date = Date()) throws(RunError) {
        try append(event.json(at: time) + "\n")
    }

    private func append(_ text: String) throws(RunError) {
        let descriptor = path.withPath { open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644) }
        guard descriptor >= 0 else { throw .cannotWrite(path: path, reason: systemReason(errno)) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard bytes.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == bytes.count else {
            throw .cannotWrite(path: path, reason: systemReason(errno))
        }
    }
}
