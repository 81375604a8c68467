internal import KernelInterface

/// The order in which a sum along the tree over shards (`Tensors/Sharding.swift`) needs the fewest buffers for waiting
/// sums.
///
/// With n shards left, the tree adds to each of the first (n + 1) / 2 the shard that many places further on, then
/// continues with those. Here each subtree is finished before its partner begins.
struct ShardTree {
    private(set) var schedule: [ShardSumStep] = []
    /// The most sums that exist at once.
    private(set) var buffers = 0

    init(_ shards: Int) {
        // The numbers of shards left after each halving.
        var left = [shards]
        while let last = left.last, last > 1 { left.append((last + 1) / 2) }
        visit(root: 0, level: left.count - 1, left)
        var waiting = 0
        for step in schedule {
            buffers = max(buffers, waiting + 1)
            waiting += 1 - step.merges
        }
    }

    private mutating func visit(root: Int, level: Int, _ left: [Int]) {
        guard level > 0 else { return schedule.append(ShardSumStep(shard: root, merges: 0)) }
        visit(root: root, level: level - 1, left)
        let partner = root + left[level]
        guard partner < left[level - 1] else { return }
        visit(root: partner, level: level - 1, left)
        schedule[schedule.count - 1].merges += 1
    }
}
