import KernelInterface

// The weight gradient of `Winograd.swift`'s convolution, which is linear in the weights:
//
//   dg = G' [ sum over patches of (B' d B) * (A dY A') ] G
//
// For each element of a transformed tile the register tile sums over a shard's patches, as it sums over pixels in
// `WeightGradient.swift`. Each weight is one chain, in the order sample, row, column. Shards are summed as dg, not in
// the transform domain, so that ranks can go on with it.

func winogradWeightGradient(_ arguments: UnsafePointer<WeightGradientArguments>, _ task: Int, _ worker: Int) {
    let part = WeightPart(arguments, task: task)
    if arguments.pointee.patches?.filter == .stride2 {
        sumPart(PatchSum<MinimalFilterStride2>.self, arguments, part, worker: worker)
    } else {
        sumPart(PatchSum<MinimalFilter4x4>.self, arguments, part, worker: worker)
    }
}

/// A part's sums over one shard, one block of rows of patches after the other: some rows of a sample, or some whole
/// samples.
private enum PatchSum<Filter: MinimalGradientFilter>: ShardSum {
    static func sum(
        _ arguments: UnsafePointer<WeightGradientArguments>, _ part: WeightPart, shard: Int,
        scratch: UnsafeMutablePointer<Float>, to sums: UnsafeMutablePointer<Float>
    ) {
        guard let patches = arguments.pointee.patches else { return }
        let firstSlot = shard &* arguments.pointee.batch.shardCapacity
        let endSlot = firstSlot &+ arguments.pointee.batch.shardSizes[shard]
        if endSlot == firstSlot { return zeroFloats(arguments.pointee.partSums, at: sums) }
        let coefficientSums = arguments.pointee.inputsPerPart &* arguments.pointee.lanesPerPart
        let isOneStrip = patches.rowsPerStrip == patches.rows && patches.samplesPerStrip >= endSlot &- firstSlot
        // Lanes that no tile writes: the second half of the last block.
        if part.lanes.upperBound & 31 != 0 {
            if isOneStrip {
                zeroFloats(arguments.pointee.partSums, at: sums)
            } else {
                zeroFloats(Filter.coefficients &* coefficientSums, at: scratch)
            }
        }
        var slot = firstSlot
        while slot < endSlot {
            let samples = min(patches.samplesPerStrip, endSlot &- slot)
            var row = 0
            while row < patches.rows {
                let rows = min(patches.rowsPerStrip, patches.rows &- row)
                let job = transform(
                    arguments, patches, part, slots: slot..<(slot &+ samples), rows: row..<(row &+ rows),
                    isFirst: slot == firstSlot && row == 0, behind: coefficientSums, scratch)
                if isOneStrip {
                    return sumAndTransform(
                        Filter.self, job, part, xStride: patches.sourceStride, dyStride: patches.outputStride,
                        tapStride: arguments.pointee.inputsPerPart &* 32, to: sums)
                }
                sumCoefficients(
                    Filter.self, job, part, xStride: patches.sourceStride, dyStride: patches.outputStride,
                    sumsStride: coefficientSums, blockStride: arguments.pointee.inputsPerPart &* 32)
                row &+= rows
            }
            slot &+= samples
        }
        transformSums(
            Filter.self, part, inputsPerPart: arguments.pointee.inputsPerPart, from: scratch, stride: coefficientSums,
            to: sums)
    }

    /// Transforms a row block's patches of x and dy into the memory behind the sums of the transform domain.
    ///
    /// - Returns: their products, summed at `scratch`.
    @inline(__always)
    private static func transform(
        _ arguments: UnsafePointer<WeightGradientArguments>, _ patches: WinogradPatches, _ part: WeightPart,
        slots: Range<Int>, rows: Range<Int>, isFirst: Bool, behind coefficientSums: Int,
        _ scratch: UnsafeMutablePointer<Float>
    ) -> OuterJob {
        var (source, window) = (arguments.pointee.source, arguments.pointee.window)
        source.take(lanes: part.inputs)
        window.normalization?.drop(lanes: part.inputs.lowerBound)
        let copy = scratch + Filter.coefficients &* coefficientSums
        let x = copy + arguments.pointee.packedSource
        let dy = x + Filter.coefficients &* patches.sourceStride
        let count = slots.count &* rows.count &* patches.columns
        var end = x
        for slot in slots {
            end = transformStrip(
                Filter.self, source, slot: slot, row: rows.lowerBound, rows: rows.count, columns: patches.columns,
                coefficientStride: patches.sourceStride, window: window, copy: copy, to: end)
        }
        forEachTile(part.lanes) { lane, isWide in
            transformGradient(
                Filter.self, arguments.pointee.outputGradient, slots: slots, rows: rows, columns: patches.columns,
                lane: lane, isWide: isWide, to: dy + (lane &- part.lanes.lowerBound) &* count,
                coefficientStride: patches.outputStride)
        }
        return OuterJob(
            x: UnsafePointer(x), xStride: 1, xStep: window.pixelStride, xRowStep: 0, xSampleStep: 0,
            gradient: UnsafePointer(dy), samples: 1, rows: 1, columns: count, sums: scratch, isFirst: isFirst,
            aheadSource: Lookahead(nothingAt: UnsafePointer(x)), aheadGradient: Lookahead(nothingAt: UnsafePointer(x)))
    }
}

/// For each element of a transformed tile: sums[input][lane] += sum over patches of x[patch][input] * dy[patch][lane].
@inline(__always)
private func sumCoefficients<Filter: MinimalGradientFilter>(
    _ filter: Filter.Type, _ strip: OuterJob, _ part: WeightPart, xStride: Int, dyStride: Int, sumsStride: Int,
    blockStride: Int
) {
    var job = strip
    for coefficient in 0..<Filter.coefficients {
        forEachTile(0..<part.lanes.count) { lane, isWide in
            job.x = strip.x + coefficient &* xStride
            job.gradient = strip.gradient + (coefficient &* dyStride &+ lane &* strip.columns)
            job.sums = strip.sums + (coefficient &* sumsStride &+ (lane >> 5) &* blockStride &+ (lane & 31))
            var remaining = part.inputs.count
            var tiles = tileCount(remaining)
            while tiles > 0 {
                let height = nextHeight(remaining, tiles: tiles)
                SumPixels<Broadcast>.run(height: height, isWide: isWide, &job)
                job.x += height
                job.sums += height &* 32
                remaining &-= height
                tiles &-= 1
            }
        }
    }
}

/// Computes a part's gradient where one row block is all: a tile's sums of all transform-domain elements are
/// transformed back at once, while they are in a cache.
@inline(__always)
private func sumAndTransform<Filter: MinimalGradientFilter>(
    _ filter: Filter.Type, _ strip: OuterJob, _ part: WeightPart, xStride: Int, dyStride: Int, tapStride: Int,
    to sums: UnsafeMutablePointer<Float>
) {
    var job = strip
    forEachTile(0..<part.lanes.count) { lane, isWide in
        var target = sums + (9 &* (lane >> 5) &* tapStride &+ (lane & 31))
        var remaining = part.inputs.count
        var tiles = tileCount(remaining)
        var input = 0
        while tiles > 0 {
            let height = nextHeight(remaining, tiles: tiles)
            for coefficient in 0..<Filter.coefficients {
                job.x = strip.x + (coefficient &* xStride &+ input)
                job.gradient = strip.gradient + (coefficient &* dyStride &+ lane &* strip.columns)
                job.sums = strip.sums + coefficient &* height &* 32
                SumPixels<Broadcast>.run(height: height, isWide: isWide, &job)
            }
            for row in 0..<height {
                var vector = row &* 32
                repeat {
                    Filter.transformSums(
                        UnsafePointer(strip.sums) + vector, coefficientStride: height &* 32, to: target + vector,
                        tapStride: tapStride)
                    vector &+= lanes
                } while vector < row &* 32 &+ (isWide ? tileLanes : lanes)
            }
            target += height &* 32
            input &+= height
            remaining &-= height
            tiles &-= 1
        }
    }
}

/// Transforms some patches of dy, a tile's lanes of them: [element][patch][the tile's one or two vectors].
@inline(__always)
private func transformGradient<Filter: MinimalGradientFilter>(
    _ filter: Filter.Type, _ gradient: TensorView, slots: Range<Int>, rows: Range<Int>, columns: Int, lane: Int,
    isWide: Bool,
    to target: UnsafeMutablePointer<Float>, coefficientStride: Int
) {
    var place = target
    for slot in slots {
        for row in rows {
            for column in 0..<columns {
                transformPatch(
                    filter, gradient, slot, Filter.outputs &* row, Filter.outputs &* column, lane, to: place,
                    coefficientStride: coefficientStride)
                if isWide {
                    transformPatch(
                        filter, gradient, slot, Filter.outputs &* row, Filter.outputs &* column, lane &+ lanes,
                        to: place + lanes,
                        coefficientStride: coefficientStride)
                }
                place += isWide ? tileLanes : lanes
            }
        }
    }
}

/// One vector of one patch of dy, which is zero outside of the map.
@inline(__always)
private func transformPatch<Filter: MinimalGradientFilter>(
    _ filter: Filter.Type, _ gradient: TensorView, _ slot: Int, _ row: Int, _ column: Int, _ lane: Int,
    to target: UnsafeMutablePointer<Float>, coefficientStride: Int
) {
    let pixel = gradient.pixel(slot, row, column) + lane
    let rows = gradient.height &- row
    let columns = gradient.width &- column
    let stride = gradient.pixelStride
    Filter.transformGradient(to: target, coefficientStride: coefficientStride) { row, column in
        if row >= rows || column >= columns { return Vector(repeating: 0) }
        return streamed(pixel + (row &* gradient.rowStride &+ column &* stride), pixelStride: stride)
    }
}

/// Transforms a part's sums back to its gradient: [lanes/32][element][inputs][32] -> [lanes/32][9][inputs][32], where
/// elements of a transformed tile lie `stride` apart.
private func transformSums<Filter: MinimalGradientFilter>(
    _ filter: Filter.Type, _ part: WeightPart, inputsPerPart: Int, from coefficients: UnsafePointer<Float>, stride: Int,
    to sums: UnsafeMutablePointer<Float>
) {
    let tap = inputsPerPart &* 32
    for block in 0..<((part.lanes.count &+ 31) / 32) {
        let source = coefficients + block &* tap
        let target = sums + 9 &* block &* tap
        var i = 0
        while i < part.inputs.count &* 32 {
            Filter.transformSums(
                source + i, coefficientStride: stride, to: target + i, tapStride: tap)
            i &+= lanes
        }
    }
}
