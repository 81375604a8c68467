/// The ranks of a job, as seen from one of them.
///
/// Every call is collective: all ranks make the same calls in the same order, with arguments of the same size unless a
/// call says otherwise. A rank makes one call at a time, from any thread; calls of `second` are independent of these.
/// Each call has a name, which messages and records show.
package protocol Communicator: AnyObject, Sendable {
    /// The number of this rank, in 0..<size.
    var rank: Int { get }
    /// The number of ranks, at least 1.
    var size: Int { get }
    /// The number of this rank among those on this machine, in 0..<localSize.
    var localRank: Int { get }
    /// The number of ranks on this machine.
    var localSize: Int { get }
    /// The record of this rank's last calls.
    var recorder: FlightRecorder { get }
    /// The second communicator: the same ranks, with an order of calls of its own, for one other thread.
    var second: any Communicator { get }
    /// The algorithm of sums. Set it on all ranks alike, while no call goes on; it holds for `second` too.
    var allReduce: AllReduce { get set }

    /// Sums each number over all ranks, in place.
    ///
    /// Every rank ends with the same bits (two NaNs may differ in payload). For a power of two of ranks these are the
    /// bits of the binary tree that `Sharding` describes: residue r meets r + P/2 first, then r + P/4, … For other P,
    /// the ranks beyond the largest power of two are first added to the lowest ones: the sum equals the tree's up to
    /// rounding. The bits do not depend on how the numbers are divided into calls.
    ///
    /// - Parameter wire: The format in which numbers are sent.
    /// - Complexity: each rank sends and receives 2 log2(P) messages, and 2 (P - 1)/P of the data. Nothing is allocated
    ///   after the first call of the largest size.
    func sum(_ values: inout MutableSpan<Float>, wire: WireFormat, as name: CollectiveName) throws(CollectiveError)
    /// Sums each number over all ranks, in place, as `sum` of floats does.
    func sum(_ values: inout MutableSpan<Double>, as name: CollectiveName) throws(CollectiveError)

    /// Overwrites the values of all ranks with those of `root`.
    func broadcast<Value: BitwiseCopyable>(
        _ values: inout MutableSpan<Value>, from root: Int, as name: CollectiveName
    ) throws(CollectiveError)

    /// Brings the bytes of all ranks, each of any length, to `root`.
    ///
    /// - Returns: On `root`, the bytes of each rank, in order of rank; elsewhere an empty array.
    func gather(_ bytes: [UInt8], to root: Int, as name: CollectiveName) throws(CollectiveError) -> [[UInt8]]

    /// Returns when all ranks have called it.
    func barrier(as name: CollectiveName) throws(CollectiveError)
}

/// The algorithm by which numbers are summed over ranks.
package enum AllReduce: String, CaseIterable, Sendable {
    /// The fixed tree (`SumTree`): the same bits for 1, 2, 4 and 8 ranks.
    case tree
    /// MPI's algorithm: its order of additions depends on the numbers of ranks and bytes. Without MPI, the tree.
    case mpi
}

extension Communicator {
    package func sum(_ values: inout MutableSpan<Float>, as name: CollectiveName = "sum") throws(CollectiveError) {
        try sum(&values, wire: .float32, as: name)
    }

    package func sum(_ values: inout MutableSpan<Double>) throws(CollectiveError) { try sum(&values, as: "sum") }

    package func broadcast<Value: BitwiseCopyable>(
        _ values: inout MutableSpan<Value>, from root: Int
    ) throws(CollectiveError) {
        try broadcast(&values, from: root, as: "broadcast")
    }

    package func gather(_ bytes: [UInt8], to root: Int) throws(CollectiveError) -> [[UInt8]] {
        try gather(bytes, to: root, as: "gather")
    }

    package func barrier() throws(CollectiveError) { try barrier(as: "barrier") }
}
