internal import KernelInterface
internal import Tensors

/// A weight gradient as an algorithm wants it computed.
struct WeightGradientForm {
    /// The copy of x that tasks make.
    var window: SourceWindow
    /// The places where the taps of a block find their inputs, and those of their weights in the block's sums.
    var segments: [Segment]
    var blocking: WeightBlocking
    /// Blocks of weights for each thread from which on tasks need not be single shards' to be enough.
    var enoughParts = Blocking.enoughParts
    /// Winograd's tiles; nil for sums over taps.
    var winograd: PatchFilter?
    /// Whether sums are those of a kernel one column wider.
    var isPaired = false
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
        let sumsShards = shards == 1 || blocking.parts >= form.enoughParts * context.threads
        if !sumsShards { workspace.needPartials(shards * part.weightCount) }
        var arguments = WeightGradientArguments(
            batch: context.batch, source: part.input, window: form.window, outputGradient: part.output,
            segments: UnsafePointer(memory.store(form.segments)), segmentCount: form.segments.count,
            target: sumsShards ? part.gradient : workspace.partials, targetStride: part.weightCount,
            weightBlockStride: geometry.taps * geometry.inputsPerOutput * WeightLayout.block, sumsShards: sumsShards,
            turns: shardTurns, taps: geometry.taps, inputs: geometry.inputsPerOutput,
            inputsPerPart: blocking.inputsPerPart, inputParts: blocking.inputParts,
            lanesPerPart: blocking.lanesPerPart, laneParts: blocking.laneParts)
        arguments.normGradient = part.normGradient
        arguments.partSums = geometry.taps * blocking.inputsPerPart * blocking.lanesPerPart
        if form.isPaired {
            arguments.pairedSums = arguments.partSums / geometry.kernelWidth * (geometry.kernelWidth + 1)
        }
        arguments.sumBuffers = sumsShards ? ShardTree(shards).buffers : 1
        if let winograd = form.winograd { divide(&arguments, intoTilesOf: winograd) } else { divideRows(&arguments) }
        call(kernel, arguments, tasks: (sumsShards ? 1 : shards) * blocking.parts)
        if !sumsShards {
            emitTreeSum(workspace.partials, stride: part.weightCount, to: part.gradient, count: part.weightCount)
        }
    }

    /// Chooses row blocks: as many rows as `Blocking.stripFloats` hold and `Blocking.stripPixels` allow; where that is
    /// all, as many samples.
    private mutating func divideRows(_ arguments: inout WeightGradientArguments) {
        let window = arguments.window
        let dy = arguments.outputGradient
        let row = window.width * window.pixelStride
        let dyRow = dy.width * arguments.lanesPerPart
        func source(_ rows: Int) -> Int { ((rows - 1) * window.step + window.rowSpan) * row }
        // A depthwise tile has all of a pixel's lanes, and with two-pixel packing (few channels) all fits.
        let allowed = arguments.inputs == 1 || arguments.pairedSums > 0 ? Int.max : Blocking.stripPixels
        let rows = min((Blocking.stripFloats - source(1)) / (window.step * row + dyRow) + 1, max(allowed / dy.width, 1))
        arguments.rowsPerStrip = min(max(rows, 1), dy.height)
        if rows >= dy.height {
            let fitting = min(
                Blocking.stripFloats / (source(dy.height) + dy.height * dyRow), allowed / (dy.width * dy.height))
            arguments.samplesPerStrip = min(max(fitting, 1), context.batch.shardCapacity)
        }
        arguments.packedSource = arguments.samplesPerStrip * source(arguments.rowsPerStrip)
        workspace.needScratch(
            arguments.sumBuffers * arguments.partSums + arguments.pairedSums + arguments.packedSource
                + arguments.samplesPerStrip * arguments.rowsPerStrip * dyRow)
    }

    /// The taps of a block of some of the inputs.
    func segments(
        ofPart inputs: Int, _ geometry: ConvolutionGeometry, _ x: TensorView, _ window: SourceWindow
    ) -> [Segment] {
        (0..<geometry.taps).map { tap in
            let (row, column) = tap.quotientAndRemainder(dividingBy: geometry.kernelWidth)
            return Segment(
                source: tapOffset(row: row, column: column, window, x), weight: tap * inputs * WeightLayout.block,
                length: inputs)
        }
    }
}

/// The blocking of a convolution's weights: the blocks of inputs and output lanes that tasks take.
struct WeightBlocking {
    let inputsPerPart: Int
    let inputParts: Int
    let lanesPerPart: Int
    let laneParts: Int

    var parts: Int { inputParts * laneParts }

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
        inputsPerPart = size.inputs
        inputParts = (inputs + size.inputs - 1) / size.inputs
        lanesPerPart = size.blocks * WeightLayout.block
        laneParts = (blocks + size.blocks - 1) / size.blocks
    }

    /// A depthwise convolution's, whose channels each have one input.
    init(depthwise geometry: ConvolutionGeometry) {
        let lanes = geometry.depthwiseLanes
        (inputsPerPart, inputParts, lanesPerPart) = (1, 1, lanes)
        laneParts = (WeightLayout.padded(geometry.output.channels) + lanes - 1) / lanes
    }
}
