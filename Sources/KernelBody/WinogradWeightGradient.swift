import KernelInterface

// The weight gradient of `Winograd.swift`'s convolution, which is linear in the weights:
//
//   dg = G' [ sum over patches of (B' d B) * (A dY A') ] G
//
// For each coefficient the sum over a shard's patches is the register tile's, as that over pixels is in `WeightGradient.swift`: one
// chain a weight, in the order sample, row, column. What is summed over shards is dg, so that ranks can go on with it.

/// A dY
@inline(__always)
private func gradientSide(_ y0: Vector, _ y1: Vector) -> (Vector, Vector, Vector, Vector) {
    (y0, y0 + y1, y0 - y1, Vector(repeating: 0) - y1)
}

/// G' u
@inline(__always)
private func weightSide(_ u0: Vector, _ u1: Vector, _ u2: Vector, _ u3: Vector) -> (Vector, Vector, Vector) {
    let half = Vector(repeating: 0.5)
    let middle = (u1 + u2) * half
    return (u0 + middle, (u1 - u2) * half, middle + u3)
}

func winogradWeightGradient(_ arguments: UnsafePointer<WeightGradientArguments>, _ task: Int, _ worker: Int) {
    sumPart(PatchSum.self, arguments, WeightPart(arguments, task: task), worker: worker)
}

/// A part's sums over one shard, strip by strip: some rows of patches of a sample, or some whole samples.
private enum PatchSum: ShardSum {
    static func sum(
        _ arguments: UnsafePointer<WeightGradientArguments>, _ part: WeightPart, shard: Int,
        scratch: UnsafeMutablePointer<Float>, to sums: UnsafeMutablePointer<Float>
    ) {
        guard let patches = arguments.pointee.patches else { return }
        let firstSlot = shard &* arguments.pointee.batch.shardCapacity
        let endSlot = firstSlot &+ arguments.pointee.batch.shardSizes[shard]
        if endSlot == firstSlot { return zeroFloats(arguments.pointee.partSums, at: sums) }
        var window = arguments.pointee.window
        var source = arguments.pointee.source
        source.take(lanes: part.inputs)
        window.normalization?.drop(lanes: part.inputs.lowerBound)
        let coefficientSums = arguments.pointee.inputsPerPart &* arguments.pointee.lanesPerPart
        let copy = scratch + 16 &* coefficientSums
        let x = copy + arguments.pointee.packedSource
        let dy = x + 16 &* patches.sourceStride
        // Lanes that no tile writes: the second half of the last block.
        if part.lanes.upperBound & 31 != 0 { zeroFloats(16 &* coefficientSums, at: scratch) }
        var slot = firstSlot
        while slot < endSlot {
            let samples = min(patches.samplesPerStrip, endSlot &- slot)
            var row = 0
            while row < patches.rows {
                let rows = min(patches.rowsPerStrip, patches.rows &- row)
                let count = samples &* rows &* patches.columns
                var end = x
                for i in 0..<samples {
                    end = transformStrip(
                        source, slot: slot &+ i, row: row, rows: rows, columns: patches.columns,
                        coefficientStride: patches.sourceStride, window: window, copy: copy, to: end)
                }
                forEachTile(part.lanes) { lane, isWide in
                    transformGradient(
                        arguments.pointee.outputGradient, slots: slot..<(slot &+ samples), rows: row..<(row &+ rows),
                        columns: patches.columns, lane: lane, isWide: isWide,
                        to: dy + (lane &- part.lanes.lowerBound) &* count, coefficientStride: patches.outputStride)
                }
                let job = OuterJob(
                    x: UnsafePointer(x), xStride: 1, xStep: window.pixelStride, xRowStep: 0, xSampleStep: 0,
                    gradient: UnsafePointer(dy), samples: 1, rows: 1, columns: count, sums: scratch,
                    isFirst: slot == firstSlot && row == 0, aheadSource: Lookahead(nothingAt: UnsafePointer(x)),
                    aheadGradient: Lookahead(nothingAt: UnsafePointer(x)))
                sumCoefficients(
                    job, part, xStride: patches.sourceStride, dyStride: patches.outputStride,
                    sumsStride: coefficientSums, blockStride: arguments.pointee.inputsPerPart &* 32)
                row &+= rows
            }
            slot &+= samples
        }
        transformSums(
            part, inputsPerPart: arguments.pointee.inputsPerPart, from: scratch, stride: coefficientSums, to: sums)
    }
}

/// For each coefficient: sums[input][lane] += sum over patches of x[patch][input] * dy[patch][lane].
@inline(__always)
private func sumCoefficients(
    _ strip: OuterJob, _ part: WeightPart, xStride: Int, dyStride: Int, sumsStride: Int, blockStride: Int
) {
    var job = strip
    for coefficient in 0..<16 {
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

/// The coefficients of some patches of dy, a tile's lanes of them: [coefficient][patch][tile's lanes].
@inline(__always)
private func transformGradient(
    _ gradient: TensorView, slots: Range<Int>, rows: Range<Int>, columns: Int, lane: Int, isWide: Bool,
    to target: UnsafeMutablePointer<Float>, coefficientStride: Int
) {
    var place = target
    for slot in slots {
        for row in rows {
            for column in 0..<columns {
                transformPatch(
                    gradient, slot, 2 &* row, 2 &* column, lane, to: place, coefficientStride: coefficientStride)
                if isWide {
                    transformPatch(
                        gradient, slot, 2 &* row, 2 &* column, lane &+ lanes, to: place + lanes,
                        coefficientStride: coefficientStride)
                }
                place += tileLanes
            }
        }
    }
}

/// One vector of one patch of dy, which is zero outside of the map.
@inline(__always)
private func transformPatch(
    _ gradient: TensorView, _ slot: Int, _ row: Int, _ column: Int, _ lane: Int,
    to target: UnsafeMutablePointer<Float>, coefficientStride: Int
) {
    let pixel = gradient.pixel(slot, row, column) + lane
    let hasRight = column &+ 1 < gradient.width
    let hasBottom = row &+ 1 < gradient.height
    let zero = Vector(repeating: 0)
    let stride = gradient.pixelStride
    let topLeft = streamed(pixel, pixelStride: stride)
    let topRight = hasRight ? streamed(pixel + stride, pixelStride: stride) : zero
    let bottomLeft = hasBottom ? streamed(pixel + gradient.rowStride, pixelStride: stride) : zero
    let bottomRight =
        hasRight && hasBottom ? streamed(pixel + (gradient.rowStride &+ stride), pixelStride: stride) : zero
    let left = gradientSide(topLeft, bottomLeft)
    let right = gradientSide(topRight, bottomRight)
    @inline(__always)
    func write(_ row: Int, _ y0: Vector, _ y1: Vector) {
        let side = gradientSide(y0, y1)
        let place = target + 4 &* row &* coefficientStride
        put(side.0, place)
        put(side.1, place + coefficientStride)
        put(side.2, place + 2 &* coefficientStride)
        put(side.3, place + 3 &* coefficientStride)
    }
    write(0, left.0, right.0)
    write(1, left.1, right.1)
    write(2, left.2, right.2)
    write(3, left.3, right.3)
}

/// A part's gradient from the sums of its coefficients: [lanes/32][16][inputs][32] -> [lanes/32][9][inputs][32], where coefficients lie
/// `stride` apart.
private func transformSums(
    _ part: WeightPart, inputsPerPart: Int, from coefficients: UnsafePointer<Float>, stride: Int,
    to sums: UnsafeMutablePointer<Float>
) {
    let tap = inputsPerPart &* 32
    for block in 0..<((part.lanes.count &+ 31) / 32) {
        let source = coefficients + block &* tap
        let target = sums + 9 &* block &* tap
        var i = 0
        while i < part.inputs.count &* 32 {
            @inline(__always)
            func column(_ c: Int) -> (Vector, Vector, Vector) {
                let top = source + (c &* stride &+ i)
                return weightSide(
                    vector(top), vector(top + 4 &* stride), vector(top + 8 &* stride), vector(top + 12 &* stride))
            }
            @inline(__always)
            func write(_ row: Int, _ side: (Vector, Vector, Vector)) {
                let place = target + (3 &* row &* tap &+ i)
                put(side.0, place)
                put(side.1, place + tap)
                put(side.2, place + 2 &* tap)
            }
            let a = column(0)
            let b = column(1)
            let c = column(2)
            let d = column(3)
            write(0, weightSide(a.0, b.0, c.0, d.0))
            write(1, weightSide(a.1, b.1, c.1, d.1))
            write(2, weightSide(a.2, b.2, c.2, d.2))
            i &+= lanes
        }
    }
}
