import KernelInterface

// Two sums for each channel: x and x², or dy and dy (x - mean). A row block is summed in float32, a sample's row blocks
// in float64. Row blocks depend on the map's size alone. So a pass of its own and the epilogue of the task that has
// just written the rows give the same bits.

/// The two sums of one vector of channels.
struct OpenSumPair<Member: EmptyMember> {
    var a = Vector(repeating: 0)
    var b = Vector(repeating: 0)
    var member = Member()

    @inline(__always)
    mutating func add(_ summands: (Vector, Vector)) {
        a += summands.0
        b += summands.1
    }

    /// Adds the sums to those in memory, `width` apart.
    @inline(__always)
    func flush(to sums: UnsafeMutablePointer<Double>, width: Int) {
        for i in 0..<lanes {
            sums[i] += Double(a[i])
            sums[width &+ i] += Double(b[i])
        }
    }

    @inline(__always)
    func store(to sums: UnsafeMutablePointer<Float>, width: Int) {
        put(a, sums)
        put(b, sums + width)
    }
}

typealias SumPair = OpenSumPair<Nothing>

/// Takes two sums over the pixels of a row block: `body` returns a pixel's two summands, `take` gets the sums of a
/// vector of channels.
///
/// All lanes of these rows come before the next rows: a whole map would leave the caches between two lanes. Four
/// vectors are read at a time, as memory is faster where neighbouring lines are read together.
@inline(__always)
func sumBlock(
    _ pixels: Range<Int>, _ range: Range<Int>, _ body: (_ pixel: Int, _ lane: Int) -> (Vector, Vector),
    take: (_ sums: SumPair, _ lane: Int) -> Void
) {
    var lane = range.lowerBound
    while lane &+ 4 &* lanes <= range.upperBound {
        var first = SumPair()
        var second = SumPair()
        var third = SumPair()
        var fourth = SumPair()
        for pixel in pixels {
            first.add(body(pixel, lane))
            second.add(body(pixel, lane &+ lanes))
            third.add(body(pixel, lane &+ 2 &* lanes))
            fourth.add(body(pixel, lane &+ 3 &* lanes))
        }
        take(first, lane)
        take(second, lane &+ lanes)
        take(third, lane &+ 2 &* lanes)
        take(fourth, lane &+ 3 &* lanes)
        lane &+= 4 &* lanes
    }
    while lane < range.upperBound {
        var pair = SumPair()
        for pixel in pixels { pair.add(body(pixel, lane)) }
        take(pair, lane)
        lane &+= lanes
    }
}

/// Takes two sums over a sample.
@inline(__always)
func sumSample(
    _ batch: BatchLayout, _ sums: ChannelSums, _ slot: Int, _ view: TensorView,
    _ body: (_ pixel: Int, _ lane: Int) -> (Vector, Vector)
) {
    guard batch.isActive(slot) else { return }
    let width = sums.width
    let sums = sums.samples + slot &* 2 &* width
    for i in 0..<(2 &* width) { sums[i] = 0 }
    let block = BlockSums.rowsPerBlock(height: view.height, width: view.width) &* view.width
    let pixels = view.height &* view.width
    var start = 0
    while start < pixels {
        let end = min(start &+ block, pixels)
        sumBlock(start..<end, 0..<width, body) { pair, lane in pair.flush(to: sums + lane, width: width) }
        start = end
    }
}

/// x and its square.
@inline(__always)
private func squared(_ value: Vector) -> (Vector, Vector) { (value, value * value) }

/// dy masked by the activation, and its product with x - mean.
@inline(__always)
func graded(
    _ gradient: Vector, _ x: Vector, mean: UnsafePointer<Float>, scale: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, _ bounds: Bounds
) -> (Vector, Vector) {
    let passed = bounds.pass(gradient, affine(x, mean: mean, scale: scale, bias: bias))
    return (passed, passed * (x - vector(mean)))
}

@inline(__always)
private func graded(_ gradient: Vector, _ x: Vector, mean: UnsafePointer<Float>) -> (Vector, Vector) {
    (gradient, gradient * (x - vector(mean)))
}

// MARK: Passes of their own

func moments(_ arguments: UnsafePointer<ChannelSumArguments>, _ task: Int, _ worker: Int) {
    let input = arguments.pointee.input
    let x = input.sample(task)
    sumSample(arguments.pointee.batch, arguments.pointee.sums, task, input) { pixel, lane in
        squared(streamed(x + pixel &* input.pixelStride + lane, pixelStride: input.pixelStride))
    }
}

func batchNormGradientSums(_ arguments: UnsafePointer<BatchNormArguments>, _ task: Int, _ worker: Int) {
    guard let gradient = arguments.pointee.gradient, let sums = arguments.pointee.sums else { return }
    let input = arguments.pointee.input
    let x = input.sample(task)
    let dy = gradient.sample(task)
    let state = arguments.pointee.state
    if let bounds = arguments.pointee.bounds {
        sumSample(arguments.pointee.batch, sums, task, input) { pixel, lane in
            graded(
                streamed(dy + pixel &* gradient.pixelStride + lane, pixelStride: gradient.pixelStride),
                streamed(x + pixel &* input.pixelStride + lane, pixelStride: input.pixelStride),
                mean: state.mean + lane, scale: state.scale + lane, bias: state.bias + lane, bounds)
        }
    } else {
        sumSample(arguments.pointee.batch, sums, task, input) { pixel, lane in
            graded(
                streamed(dy + pixel &* gradient.pixelStride + lane, pixelStride: gradient.pixelStride),
                streamed(x + pixel &* input.pixelStride + lane, pixelStride: input.pixelStride),
                mean: state.mean + lane)
        }
    }
}

/// The sums of some rows of a sample that have just been written: whole row blocks.
@inline(never)
func sumBlocks(_ sums: BlockSums, _ written: TensorView, slot: Int, rows: Range<Int>, lanes range: Range<Int>) {
    var row = rows.lowerBound
    while row < rows.upperBound {
        let end = min(row &+ sums.rowsPerBlock, rows.upperBound)
        let block = slot &* sums.blocks &+ row / sums.rowsPerBlock
        let partial = sums.partials + block &* 2 &* sums.width
        let target = written.pixel(slot, row, 0)
        let pixels = 0..<((end &- row) &* written.width)
        if let norm = sums.norm {
            let x = UnsafePointer(norm.input.pixel(slot, row, 0))
            if let activated = norm.activated {
                let y = UnsafePointer(activated.pixel(slot, row, 0))
                sumResidual(
                    norm, x, y, yStride: activated.pixelStride, target, pixelStride: written.pixelStride, pixels, range,
                    to: partial, width: sums.width)
            } else {
                sumGradient(
                    norm, x, UnsafePointer(target), pixelStride: written.pixelStride, pixels, range, to: partial,
                    width: sums.width)
            }
        } else {
            sumSquares(
                UnsafePointer(target), pixelStride: written.pixelStride, pixels, range, to: partial, width: sums.width)
        }
        row = end
    }
}

// Not inlined: in one function with the others each would have too few registers.

@inline(never)
private func sumSquares(
    _ y: UnsafePointer<Float>, pixelStride: Int, _ pixels: Range<Int>, _ range: Range<Int>,
    to partial: UnsafeMutablePointer<Float>, width: Int
) {
    sumBlock(pixels, range) { pixel, lane in
        squared(vector(y + pixel &* pixelStride + lane))
    } take: { pair, lane in
        pair.store(to: partial + lane, width: width)
    }
}

@inline(never)
private func sumGradient(
    _ norm: SummedNorm, _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, pixelStride: Int, _ pixels: Range<Int>,
    _ range: Range<Int>, to partial: UnsafeMutablePointer<Float>, width: Int
) {
    let xStride = norm.input.pixelStride
    if let bounds = norm.bounds {
        sumBlock(pixels, range) { pixel, lane in
            graded(
                vector(dy + pixel &* pixelStride + lane),
                streamed(x + pixel &* xStride + lane, pixelStride: xStride), mean: norm.mean + lane,
                scale: norm.scale + lane, bias: norm.bias + lane, bounds)
        } take: { pair, lane in
            pair.store(to: partial + lane, width: width)
        }
    } else {
        sumBlock(pixels, range) { pixel, lane in
            graded(
                vector(dy + pixel &* pixelStride + lane),
                streamed(x + pixel &* xStride + lane, pixelStride: xStride), mean: norm.mean + lane)
        } take: { pair, lane in
            pair.store(to: partial + lane, width: width)
        }
    }
}

/// Replaces dy by dy masked by y's activation.
@inline(never)
private func sumResidual(
    _ norm: SummedNorm, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, yStride: Int,
    _ dy: UnsafeMutablePointer<Float>, pixelStride: Int, _ pixels: Range<Int>, _ range: Range<Int>,
    to partial: UnsafeMutablePointer<Float>, width: Int
) {
    guard let bounds = norm.bounds else { return }
    let xStride = norm.input.pixelStride
    sumBlock(pixels, range) { pixel, lane in
        let place = dy + pixel &* pixelStride + lane
        let passed = bounds.pass(
            vector(place), streamed(y + pixel &* yStride + lane, pixelStride: yStride))
        put(passed, place)
        return graded(
            passed, streamed(x + pixel &* xStride + lane, pixelStride: xStride), mean: norm.mean + lane)
    } take: { pair, lane in
        pair.store(to: partial + lane, width: width)
    }
}

// MARK: Sums of sums

/// Adds up a sample's sums: its row blocks in their order.
func blockSums(_ arguments: UnsafePointer<BlockSumArguments>, _ task: Int, _ worker: Int) {
    guard arguments.pointee.batch.isActive(task) else { return }
    let width = 2 &* arguments.pointee.sums.width
    let blocks = arguments.pointee.blocks.blocks
    let sums = arguments.pointee.sums.samples + task &* width
    let partials = arguments.pointee.blocks.partials + task &* blocks &* width
    for i in 0..<width { sums[i] = 0 }
    for block in 0..<blocks {
        for i in 0..<width { sums[i] += Double(partials[block &* width &+ i]) }
    }
}

/// Sums a shard's samples in their order, in the place of its first sample.
func shardSums(_ arguments: UnsafePointer<ChannelSumArguments>, _ task: Int, _ worker: Int) {
    let batch = arguments.pointee.batch
    let width = 2 &* arguments.pointee.sums.width
    let total = arguments.pointee.sums.samples + task &* batch.shardCapacity &* width
    if batch.shardSizes[task] == 0 {
        for i in 0..<width { total[i] = 0 }
    }
    for position in 1..<max(batch.shardSizes[task], 1) {
        let sample = total + position &* width
        for i in 0..<width { total[i] += sample[i] }
    }
}

/// Adds up the shards' sums along their tree.
func shardTree(_ arguments: UnsafePointer<ChannelSumArguments>, _ task: Int, _ worker: Int) {
    let batch = arguments.pointee.batch
    let width = 2 &* arguments.pointee.sums.width
    let shardStride = batch.shardCapacity &* width
    let sums = arguments.pointee.sums.samples
    forEachPair(of: batch.shards) { first, second in
        let (target, source) = (sums + first &* shardStride, sums + second &* shardStride)
        for i in 0..<width { target[i] += source[i] }
    }
    for i in 0..<width { arguments.pointee.sums.total[i] = sums[i] }
}

/// Adds the kernels of this file.
func addChannelSumsKernels(to table: inout KernelTable) {
    table.moments.body = moments
    table.blockSums.body = blockSums
    table.shardSums.body = shardSums
    table.shardTree.body = shardTree
    table.batchNormGradientSums.body = batchNormGradientSums
}
