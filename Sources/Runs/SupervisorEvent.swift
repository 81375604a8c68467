import Files
package import Foundation
import Glibc
import Terminal

/// A line of `supervisor.jsonl`: an observation or an action of a supervisor.
package struct SupervisorEvent: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// mpirun was started.
        case start
        /// The job ended before its time.
        case failure
        case hostLost = "host_lost"
        case hostBack = "host_back"
        case signal
        /// The run is complete.
        case finished
        /// The run has saved its state and left, as it was asked to.
        case preempted
        case giveUp = "give_up"
    }

    package var kind: Kind
    /// Starts of the job so far.
    package var attempt: Int?
    package var ranks: Int?
    package var hosts: [String] = []
    /// The newest step that was saved when the job was started.
    package var fromStep: Int?
    /// The newest step that was saved when the job ended.
    package var step: Int?
    /// The rank that ended first.
    package var rank: Int?
    package var host: String?
    package var exitCode: Int32?
    package var signal: Int32?
    package var reason: String?
    /// Since the job was started.
    package var seconds: Double?

    package init(_ kind: Kind) {
        self.kind = kind
    }

    /// The event as a JSON object on one line.
    package func json(at time: Date) -> String {
        var object = JSONLine()
        object.add("time", time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        object.add("event", kind.rawValue)
        if let attempt { object.add("attempt", attempt) }
        if let ranks { object.add("ranks", ranks) }
        if !hosts.isEmpty { object.add("hosts", hosts) }
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

/// The file `supervisor.jsonl` of a run's folder, to which each event is appended as it happens.
package struct SupervisorLog: Sendable {
    package let path: String

    /// - Throws: `RunError.cannotWrite` where the folder cannot be made or the file not be written.
    package init(folder: RunFolder) throws(RunError) {
        path = folder.events
        do throws(FileError) {
            try makeFolders(folder.path)
        } catch {
            throw .cannotWrite(path: folder.path, reason: error.reason)
        }
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
