internal import KernelInterface
internal import Tensors

/// The form in which an algorithm computes a weight gradient.
struct WeightGradientForm {
    /// The copy of x that tasks make.
    var window: SourceWindow
    /// The places of the inputs of a block's taps, and of their weights in the block's sums.
    var elements: [ReduceElement]
    var blocking: WeightBlocking
    /// The blocks of weights for each thread that are enough tasks without dividing them by shard.
    var enoughBlocks = BlockSizes.enoughBlocks
    /// The Winograd tiles; nil for sums over taps.
    var winograd: WinogradForm?
    /// Whether the sums are those of a kernel one column wider.
    var holdsTwoPixels = false
}

extension PlanBuilder {
    /// Appends the calls that sum a weight gradient over this rank's samples, shard by shard, then along the tree over
    /// shards.
    mutating func emitWeightGradient(
        _ part: ConvolutionPart, _ form: WeightGradientForm, _ kernel: Kernel<WeightGradientArguments>
    ) {
        let (geometry, blocking) = (part.geometry, form.blocking)
        let shards = context.batch.shards
        // With too few blocks of inputs and outputs, each task is one shard's part of a block. A single shard needs no
        // sum over shards.
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

    /// Chooses row blocks: as many rows as fit `BlockSizes.rowBlockFloats` and `BlockSizes.rowBlockPixels`; where all
    /// rows fit, as many samples.
    private mutating func divideRows(_ arguments: inout WeightGradientArguments) {
        let window = arguments.window
        let dy = arguments.outputGradient
        let row = window.width * window.pixelStride
        let dyRow = dy.width * arguments.lanesPerTask
        func source(_ rows: Int) -> Int { ((rows - 1) * window.step + window.rowSpan) * row }
        // A depthwise tile has all lanes of a pixel, and with two-pixel packing (few channels) all fits.
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

    /// Returns the taps of a block of some inputs.
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
    ///   - terms: the number of sums for each input and lane: of taps, or of a transformed tile's numbers.
    ///   - capacity: the most floats of sums that a task keeps.
    init(_ geometry: ConvolutionGeometry, terms: Int, capacity: Int) {
        let blocks = WeightLayout.blocks(geometry.output.channels)
        let inputs = geometry.inputsPerOutput
        // The larger side is divided first: packed x is used once for each output of a block, packed dy once for each
        // input.
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

    /// The blocking of a depthwise convolution, in which each channel has one input.
    init(depthwise geometry: ConvolutionGeometry) {
        let lanes = geometry.depthwiseLanes
        (inputsPerTask, inputTasks, lanesPerTask) = (1, 1, lanes)
        laneTasks = (WeightLayout.padded(geometry.output.channels) + lanes - 1) / lanes
    }
}
