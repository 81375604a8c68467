/// Calls `add` with the pairs of the tree over shards (`Tensors/Sharding.swift`), in order: with n sums left, each of
/// the upper half is added to the one (n + 1) / 2 before it, then the same for the remaining ones, until the first is
/// the sum of all.
@inline(__always)
func forEachPair(of shards: Int, _ add: (_ target: Int, _ source: Int) -> Void) {
    var remaining = shards
    while remaining > 1 {
        let half = (remaining &+ 1) / 2
        for shard in half..<remaining { add(shard &- half, shard) }
        remaining = half
    }
}
