/// The ranks of a job, as seen from one of them.
///
/// Every call is collective: all ranks make the same calls in the same order, with arguments of the same size where
/// nothing else is said. A rank makes one call at a time, from whichever thread.
package protocol Communicator: AnyObject, Sendable {
    /// Which of the ranks this is, in 0..<size.
    var rank: Int { get }
    /// How many ranks there are, at least 1.
    var size: Int { get }
    /// Which of the ranks on this machine this is, in 0..<localSize.
    var localRank: Int { get }
    /// How many of the ranks are on this machine.
    var localSize: Int { get }

    /// Sums each number over all ranks, in place.
    ///
    /// Every rank ends with the same bits (two NaNs may differ in payload). For a power of two of ranks these are the
    /// bits of the binary tree that `Sharding` describes: residue r meets r + P/2 first, then r + P/4, …; for other P
    /// the ranks beyond the largest power of two are added to the first ones beforehand, so that the sum equals the
    /// tree's up to rounding.
    ///
    /// - Complexity: 2 log2(P) messages and 2 (P - 1)/P of the data each way a rank. Nothing is allocated after the
    ///   first call of the largest size.
    func sum(_ values: inout MutableSpan<Float>) throws(CollectiveError)
    /// As for `Float`.
    func sum(_ values: inout MutableSpan<Double>) throws(CollectiveError)

    /// Overwrites the values of all ranks with those of `root`.
    func broadcast(_ values: inout MutableSpan<Float>, from root: Int) throws(CollectiveError)
    /// Overwrites the bytes of all ranks with those of `root`.
    func broadcast(_ bytes: inout MutableSpan<UInt8>, from root: Int) throws(CollectiveError)

    /// Brings the bytes of all ranks, each of any length, to `root`.
    ///
    /// - Returns: On `root`, what each rank gave, in order of rank; elsewhere an empty array.
    func gather(_ bytes: [UInt8], to root: Int) throws(CollectiveError) -> [[UInt8]]

    /// Returns when all ranks have called it.
    func barrier() throws(CollectiveError)
}
