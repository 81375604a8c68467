internal import KernelInterface
internal import Tensors

/// A weight gradient as an algorithm wants it computed.
struct WeightGradientForm {
    /// The copy of x that tasks make.
    var window: SourceWindow
    /// The places where the taps of a block find their inputs, and those of their weights in the block's sums.
    var elements: [ReduceElement]
    var blocking: WeightBlocking
    /// Blocks of weights for each thread from which on tasks need not be single shards' to be enough.
    var enoughBlocks = BlockSizes.enoughBlocks
    /// Winograd's tiles; nil for sums over taps.
    var winograd: WinogradForm?
    /// Whether sums are those of a kernel one column wider.
    var holdsTwoPixels = false
}

extension PlanBuilder {
    /// Sums a weight gradient over this rank's samples, shard by shard, and along the tree over shards.
    mutating func emitWeightGradient(
        _ part: ConvolutionPart, _ form: WeightGradientForm, _ kernel: Kernel<WeightGradientArguments>
    ) {
        let (geometry, blocking) = (part.geometry, form.blocking)
        let shards = context.batch.shards
        // Where there are too few blocks of inputs and outputs to share, tasks are shards' blocks. A single shard is
        // the sum.
        let sumsShards = shards == 1 || blocking.tasks >= form.enoughBlocks * context.threads
        if !sumsShards { workspace.needPartials(shards * part.weightCount) }
        var arguments = WeightGradientArguments(
            batch: context.batch, source: part.input, window: form.window, outputGradient: part.output,
            elements: UnsafePointer(memory.store(form.elements)), elementCount: form.elements.count,
            target: sumsShards ? part.gradient : workspace.partials, targetStride: part.weightCount,
            weightBlockStride: geometry.taps * geometry.inputsPerOutput * WeightLayout.block, sumsShards: sumsShards,
            schedule: shardSumSteps, taps: geometry.taps, inputs: geometry.inputsPerOutput,
            inputsPerTask: blocking.inputsPerTask, inputTasks: blocking.inputTasks,
            lanesPerTask: blocking.lanesPerTask, laneTasks: blocking.laneTasks)
        arguments.normGradient = part.normGradient
        arguments.taskSums = geometry.taps * blocking.inputsPerTask * blocking.lanesPerTask
        if form.holdsTwoPixels {
            arguments.twoPixelSums = arguments.taskSums / geometry.kernelWidth * (geometry.kernelWidth + 1)
        }
        arguments.sumBuffers = sumsShards ? ShardTree(shards).buffers : 1
        if let winograd = form.winograd { divide(&arguments, intoTilesOf: winograd) } else { divideRows(&arguments) }
        call(kernel, arguments, tasks: (sumsShards ? 1 : shards) * blocking.tasks)
        if !sumsShards {
            emitTreeSum(workspace.partials, stride: part.weightCount, to: part.gradient, count: part.weightCount)
        }
    }

    /// Chooses row blocks: as many rows as `BlockSizes.rowBlockFloats` hold and `BlockSizes.rowBlockPixels` allow;
    /// where that is all, as many samples.
    private mutating func divideRows(_ arguments: inout WeightGradientArguments) {
        let window = arguments.window
        let dy = arguments.outputGradient
        let row = window.width * window.pixelStride
        let dyRow = dy.width * arguments.lanesPerTask
        func source(_ rows: Int) -> Int { ((rows - 1) * window.step + window.rowSpan) * row }
        // A depthwise tile has all of a pixel's lanes, and with two-pixel packing (few channels) all fits.
        let allowed = arguments.inputs == 1 || arguments.twoPixelSums > 0 ? Int.max : BlockSizes.rowBlockPixels
        let rows = min(
            (BlockSizes.rowBlockFloats - source(1)) / (window.step * row + dyRow) + 1, max(allowed / dy.width, 1))
        arguments.rowsPerBlock = min(max(rows, 1), dy.height)
        if rows >= dy.height {
            let fitting = min(
                BlockSizes.rowBlockFloats / (source(dy.height) + dy.height * dyRow), allowed / (dy.width * dy.height))
            arguments.samplesPerBlock = min(max(fitting, 1), context.batch.shardCapacity)
        }
        arguments.packedSource = arguments.samplesPerBlock * source(arguments.rowsPerBlock)
        workspace.needScratch(
            arguments.sumBuffers * arguments.taskSums + arguments.twoPixelSums + arguments.packedSource
                + arguments.samplesPerBlock * arguments.rowsPerBlock * dyRow)
    }

    /// The taps of a block of some of the inputs.
    func elements(
        perTask inputs: Int, _ geometry: ConvolutionGeometry, _ x: TensorView, _ window: SourceWindow
    ) -> [ReduceElement] {
        (0..<geometry.taps).map { tap in
            let (row, column) = tap.quotientAndRemainder(dividingBy: geometry.kernelWidth)
            return ReduceElement(
                source: tapOffset(row: row, column: column, window, x), weight: tap * inputs * WeightLayout.block,
                length: inputs)
        }
    }
}

/// The blocking of a convolution's weights: the blocks of inputs and output lanes that tasks take.
struct WeightBlocking {
    let inputsPerTask: Int
    let inputTasks: Int
    let lanesPerTask: Int
    let laneTasks: Int

    var tasks: Int { inputTasks * laneTasks }

    /// - Parameters:
    ///   - terms: sums for each input and lane: taps, or a transformed tile's numbers.
    ///   - capacity: floats of the sums that a task keeps.
    init(_ geometry: ConvolutionGeometry, terms: Int, capacity: Int) {
        let blocks = WeightLayout.blocks(geometry.output.channels)
        let inputs = geometry.inputsPerOutput
        // The larger side is divided first: packed x is used as often as a block has outputs, packed dy as it has
        // inputs.
        var parts = (inputs: 1, lanes: 1)
        var size = (inputs: inputs, blocks: blocks)
        while terms * size.inputs * size.blocks * WeightLayout.block > capacity, size.inputs > 32 || size.blocks > 1 {
            if size.inputs > size.blocks * WeightLayout.block || size.blocks == 1 {
                parts.inputs += 1
                size.inputs = ((inputs + parts.inputs - 1) / parts.inputs + 15) / 16 * 16
            } else {
                parts.lanes += 1
                size.blocks = (blocks + parts.lanes - 1) / parts.lanes
            }
        }
        inputsPerTask = size.inputs
        inputTasks = (inputs + size.inputs - 1) / size.inputs
        lanesPerTask = size.blocks * WeightLayout.block
        laneTasks = (blocks + size.blocks - 1) / size.blocks
    }

    /// A depthwise convolution's, whose channels each have one input.
    init(depthwise geometry: ConvolutionGeometry) {
        let lanes = geometry.depthwiseLanes
        (inputsPerTask, inputTasks, lanesPerTask) = (1, 1, lanes)
        laneTasks = (WeightLayout.padded(geometry.output.channels) + lanes - 1) / lanes
    }
}
