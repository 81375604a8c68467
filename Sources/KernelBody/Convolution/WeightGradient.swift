import KernelInterface

// Weight gradients: dw[tap, c, k] = sum over a shard's samples and output pixels of x[p * step + tap, c] * dy[p, k].
//
// Lanes run along k, tile rows along the inputs of an element (which are consecutive in memory). The sum over pixels is
// the tile's inner loop. Each weight is one chain, in the order sample, row, column, so that the bits depend on nothing
// else.
//
// In depthwise convolutions a weight belongs to its lane alone: tile rows run along the taps of an element instead.

func weightGradient(_ arguments: UnsafePointer<WeightGradientArguments>, _ task: Int, _ worker: Int) {
    sumShare(PixelSum<Broadcast>.self, arguments, WeightShare(arguments, task: task), worker: worker)
}

func depthwiseWeightGradient(_ arguments: UnsafePointer<WeightGradientArguments>, _ task: Int, _ worker: Int) {
    sumShare(PixelSum<Lanewise>.self, arguments, WeightShare(arguments, task: task), worker: worker)
}

func twoPixelWeightGradient(_ arguments: UnsafePointer<WeightGradientArguments>, _ task: Int, _ worker: Int) {
    sumShare(PixelSum<TwoPixels>.self, arguments, WeightShare(arguments, task: task), worker: worker)
}

/// An algorithm for a share's sums over one shard.
protocol ShardSum {
    /// - Parameter scratch: the memory after the sums.
    static func sum(
        _ arguments: UnsafePointer<WeightGradientArguments>, _ share: WeightShare, shard: Int,
        scratch: UnsafeMutablePointer<Float>, to sums: UnsafeMutablePointer<Float>)
}

/// Computes a task's sums in scratch memory, and moves them to their place when they are complete.
@inline(__always)
func sumShare<S: ShardSum>(
    _ shardSum: S.Type, _ arguments: UnsafePointer<WeightGradientArguments>, _ share: WeightShare, worker: Int
) {
    let sums = arguments.pointee.window.scratch + worker &* arguments.pointee.window.scratchStride
    let scratch = sums + arguments.pointee.sumBuffers &* arguments.pointee.taskSums
    var target = arguments.pointee.target
    if arguments.pointee.sumsShards {
        let stride = arguments.pointee.taskSums
        var depth = 0
        for summand in 0..<arguments.pointee.batch.shards {
            let (shard, merges) = (
                arguments.pointee.schedule[summand].shard, arguments.pointee.schedule[summand].merges
            )
            S.sum(arguments, share, shard: shard, scratch: scratch, to: sums + depth &* stride)
            for _ in 0..<merges {
                addFloats(stride, from: UnsafePointer(sums + depth &* stride), to: sums + (depth &- 1) &* stride)
                depth &-= 1
            }
            depth &+= 1
        }
    } else {
        S.sum(arguments, share, shard: share.shard, scratch: scratch, to: sums)
        target += share.shard &* arguments.pointee.targetStride
    }
    deliver(arguments, share, from: sums, to: target)
}

/// A share's sums over one shard, row block by row block: some rows of a sample, or some whole samples. A row block's x
/// and dy are packed first, so that they stay in the caches while all tiles pass over them. Unpacked pixels a power of
/// two apart would all fall on the same few lines of a cache.
private enum PixelSum<P: Product>: ShardSum {
    static func sum(
        _ arguments: UnsafePointer<WeightGradientArguments>, _ share: WeightShare, shard: Int,
        scratch: UnsafeMutablePointer<Float>, to target: UnsafeMutablePointer<Float>
    ) {
        let sums = P.holdsTwoPixels ? scratch : target
        let x = scratch + arguments.pointee.twoPixelSums
        let height = arguments.pointee.outputGradient.height
        let firstSlot = shard &* arguments.pointee.batch.shardCapacity
        let endSlot = firstSlot &+ arguments.pointee.batch.shardSizes[shard]
        // Lanes that no tile writes: all where the shard has no sample, else the second half of the last block.
        if endSlot == firstSlot || laneInBlock(share.lanes.upperBound) != 0 {
            zeroFloats(arguments.pointee.taskSums, at: target)
        }
        if endSlot == firstSlot { return }
        let (source, window) = read(arguments, share)
        var slot = firstSlot
        while slot < endSlot {
            let samples = min(arguments.pointee.samplesPerBlock, endSlot &- slot)
            var row = 0
            while row < height {
                let rows = min(arguments.pointee.rowsPerBlock, height &- row)
                addRowBlock(
                    arguments, share, source, window, slots: slot..<(slot &+ samples), rows: row..<(row &+ rows),
                    isFirst: slot == firstSlot && row == 0, x: x, to: sums)
                row &+= rows
            }
            slot &+= samples
        }
        if P.holdsTwoPixels {
            joinTwoPixels(
                sums, inputs: arguments.pointee.inputsPerTask, kernelHeight: window.rowSpan,
                kernelWidth: arguments.pointee.taps / window.rowSpan, to: target)
        }
    }

    /// Returns the channels of x that a task needs, and how they are copied.
    @inline(__always)
    private static func read(
        _ arguments: UnsafePointer<WeightGradientArguments>, _ share: WeightShare
    ) -> (source: TensorView, window: SourceWindow) {
        var (source, window) = (arguments.pointee.source, arguments.pointee.window)
        if P.isLanewise {
            source.take(lanes: share.lanes)
            window.prologue?.drop(lanes: share.lanes.lowerBound)
        } else if arguments.pointee.inputTasks > 1 {
            source.take(lanes: share.inputs)
            window.prologue?.drop(lanes: share.inputs.lowerBound)
        }
        return (source, window)
    }

    /// Packs a row block's x and dy and adds their products to the sums.
    @inline(__always)
    private static func addRowBlock(
        _ arguments: UnsafePointer<WeightGradientArguments>, _ share: WeightShare, _ source: TensorView,
        _ window: SourceWindow, slots: Range<Int>, rows: Range<Int>, isFirst: Bool, x: UnsafeMutablePointer<Float>,
        to sums: UnsafeMutablePointer<Float>
    ) {
        let gradient = arguments.pointee.outputGradient
        let rowLength = window.width &* window.pixelStride
        let copiedRows = (rows.count &- 1) &* window.step &+ window.rowSpan
        for i in 0..<slots.count {
            copyWindow(
                source, slot: slots.lowerBound &+ i, firstRow: rows.lowerBound &* window.step &- window.padTop,
                rows: copiedRows, window: window, to: x + i &* copiedRows &* rowLength)
        }
        let dy = pack(arguments, share, slots: slots, rows: rows, to: x + arguments.pointee.packedSource)
        var job = OuterJob(
            x: UnsafePointer(x), xStride: P.isLanewise ? window.pixelStride : 1,
            xStep: (P.holdsTwoPixels ? 2 : window.step) &* window.pixelStride, xRowStep: window.step &* rowLength,
            xSampleStep: copiedRows &* rowLength, gradient: dy, samples: slots.count, rows: rows.count,
            columns: P.holdsTwoPixels ? (gradient.width &+ 1) / 2 : gradient.width, sums: sums, isFirst: isFirst,
            sourcePrefetch: Prefetch(nothingAt: UnsafePointer(x)),
            gradientPrefetch: Prefetch(nothingAt: UnsafePointer(x)))
        if P.prefetches {
            let isWithin = rows.upperBound < gradient.height
            let count = slots.count &* rows.count
            job.prefetch(
                source, gradient, arguments.pointee.normGradient?.input, share,
                slot: isWithin ? slots.lowerBound : slots.upperBound, row: isWithin ? rows.upperBound : 0,
                sourceStep: window.step, count: count, slots: arguments.pointee.batch.slots,
                steps: count &* gradient.width &* tiles(arguments, share))
        }
        sumTiles(P.self, arguments, job, share)
    }

    /// Packs dy of a row block into `packed`, unless it has that layout already.
    @inline(__always)
    private static func pack(
        _ arguments: UnsafePointer<WeightGradientArguments>, _ share: WeightShare, slots: Range<Int>, rows: Range<Int>,
        to packed: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        let (gradient, norm) = (arguments.pointee.outputGradient, arguments.pointee.normGradient)
        if P.holdsTwoPixels ? gradient.isPaddedTo8 : liesPacked(gradient, norm, share.lanes) {
            return UnsafePointer(gradient.pixel(slots.lowerBound, rows.lowerBound, 0))
        }
        if P.holdsTwoPixels {
            packTwoPixels(gradient, slots: slots, rows: rows, to: packed)
        } else {
            packGradient(gradient, norm, slots: slots, rows: rows, share.lanes, to: packed)
        }
        return UnsafePointer(packed)
    }
}

/// Moves a share's sums to their place among all weights. In the last block, lanes that belong to no output become
/// zero: they were summed from floats between the pixels of dy, whose contents are undefined.
private func deliver(
    _ arguments: UnsafePointer<WeightGradientArguments>, _ share: WeightShare, from sums: UnsafePointer<Float>,
    to target: UnsafeMutablePointer<Float>
) {
    let run = share.inputs.count &* blockLanes
    let runStride = arguments.pointee.inputsPerTask &* blockLanes
    let outputs = arguments.pointee.outputGradient.channels
    var source = sums
    for lane in stride(from: share.lanes.lowerBound, to: share.lanes.upperBound, by: blockLanes) {
        let used = min(blockLanes, outputs &- lane)
        var weights =
            target + blockIndex(lane) &* arguments.pointee.weightBlockStride + share.inputs.lowerBound &* blockLanes
        for _ in 0..<arguments.pointee.taps {
            copyFloats(run, from: source, to: weights)
            if used < blockLanes {
                for row in 0..<share.inputs.count {
                    zeroFloats(blockLanes &- used, at: weights + (row &* blockLanes &+ used))
                }
            }
            source += runStride
            weights += arguments.pointee.inputs &* blockLanes
        }
    }
}

/// Whether dy already has the layout that `packGradient` writes: one vector a pixel, side by side.
@inline(__always)
private func liesPacked(_ gradient: TensorView, _ norm: NormGradient?, _ range: Range<Int>) -> Bool {
    norm == nil && range.count == lanes && gradient.pixelStride == lanes
}

/// dy of a row block, tile by tile: [pixels][the tile's one or two vectors].
private func packGradient(
    _ gradient: TensorView, _ norm: NormGradient?, slots: Range<Int>, rows: Range<Int>, _ range: Range<Int>,
    to packed: UnsafeMutablePointer<Float>
) {
    var target = packed
    forEachTile(range) { lane, isWide in
        let width = isWide ? tileLanes : lanes
        for slot in slots {
            let pixels = rows.count &* gradient.width
            var source = gradient.pixel(slot, rows.lowerBound, 0) + lane
            if let norm {
                norm.copyTile(
                    lane: lane, isWide: isWide, pixels: pixels, from: UnsafePointer(source),
                    dyStride: gradient.pixelStride,
                    x: UnsafePointer(norm.input.pixel(slot, rows.lowerBound, 0)) + lane, to: target,
                    pixelStride: width)
                target += pixels &* width
                continue
            }
            for _ in 0..<pixels {
                put(streamed(source, pixelStride: gradient.pixelStride), target)
                if isWide { put(streamed(source + lanes, pixelStride: gradient.pixelStride), target + lanes) }
                source += gradient.pixelStride
                target += width
            }
        }
    }
}

/// Tiles of a task.
@inline(__always)
private func tiles(_ arguments: UnsafePointer<WeightGradientArguments>, _ share: WeightShare) -> Int {
    var tiles = 0
    for s in 0..<arguments.pointee.elementCount {
        let length = arguments.pointee.elements[s].length
        tiles &+= tileCount(arguments.pointee.inputTasks > 1 ? min(length, share.inputs.count) : length)
    }
    return tiles &* tileBlocks(share.lanes.count)
}

/// Sums several rows of a kernel in one tile: a kernel row of few columns alone has fewer accumulators than the latency
/// of a multiplication needs.
///
/// - Returns: elements that are done, three at most; 0 where there is no such tile.
private func sumKernelRows(
    _ arguments: UnsafePointer<WeightGradientArguments>, from first: Int, _ rowBlock: OuterJob
) -> Int {
    let elements = arguments.pointee.elements + first
    let count = min(arguments.pointee.elementCount &- first, 3)
    if count < 2 { return 0 }
    var job = rowBlock
    job.xStride = elements[1].source &- elements[0].source
    var rows = 1
    while rows < count && elements[rows].length == elements[0].length
        && elements[rows].source &- elements[rows &- 1].source == job.xStride
        && elements[rows].weight &- elements[rows &- 1].weight == blockLanes &* elements[0].length
    { rows &+= 1 }
    return SumPixels<TwoPixels>.run(kernelRows: rows, taps: elements[0].length, &job) ? rows : 0
}

/// Runs all tiles of a task over one row block of x and dy.
@inline(__always)
private func sumTiles<P: Product>(
    _ product: P.Type, _ arguments: UnsafePointer<WeightGradientArguments>, _ rowBlock: OuterJob, _ share: WeightShare
) {
    var job = rowBlock
    let pixels = rowBlock.samples &* rowBlock.rows &* rowBlock.columns
    let blockStride = arguments.pointee.taps &* arguments.pointee.inputsPerTask &* blockLanes
    let clipsElements = arguments.pointee.inputTasks > 1
    forEachTile(0..<share.lanes.count) { lane, isWide in
        // Before a tile of one vector are those of two alone.
        job.gradient = rowBlock.gradient + lane &* pixels
        let block = rowBlock.sums + blockIndex(lane) &* blockStride + laneInBlock(lane)
        var s = 0
        while s < arguments.pointee.elementCount {
            let element = arguments.pointee.elements[s]
            job.x = rowBlock.x + (P.isLanewise ? lane &+ element.source : element.source)
            job.sums = block + element.weight
            let together = P.holdsTwoPixels && !isWide ? sumKernelRows(arguments, from: s, job) : 0
            if together > 0 {
                s &+= together
                continue
            }
            s &+= 1
            var remaining = clipsElements ? min(element.length, share.inputs.count) : element.length
            // One vector leaves as many accumulators to twice the rows.
            let isTall = lanes == 16 && !P.isLanewise && !isWide
            var tiles = tileCount(remaining, height: isTall ? 2 &* tileRows : tileRows)
            while tiles > 0 {
                let height = nextHeight(remaining, tiles: tiles)
                if P.prefetches && !isWide {
                    job.sourcePrefetch.prefetch(pixels)
                    job.gradientPrefetch.prefetch(pixels)
                }
                if isTall && height > tileRows {
                    SumPixels<P>.run(tall: height, &job)
                } else {
                    SumPixels<P>.run(height: height, isWide: isWide, &job)
                }
                job.sourcePrefetch.advance(pixels)
                job.gradientPrefetch.advance(pixels)
                job.x += height &* job.xStride
                job.sums += height &* blockLanes
                remaining &-= height
                tiles &-= 1
            }
        }
    }
}

/// Adds the kernels of this file.
func addWeightGradientKernels(to table: inout KernelTable) {
    table.weightGradient.body = weightGradient
    table.depthwiseWeightGradient.body = depthwiseWeightGradient
    table.twoPixelWeightGradient.body = twoPixelWeightGradient
}
