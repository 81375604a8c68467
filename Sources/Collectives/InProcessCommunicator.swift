import Foundation
import Synchronization

/// A rank as a thread of this process: for tests, and as a world of one without MPI.
///
/// Unchecked: `scratch` is covered by the contract that a communicator makes one call at a time; the rest is immutable.
package final class InProcessCommunicator: PointToPoint, @unchecked Sendable {
    package let rank: Int
    package var size: Int { group.size }
    package var localRank: Int { rank }
    package var localSize: Int { size }
    package var sumsInPairs: Bool { group.areCrowded }
    package var sumMessages: MessageLengths { group.areCrowded ? .crowded : .usual }
    package let recorder: FlightRecorder
    package var second: any Communicator { secondCommunicator ?? self }
    package let line: FlightRecorder.Line
    package var scratch = ReceiveScratch()
    /// The algorithm that was asked for. Without MPI it has no effect: sums go along the tree.
    package var allReduce: AllReduce {
        get { group.allReduce.withLock(\.self) }
        set { group.allReduce.withLock { $0 = newValue } }
    }

    private let group: Group
    private let secondCommunicator: InProcessCommunicator?

    /// A world of one rank.
    package convenience init() {
        self.init(rank: 0, of: Group(size: 1, areCrowded: false))
    }

    private convenience init(rank: Int, of group: Group) {
        let recorder = FlightRecorder()
        let second = InProcessCommunicator(rank, group, recorder, .second, secondCommunicator: nil)
        self.init(rank, group, recorder, .main, secondCommunicator: second)
    }

    private init(
        _ rank: Int, _ group: Group, _ recorder: FlightRecorder, _ line: FlightRecorder.Line,
        secondCommunicator: InProcessCommunicator?
    ) {
        self.rank = rank
        self.group = group
        self.recorder = recorder
        self.line = line
        self.secondCommunicator = secondCommunicator
    }

    /// The control channel for messages between watchdogs.
    var control: any ControlChannel { InProcessControlChannel(rank: rank, group: group) }

    /// Runs `body` on `ranks` threads, each with its own communicator, and waits for all of them.
    ///
    /// - Parameter areCrowded: Whether to sum as ranks that outnumber cores do.
    /// - Returns: What each rank's `body` returned, in order of rank.
    /// - Throws: The error of the rank that failed first; the others' waiting ends with `CollectiveError.peerFailed`.
    package static func run<Value: Sendable>(
        ranks: Int, areCrowded: Bool = false, _ body: @escaping @Sendable (any Communicator) throws -> Value
    ) throws -> [Value] {
        let group = Group(size: ranks, areCrowded: areCrowded)
        let results = Mutex<[Value?]>(Array(repeating: nil, count: ranks))
        withThreads(count: ranks) { rank in
            do {
                let value = try body(InProcessCommunicator(rank: rank, of: group))
                results.withLock { $0[rank] = value }
            } catch {
                group.fail(rank: rank, error)
            }
        }
        if let failure = group.failure { throw failure.error }
        return results.withLock { $0.compactMap(\.self) }
    }

    package func exchange(
        send outgoing: RawSpan, receive incoming: inout MutableRawSpan, with partner: Int
    ) throws(CollectiveError) {
        if !outgoing.isEmpty {
            let message = outgoing.withUnsafeBytes { [UInt8]($0) }
            group.mailbox(from: rank, to: partner, box).withLock { $0.append(message) }
        }
        guard !incoming.isEmpty else { return }
        let message = try nextMessage(from: partner)
        guard message.count == incoming.byteCount else {
            throw .outOfStep(
                rank: rank, partner: partner, expectedBytes: incoming.byteCount, foundBytes: message.count)
        }
        incoming.withUnsafeMutableBytes { $0.copyBytes(from: message) }
    }

    private var box: Group.Box { line == .main ? .main : .second }

    private func nextMessage(from partner: Int) throws(CollectiveError) -> [UInt8] {
        var backoff = Backoff(.polite)
        while true {
            let message = group.mailbox(from: partner, to: rank, box).withLock { $0.isEmpty ? nil : $0.removeFirst() }
            if let message { return message }
            if let failure = group.failure { throw .peerFailed(rank: rank, failed: failure.rank) }
            backoff.pause()
        }
    }
}

/// The state that the ranks of one in-process job share.
private final class Group: Sendable {
    /// Messages in transit, oldest first.
    final class Mailbox: Sendable {
        private let messages = Mutex<[[UInt8]]>([])

        func withLock<Result: Sendable>(_ body: (inout [[UInt8]]) -> Result) -> Result {
            messages.withLock { body(&$0) }
        }
    }

    /// The communicator or control channel that a message belongs to.
    enum Box: Int, CaseIterable { case main, second, control }

    let size: Int
    let areCrowded: Bool
    let allReduce = Mutex(AllReduce.tree)
    private let mailboxes: [Mailbox]
    private let firstFailure = Mutex<(rank: Int, error: any Error)?>(nil)

    init(size: Int, areCrowded: Bool) {
        precondition(size > 0, "a group of \(size) ranks was asked for")
        self.size = size
        self.areCrowded = areCrowded
        self.mailboxes = (0..<size * size * Box.allCases.count).map { _ in Mailbox() }
    }

    func mailbox(from sender: Int, to receiver: Int, _ box: Box) -> Mailbox {
        mailboxes[(box.rawValue * size + sender) * size + receiver]
    }

    var failure: (rank: Int, error: any Error)? { firstFailure.withLock { $0 } }

    func fail(rank: Int, _ error: any Error) {
        firstFailure.withLock { if $0 == nil { $0 = (rank, error) } }
    }
}

private struct InProcessControlChannel: ControlChannel {
    let rank: Int
    let group: Group
    var size: Int { group.size }

    func send(_ bytes: [UInt8], to partner: Int) {
        group.mailbox(from: rank, to: partner, .control).withLock { $0.append(bytes) }
    }

    func next() -> (sender: Int, bytes: [UInt8])? {
        for sender in 0..<size {
            let message = group.mailbox(from: sender, to: rank, .control).withLock {
                $0.isEmpty ? nil : $0.removeFirst()
            }
            if let message { return (sender, message) }
        }
        return nil
    }
}

/// Runs `body` on `count` threads at once and waits for all of them. (`concurrentPerform` would run only as many as
/// there are cores, and ranks wait for each other.)
private func withThreads(count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let pending = DispatchGroup()
    for index in 0..<count {
        pending.enter()
        let thread = Thread {
            body(index)
            pending.leave()
        }
        thread.stackSize = 8 << 20
        thread.start()
    }
    pending.wait()
}
