/// Calls `add` with the pairs of the tree over shards (`Tensors/Sharding.swift`), in order: each of the upper half is
/// added to the one that lies half of all before it, then the same among those that are left, until the first is all.
@inline(__always)
func forEachPair(of shards: Int, _ add: (_ target: Int, _ source: Int) -> Void) {
    var remaining = shards
    while remaining > 1 {
        let half = (remaining &+ 1) / 2
        for shard in half..<remaining { add(shard &- half, shard) }
        remaining = half
    }
}
