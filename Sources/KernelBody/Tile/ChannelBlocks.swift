// Packed weights, and squares and matrices that are packed like them, are blocks of 32 lanes (`WeightLayout`).

/// Lanes of a block: `WeightLayout.block`, to which the table holds it. From another module it would be a call in each
/// K iteration, which takes half of the speed.
@inline(__always) var blockLanes: Int { 32 }

/// Returns the blocks that hold some lanes.
@inline(__always) func blockCount(_ lanes: Int) -> Int { (lanes &+ blockLanes &- 1) / blockLanes }

/// Returns the block of a lane, which is not negative.
@inline(__always) func blockIndex(_ lane: Int) -> Int { lane >> blockLanes.trailingZeroBitCount }

/// Returns the place of a lane in its block.
@inline(__always) func laneInBlock(_ lane: Int) -> Int { lane & (blockLanes &- 1) }
