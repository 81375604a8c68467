import KernelInterface

// The weight gradient of `Winograd.swift`'s convolution, which is linear in the weights:
//
//   dg = G' [ sum over patches of (B' d B) * (A dY A') ] G
//
// For each element of a transformed tile the register tile sums over a shard's patches, as it sums over pixels in
// `WeightGradient.swift`. Each weight is one chain, in the order sample, row, column. Shards are summed as dg, not in
// the transform domain, so that ranks can go on with it.

func winogradWeightGradient(_ arguments: UnsafePointer<WeightGradientArguments>, _ task: Int, _ worker: Int) {
    let share = WeightShare(arguments, task: task)
    if arguments.pointee.patches?.form == .stride2 {
        sumShare(PatchSum<WinogradStride2>.self, arguments, share, worker: worker)
    } else {
        sumShare(PatchSum<WinogradF4x4>.self, arguments, share, worker: worker)
    }
}

/// A share's sums over one shard, one block of rows of patches after the other: some rows of a sample, or some whole
/// samples.
private enum PatchSum<Transform: WinogradGradientTransform>: ShardSum {
    static func sum(
        _ arguments: UnsafePointer<WeightGradientArguments>, _ share: WeightShare, shard: Int,
        scratch: UnsafeMutablePointer<Float>, to sums: UnsafeMutablePointer<Float>
    ) {
        guard let patches = arguments.pointee.patches else { return }
        let firstSlot = shard &* arguments.pointee.batch.shardCapacity
        let endSlot = firstSlot &+ arguments.pointee.batch.shardSizes[shard]
        if endSlot == firstSlot { return zeroFloats(arguments.pointee.taskSums, at: sums) }
        let tileElementSums = arguments.pointee.inputsPerTask &* arguments.pointee.lanesPerTask
        let (mostRows, mostSamples) = (arguments.pointee.rowsPerBlock, arguments.pointee.samplesPerBlock)
        let isOneRowBlock = mostRows == patches.rows && mostSamples >= endSlot &- firstSlot
        // Lanes that no tile writes: the second half of the last block.
        if laneInBlock(share.lanes.upperBound) != 0 {
            if isOneRowBlock {
                zeroFloats(arguments.pointee.taskSums, at: sums)
            } else {
                zeroFloats(Transform.tileElements &* tileElementSums, at: scratch)
            }
        }
        var slot = firstSlot
        while slot < endSlot {
            let samples = min(mostSamples, endSlot &- slot)
            var row = 0
            while row < patches.rows {
                let rows = min(mostRows, patches.rows &- row)
                let job = transform(
                    arguments, patches, share, slots: slot..<(slot &+ samples), rows: row..<(row &+ rows),
                    isFirst: slot == firstSlot && row == 0, behind: tileElementSums, scratch)
                if isOneRowBlock {
                    return sumAndTransform(
                        Transform.self, job, share, xStride: patches.sourceStride, dyStride: patches.outputStride,
                        tapStride: arguments.pointee.inputsPerTask &* blockLanes, to: sums)
                }
                sumTileElements(
                    Transform.self, job, share, xStride: patches.sourceStride, dyStride: patches.outputStride,
                    sumsStride: tileElementSums, blockStride: arguments.pointee.inputsPerTask &* blockLanes)
                row &+= rows
            }
            slot &+= samples
        }
        transformSums(
            Transform.self, share, inputsPerTask: arguments.pointee.inputsPerTask, from: scratch,
            stride: tileElementSums,
            to: sums)
    }

    /// Transforms a row block's patches of x and dy into the memory after the sums of the transform domain.
    ///
    /// - Returns: their products, summed at `scratch`.
    @inline(__always)
    private static func transform(
        _ arguments: UnsafePointer<WeightGradientArguments>, _ patches: WinogradPatches, _ share: WeightShare,
        slots: Range<Int>, rows: Range<Int>, isFirst: Bool, behind tileElementSums: Int,
        _ scratch: UnsafeMutablePointer<Float>
    ) -> OuterJob {
        var (source, window) = (arguments.pointee.source, arguments.pointee.window)
        source.take(lanes: share.inputs)
        window.prologue?.drop(lanes: share.inputs.lowerBound)
        let copy = scratch + Transform.tileElements &* tileElementSums
        let x = copy + arguments.pointee.packedSource
        let dy = x + Transform.tileElements &* patches.sourceStride
        let count = slots.count &* rows.count &* patches.columns
        var end = x
        for slot in slots {
            end = transformRowBlock(
                Transform.self, source, slot: slot, row: rows.lowerBound, rows: rows.count, columns: patches.columns,
                tileElementStride: patches.sourceStride, window: window, copy: copy, to: end)
        }
        forEachTile(share.lanes) { lane, isWide in
            transformGradient(
                Transform.self, arguments.pointee.outputGradient, slots: slots, rows: rows, columns: patches.columns,
                lane: lane, isWide: isWide, to: dy + (lane &- share.lanes.lowerBound) &* count,
                tileElementStride: patches.outputStride)
        }
        return OuterJob(
            x: UnsafePointer(x), xStride: 1, xStep: window.pixelStride, xRowStep: 0, xSampleStep: 0,
            gradient: UnsafePointer(dy), samples: 1, rows: 1, columns: count, sums: scratch, isFirst: isFirst,
            sourcePrefetch: Prefetch(nothingAt: UnsafePointer(x)),
            gradientPrefetch: Prefetch(nothingAt: UnsafePointer(x)))
    }
}

/// For each element of a transformed tile: sums[input][lane] += sum over patches of x[patch][input] * dy[patch][lane].
@inline(__always)
private func sumTileElements<Transform: WinogradGradientTransform>(
    _ transform: Transform.Type, _ rowBlock: OuterJob, _ share: WeightShare, xStride: Int, dyStride: Int,
    sumsStride: Int,
    blockStride: Int
) {
    var job = rowBlock
    for tileElement in 0..<Transform.tileElements {
        forEachTile(0..<share.lanes.count) { lane, isWide in
            job.x = rowBlock.x + tileElement &* xStride
            job.gradient = rowBlock.gradient + (tileElement &* dyStride &+ lane &* rowBlock.columns)
            job.sums =
                rowBlock.sums + (tileElement &* sumsStride &+ blockIndex(lane) &* blockStride &+ laneInBlock(lane))
            var remaining = share.inputs.count
            var tiles = tileCount(remaining)
            while tiles > 0 {
                let height = nextHeight(remaining, tiles: tiles)
                SumPixels<Broadcast>.run(height: height, isWide: isWide, &job)
                job.x += height
                job.sums += height &* blockLanes
                remaining &-= height
                tiles &-= 1
            }
        }
    }
}

/// Computes a share's gradient where one row block is all: a tile's sums of all transform-domain elements are
/// transformed back at once, while they are in a cache.
@inline(__always)
private func sumAndTransform<Transform: WinogradGradientTransform>(
    _ transform: Transform.Type, _ rowBlock: OuterJob, _ share: WeightShare, xStride: Int, dyStride: Int,
    tapStride: Int,
    to sums: UnsafeMutablePointer<Float>
) {
    var job = rowBlock
    forEachTile(0..<share.lanes.count) { lane, isWide in
        var target = sums + (9 &* blockIndex(lane) &* tapStride &+ laneInBlock(lane))
        var remaining = share.inputs.count
        var tiles = tileCount(remaining)
        var input = 0
        while tiles > 0 {
            let height = nextHeight(remaining, tiles: tiles)
            for tileElement in 0..<Transform.tileElements {
                job.x = rowBlock.x + (tileElement &* xStride &+ input)
                job.gradient = rowBlock.gradient + (tileElement &* dyStride &+ lane &* rowBlock.columns)
                job.sums = rowBlock.sums + tileElement &* height &* blockLanes
                SumPixels<Broadcast>.run(height: height, isWide: isWide, &job)
            }
            for row in 0..<height {
                var vector = row &* blockLanes
                repeat {
                    Transform.transformSums(
                        UnsafePointer(rowBlock.sums) + vector, tileElementStride: height &* blockLanes,
                        to: target + vector,
                        tapStride: tapStride)
                    vector &+= lanes
                } while vector < row &* blockLanes &+ (isWide ? tileLanes : lanes)
            }
            target += height &* blockLanes
            input &+= height
            remaining &-= height
            tiles &-= 1
        }
    }
}

/// Transforms some patches of dy, a tile's lanes of them: [element][patch][the tile's one or two vectors].
@inline(__always)
private func transformGradient<Transform: WinogradGradientTransform>(
    _ transform: Transform.Type, _ gradient: TensorView, slots: Range<Int>, rows: Range<Int>, columns: Int, lane: Int,
    isWide: Bool,
    to target: UnsafeMutablePointer<Float>, tileElementStride: Int
) {
    var place = target
    for slot in slots {
        for row in rows {
            for column in 0..<columns {
                transformPatch(
                    transform, gradient, slot, Transform.outputs &* row, Transform.outputs &* column, lane, to: place,
                    tileElementStride: tileElementStride)
                if isWide {
                    transformPatch(
                        transform, gradient, slot, Transform.outputs &* row, Transform.outputs &* column, lane &+ lanes,
                        to: place + lanes,
                        tileElementStride: tileElementStride)
                }
                place += isWide ? tileLanes : lanes
            }
        }
    }
}

/// Returns one vector of one patch of dy, which is zero outside the map.
@inline(__always)
private func transformPatch<Transform: WinogradGradientTransform>(
    _ transform: Transform.Type, _ gradient: TensorView, _ slot: Int, _ row: Int, _ column: Int, _ lane: Int,
    to target: UnsafeMutablePointer<Float>, tileElementStride: Int
) {
    let pixel = gradient.pixel(slot, row, column) + lane
    let rows = gradient.height &- row
    let columns = gradient.width &- column
    let stride = gradient.pixelStride
    Transform.transformGradient(to: target, tileElementStride: tileElementStride) { row, column in
        if row >= rows || column >= columns { return Vector(repeating: 0) }
        return streamed(pixel + (row &* gradient.rowStride &+ column &* stride), pixelStride: stride)
    }
}

/// Transforms a share's sums back to its gradient: [lanes/32][element][inputs][32] -> [lanes/32][9][inputs][32], where
/// elements of a transformed tile lie `stride` apart.
private func transformSums<Transform: WinogradGradientTransform>(
    _ transform: Transform.Type, _ share: WeightShare, inputsPerTask: Int, from tileElements: UnsafePointer<Float>,
    stride: Int,
    to sums: UnsafeMutablePointer<Float>
) {
    let tap = inputsPerTask &* blockLanes
    for block in 0..<blockCount(share.lanes.count) {
        let source = tileElements + block &* tap
        let target = sums + 9 &* block &* tap
        var i = 0
        while i < share.inputs.count &* blockLanes {
            Transform.transformSums(
                source + i, tileElementStride: stride, to: target + i, tapStride: tap)
            i &+= lanes
        }
    }
}

/// Adds the kernels of this file.
func addWinogradWeightGradientKernels(to table: inout KernelTable) {
    table.winogradWeightGradient.body = winogradWeightGradient
}
