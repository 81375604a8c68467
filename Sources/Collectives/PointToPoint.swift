package import Kernels

/// A transport on which the collectives are built: two ranks exchange bytes.
///
/// The algorithms (TreeAllReduce.swift, BroadcastAndGather.swift) are written once against this protocol. So tests
/// between threads of one process run the same code as MPI does, and the back-off policy is in one place.
package protocol PointToPoint: Communicator {
    /// Sends `outgoing` to `partner` and fills `incoming` with the partner's bytes; returns when both are done.
    ///
    /// Both sides know both sizes. A direction of no bytes sends nothing.
    func exchange(
        send outgoing: RawSpan, receive incoming: inout MutableRawSpan, with partner: Int
    ) throws(CollectiveError)

    /// Sums by an algorithm other than the tree, where one is set and available; returns whether it did.
    func librarySum<Number: Addend>(_ values: inout MutableSpan<Number>) throws(CollectiveError) -> Bool

    /// Whether short sums are shared in pairs (`SumTree.Sharing.pairs`); the same on all ranks.
    var sumsInPairs: Bool { get }
    /// The lengths of the messages of long sums; the same on all ranks.
    var sumMessages: MessageLengths { get }

    /// Which of the rank's two communicators this is.
    var line: FlightRecorder.Line { get }

    /// The memory into which the all-reduce receives; kept from call to call.
    var scratch: ReceiveScratch { get set }
}

/// Memory for one chunk of a partner's numbers, reserved when first used.
package struct ReceiveScratch {
    var floats: [Float] = []
    var doubles: [Double] = []
    /// The compressed numbers that come in, and those that go out.
    var received: [UInt16] = []
    var sent: [UInt16] = []
}

/// The most bytes of a message: so few that a received chunk is still in the cache when it is added, and so many that
/// latency hardly matters.
let chunkBytes = 4 << 20

/// The lengths of the messages in which the halves of a long sum travel, in bytes.
package struct MessageLengths: Sendable {
    /// The most bytes that go in a single message.
    let whole: Int
    /// The bytes of each message where there are several.
    let part: Int

    /// The lengths between cores without a common cache. There, sending two halves of 8 MB takes longer than sending
    /// all at once: the partner reads from memory faster than from another core's cache.
    static let usual = MessageLengths(whole: 8 << 20, part: chunkBytes)
    /// The lengths for ranks that take turns on a core: the numbers that a rank has just received must stay in the
    /// core's own cache while the other runs.
    static let crowded = MessageLengths(whole: 1 << 20, part: 1 << 20)

    /// Returns the bytes of each message but the last, for a range of `bytes`.
    func length(of bytes: Int) -> Int { bytes > whole ? part : bytes }
}

extension PointToPoint {
    package func librarySum<Number: Addend>(_ values: inout MutableSpan<Number>) throws(CollectiveError) -> Bool {
        false
    }

    /// Sends all of `bytes` to `partner`, which calls `receive` for the same number.
    func send(_ bytes: RawSpan, to partner: Int) throws(CollectiveError) {
        var nothing = MutableRawSpan()
        for start in stride(from: 0, to: bytes.byteCount, by: chunkBytes) {
            let end = Swift.min(start + chunkBytes, bytes.byteCount)
            try exchange(send: bytes.extracting(start..<end), receive: &nothing, with: partner)
        }
    }

    /// Fills `bytes` with what `partner` sends.
    func receive(_ bytes: inout MutableRawSpan, from partner: Int) throws(CollectiveError) {
        for start in stride(from: 0, to: bytes.byteCount, by: chunkBytes) {
            let end = Swift.min(start + chunkBytes, bytes.byteCount)
            var chunk = bytes._mutatingExtracting(start..<end)
            try exchange(send: RawSpan(), receive: &chunk, with: partner)
        }
    }
}
