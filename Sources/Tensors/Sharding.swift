/// The division of a global batch into virtual shards, and of shards among ranks.
///
/// The batch is cut into `shards` parts of nearly equal length whatever the number of ranks. Rank r of P owns the
/// shards r, r + P, r + 2P, …; sums over shards follow one binary tree that pairs shard s with s + V/2, then with s +
/// V/4, …. For P a power of two up to V a rank's own shards are then a whole subtree, so that the sum has the same bits
/// for every such P.
package struct Sharding: Hashable, Sendable {
    /// V, the number of virtual shards in the global batch.
    package let shards: Int
    /// P, the number of ranks.
    package let ranks: Int
    /// The number of this rank, in 0..<ranks.
    package let rank: Int
    /// Whether sums over shards have the same bits as on one rank: for a power of two of ranks, up to the number of
    /// shards.
    package let isExact: Bool

    /// The default number of shards.
    package static let defaultShards = 8

    package init(shards: Int = Sharding.defaultShards, ranks: Int = 1, rank: Int = 0) {
        precondition(
            shards > 0 && ranks > 0 && (0..<ranks).contains(rank), "rank \(rank) of \(ranks), \(shards) shards")
        // More ranks than shards: every rank still needs one to work on.
        self.shards = Swift.max(shards, ranks)
        self.ranks = ranks
        self.rank = rank
        isExact = ranks & (ranks - 1) == 0 && shards & (shards - 1) == 0 && ranks <= shards
    }

    /// The shards of this rank, in its order.
    package var ownShards: [Int] { Array(stride(from: rank, to: shards, by: ranks)) }

    /// Returns the samples of `shard` in a batch of `batchSize`: sizes differ by one at most, the longer ones first.
    package func samples(ofShard shard: Int, batchSize: Int) -> Range<Int> {
        let (size, longer) = batchSize.quotientAndRemainder(dividingBy: shards)
        let start = shard * size + Swift.min(shard, longer)
        return start..<(start + size + (shard < longer ? 1 : 0))
    }

    /// Returns this rank's shards in `count` passes, in the order of computation, each pass as if it were a rank of its
    /// own among `ranks` x `count`.
    ///
    /// For a power of two of passes, their order is that of the shards' tree: each sum is added to the one that waits
    /// for it, as a binary counter carries.
    package func passes(_ count: Int) -> [Sharding] {
        precondition(count > 0, "\(count) passes were asked for")
        let bits = count.trailingZeroBitCount
        let isPower = count & (count - 1) == 0
        return (0..<count).map { place in
            let pass = isPower ? (0..<bits).reduce(0) { $0 << 1 | place >> $1 & 1 } : place
            return Sharding(shards: shards, ranks: ranks * count, rank: rank + ranks * pass)
        }
    }

    /// Returns the samples of all `ranks` together in the pass that this rank belongs to, for a batch of `batchSize`.
    ///
    /// - Parameter ranks: the ranks of the job, fewer than this sharding's where there are several passes.
    package func samplesOfPass(ranks: Int, batchSize: Int) -> Int {
        (0..<shards).filter { $0 % self.ranks / ranks == rank / ranks }
            .reduce(0) { $0 + samples(ofShard: $1, batchSize: batchSize).count }
    }

    /// Returns the most samples that any shard of a batch of `batchSize` has.
    package func capacity(batchSize: Int) -> Int { (batchSize + shards - 1) / shards }
}
