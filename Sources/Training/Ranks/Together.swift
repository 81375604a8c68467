package import Collectives
package import Machine
import Terminal

/// A failure that all ranks know of: each has left its work, and none waits for another.
///
/// It is to be reported once, by rank 0, which has the message.
package struct SharedFailure: ErrorWithStatus, ErrorOfSeveralLines, Sendable {
    package let description: String
    package let exitStatus: Int32

    package init(_ description: String, exitStatus: Int32 = ExitStatus.failure) {
        self.description = description
        self.exitStatus = exitStatus
    }
}

/// Runs `body` on every rank; where it throws on any, throws on all.
///
/// For work that a rank does by itself while others wait for it: opening data, reading a checkpoint. Collective.
/// - Throws: `SharedFailure` with the exit status of the lowest rank that failed and, on rank 0, its message (other
///   ranks have their own or none).
package func together<Result>(
    _ communicator: any Communicator, _ body: () throws -> Result
) throws -> Result {
    var result: Result?
    // The exit status and the message; empty without a failure.
    var failure: [UInt8] = []
    do {
        result = try body()
    } catch {
        failure = [UInt8(truncatingIfNeeded: error.status)] + error.words.utf8
    }
    let failures = try communicator.sum([failure.isEmpty ? 0 : 1])[0]
    if let result, failures == 0 { return result }
    let all = try communicator.gather(failure, to: 0)
    let first = all.firstIndex { !$0.isEmpty } ?? 0
    let told = communicator.rank == 0 ? all[first] : failure
    let status = try communicator.broadcast(Int(told.first ?? 0))
    let words = String(decoding: told.dropFirst(), as: UTF8.self)
    // A rank 0 without a message has reported it already.
    let text = words.isEmpty && communicator.rank != 0 ? "another rank failed" : words
    throw SharedFailure(
        first == 0 ? text : "rank \(first)/\(communicator.size): \(text)", exitStatus: Int32(truncatingIfNeeded: status)
    )
}

extension Communicator {
    /// Returns the sums over all ranks.
    func sum(_ values: [Double]) throws -> [Double] {
        var values = values
        var span = values.mutableSpan
        try sum(&span)
        return values
    }

    /// Returns the bytes of `root` on every rank; all know how many.
    func broadcast(_ bytes: [UInt8], from root: Int = 0) throws -> [UInt8] {
        var bytes = bytes
        var span = bytes.mutableSpan
        try broadcast(&span, from: root)
        return bytes
    }

    /// Returns an integer of `root` on every rank.
    func broadcast(_ number: Int, from root: Int = 0) throws -> Int {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: UInt64(bitPattern: Int64(number)) >> (8 * $0)) }
        let sent = try broadcast(bytes, from: root)
        return Int(truncatingIfNeeded: sent.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    /// Returns the texts of `root`, by name, on every rank.
    func broadcast(_ texts: [String: String], from root: Int = 0) throws -> [String: String] {
        let own = texts.sorted { $0.key < $1.key }
        let count = try broadcast(own.count, from: root)
        var sent: [String: String] = [:]
        for index in 0..<count {
            let entry = rank == root ? own[index] : (key: "", value: "")
            let key = try broadcast(entry.key, from: root)
            sent[key] = try broadcast(entry.value, from: root)
        }
        return sent
    }

    /// Returns a text of `root` on every rank.
    func broadcast(_ text: String, from root: Int = 0) throws -> String {
        let own = Array(text.utf8)
        let count = try broadcast(own.count, from: root)
        let bytes = try broadcast(rank == root ? own : [UInt8](repeating: 0, count: count), from: root)
        return String(decoding: bytes, as: UTF8.self)
    }
}
