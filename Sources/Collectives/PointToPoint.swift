/// All that the collectives need from a transport: two ranks trade bytes.
///
/// The algorithms (TreeAllReduce.swift, BroadcastAndGather.swift) are written once against this, so that what is tested
/// between threads of one process is what runs over MPI, and so that waiting is done in one place, politely.
package protocol PointToPoint: Communicator {
    /// Sends `outgoing` to `partner` while it fills `incoming` with what the partner sends; returns when both are done.
    ///
    /// Both sides know both sizes. A direction of no bytes sends nothing.
    func exchange(
        send outgoing: RawSpan, receive incoming: inout MutableRawSpan, with partner: Int
    ) throws(CollectiveError)

    /// Sums by other means than the tree, where those are asked for and there are any; says whether it did.
    func librarySum(_ values: inout MutableSpan<Float>) throws(CollectiveError) -> Bool
    /// As for `Float`.
    func librarySum(_ values: inout MutableSpan<Double>) throws(CollectiveError) -> Bool

    /// How short sums are shared (`SumTree.Sharing.pairs`); all ranks have the same answer.
    var sumsInPairs: Bool { get }
    /// How long sums are cut; all ranks have the same answer.
    var sumMessages: MessageLengths { get }

    /// Which of the rank's two lines this is.
    var line: FlightRecorder.Line { get }

    /// Where the all-reduce receives; kept from call to call.
    var scratch: ReceiveScratch { get set }
}

/// Room for one chunk of a partner's numbers, reserved when first used.
package struct ReceiveScratch {
    var floats: [Float] = []
    var doubles: [Double] = []
    /// Of compressed numbers: what comes in, and what goes out.
    var received: [UInt16] = []
    var sent: [UInt16] = []
}

/// The bytes of one message of many. Small enough that a received chunk is still in the cache when it is added, large
/// enough that latency is lost in it.
let chunkBytes = 4 << 20

/// In how long messages the halves of a long sum travel, in bytes.
package struct MessageLengths: Sendable {
    /// What goes in one message, if it is all.
    let whole: Int
    /// What goes in each of several.
    let part: Int

    /// Between cores without a common cache two halves of 8 MB take longer than all: the partner reads from memory faster than from the
    /// cache of another core.
    static let usual = MessageLengths(whole: 8 << 20, part: chunkBytes)
    /// Where ranks take turns on a core, so that what a rank has just received must outlast the other's turn in the core's own cache.
    static let crowded = MessageLengths(whole: 1 << 20, part: 1 << 20)

    /// That of each message, the last one's apart, where `bytes` are to be sent.
    func length(of bytes: Int) -> Int { bytes > whole ? part : bytes }
}

extension PointToPoint {
    package func librarySum(_ values: inout MutableSpan<Float>) throws(CollectiveError) -> Bool { false }
    package func librarySum(_ values: inout MutableSpan<Double>) throws(CollectiveError) -> Bool { false }

    /// Sends all of `bytes` to `partner`, who calls `receive` for as many.
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
