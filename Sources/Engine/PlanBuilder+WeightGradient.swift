internal import Graphs
internal import KernelInterface
internal import Tensors

extension PlanBuilder {
    mutating func lowerWeightGradient(_ node: Node, _ convolution: Convolution) {
        guard let packing = context.parameters.entries[convolution.weight.index].packing else { return }
        if let bias = convolution.bias { lowerBiasGradient(view(node.inputs[1]), bias) }
        let target = gradient(convolution.weight)
        forEachPart(
            convolution, input: node.inputs[0], load: node.load, output: node.inputs[1],
            gradientLoad: node.gradientLoad, addend: nil
        ) { builder, part in
            if let openBLAS = builder.openBLAS(for: part) {
                builder.emit(.weightGradient, part, on: openBLAS)
            } else if part.geometry.isLinear {
                builder.emitLinearWeightGradient(part)
            } else {
                builder.emitWeightGradient(part)
            }
        }
        guard packing.merged > 1, !packing.isDepthwise else { return }
        call(
            context.kernels.maskGroups,
            GroupMaskArguments(
                gradient: target, stride: packing.superStride, inputs: packing.superInputs,
                outputs: packing.superOutputs, inputsPerGroup: packing.inputs / packing.groups,
                outputsPerGroup: packing.outputs / packing.groups, taps: packing.taps),
            tasks: packing.superGroups)
    }

    private mutating func emitWeightGradient(_ part: ConvolutionPart) {
        let part = part.decimated()
        let geometry = part.geometry
        let shards = context.batch.shards
        let filter = filter(geometry, for: .weightGradient)
        let isFiltered = filter != nil
        let cut = WeightCut(geometry, filter)
        // Where there are too few blocks of inputs and outputs to share, tasks are shards' blocks. A single shard is
        // the sum.
        let enoughParts = (isFiltered ? Cut.enoughFilteredParts : Cut.enoughParts) * context.threads
        let sumsShards = shards == 1 || cut.parts >= enoughParts
        if !sumsShards { workspace.needPartials(shards * part.weightCount) }
        let isPaired = geometry.isPaired
        var window = isPaired ? pairWindow(part) : forwardWindow(part)
        window.isCopied = true
        window.pixelStride =
            geometry.isDepthwise
            ? cut.lanesPerPart : spread(isFiltered ? wholeVectors(cut.inputsPerPart) : cut.inputsPerPart)
        let segments =
            isFiltered
            ? []
            : isPaired
                ? pairSegments(geometry, window, inputs: cut.inputsPerPart)
                : weightSegments(geometry, cut, part.input, window)
        var arguments = WeightGradientArguments(
            batch: context.batch, source: part.input, window: window, outputGradient: part.output,
            segments: UnsafePointer(memory.store(segments)), segmentCount: segments.count,
            target: sumsShards ? part.gradient : workspace.partials, targetStride: part.weightCount,
            weightBlockStride: geometry.taps * geometry.inputsPerOutput * 32, sumsShards: sumsShards,
            turns: shardTurns, taps: geometry.taps, inputs: geometry.inputsPerOutput, inputsPerPart: cut.inputsPerPart,
            inputParts: cut.inputParts, lanesPerPart: cut.lanesPerPart, laneParts: cut.laneParts)
        arguments.normGradient = part.normGradient
        arguments.partSums = geometry.taps * cut.inputsPerPart * cut.lanesPerPart
        if isPaired { arguments.pairedSums = arguments.partSums / geometry.kernelWidth * (geometry.kernelWidth + 1) }
        arguments.sumBuffers = sumsShards ? ShardTree(shards).buffers : 1
        if let filter { cutIntoPatches(&arguments, filter) } else { cutIntoStrips(&arguments) }
        let kernels = context.kernels
        let kernel =
            geometry.isDepthwise
            ? kernels.depthwiseWeightGradient
            : isFiltered
                ? kernels.winogradWeightGradient : isPaired ? kernels.pairedWeightGradient : kernels.weightGradient
        call(kernel, arguments, tasks: (sumsShards ? 1 : shards) * cut.parts)
        if !sumsShards {
            emitTreeSum(workspace.partials, stride: part.weightCount, to: part.gradient, count: part.weightCount)
        }
    }

    /// The places where the taps of a block find their inputs, and those of their weights in the block's sums.
    private func weightSegments(
        _ geometry: ConvolutionGeometry, _ cut: WeightCut, _ x: TensorView, _ window: SourceWindow
    ) -> [Segment] {
        if geometry.isDepthwise { return kernelRows(geometry, window) }
        guard cut.inputParts > 1 else { return forwardSegments(geometry, x, window) }
        return (0..<geometry.taps).map { tap in
            let (row, column) = tap.quotientAndRemainder(dividingBy: geometry.kernelWidth)
            return Segment(
                source: tapOffset(row: row, column: column, window, x), weight: tap * cut.inputsPerPart * 32,
                length: cut.inputsPerPart)
        }
    }

    /// Chooses row blocks: as many rows as `Cut.stripFloats` hold and `Cut.stripPixels` allow; where that is all, as
    /// many samples.
    private mutating func cutIntoStrips(_ arguments: inout WeightGradientArguments) {
        let window = arguments.window
        let dy = arguments.outputGradient
        let row = window.width * window.pixelStride
        let dyRow = dy.width * arguments.lanesPerPart
        func source(_ rows: Int) -> Int { ((rows - 1) * window.step + window.rowSpan) * row }
        // A depthwise tile has all of a pixel's lanes, and with two-pixel packing (few channels) all fits.
        let allowed = arguments.inputs == 1 || arguments.pairedSums > 0 ? Int.max : Cut.stripPixels
        let rows = min((Cut.stripFloats - source(1)) / (window.step * row + dyRow) + 1, max(allowed / dy.width, 1))
        arguments.rowsPerStrip = min(max(rows, 1), dy.height)
        if rows >= dy.height {
            let fitting = min(
                Cut.stripFloats / (source(dy.height) + dy.height * dyRow), allowed / (dy.width * dy.height))
            arguments.samplesPerStrip = min(max(fitting, 1), context.batch.shardCapacity)
        }
        arguments.packedSource = arguments.samplesPerStrip * source(arguments.rowsPerStrip)
        workspace.needScratch(
            arguments.sumBuffers * arguments.partSums + arguments.pairedSums + arguments.packedSource
                + arguments.samplesPerStrip * arguments.rowsPerStrip * dyRow)
    }

    /// The taps of each row of a depthwise convolution's kernel.
    private func kernelRows(_ geometry: ConvolutionGeometry, _ window: SourceWindow) -> [Segment] {
        (0..<geometry.kernelHeight).map { row in
            Segment(
                source: row * window.width * window.pixelStride, weight: row * geometry.kernelWidth * 32,
                length: geometry.kernelWidth)
        }
    }

    private mutating func lowerBiasGradient(_ dy: TensorView, _ bias: ParameterID) {
        let shards = context.batch.shards
        let storage = context.parameters.entries[bias.index].storage
        let partials = shards == 1 ? gradient(bias) : workspace.partials
        if shards > 1 { workspace.needPartials(shards * storage) }
        call(
            context.kernels.biasGradient,
            BiasGradientArguments(
                batch: context.batch, outputGradient: dy, partials: partials, partialStride: storage),
            tasks: shards)
        if shards > 1 { emitTreeSum(partials, stride: storage, to: gradient(bias), count: storage) }
    }

    mutating func emitTreeSum(
        _ partials: UnsafeMutablePointer<Float>, stride: Int, to target: UnsafeMutablePointer<Float>, count: Int
    ) {
        let chunk = 16_384
        call(
            context.kernels.treeSum,
            TreeSumArguments(
                partials: partials, partialStride: stride, shards: context.batch.shards, destination: target,
                count: count, chunk: chunk),
            tasks: (count + chunk - 1) / chunk)
    }
}

/// The blocking of a convolution's weights: the blocks of inputs and output lanes that tasks take.
private struct WeightCut {
    let inputsPerPart: Int
    let inputParts: Int
    let lanesPerPart: Int
    let laneParts: Int

    var parts: Int { inputParts * laneParts }

    /// - Parameter filter: the Winograd form, whose sums are in the transform domain; nil for sums over taps.
    init(_ geometry: ConvolutionGeometry, _ filter: PatchFilter?) {
        let (taps, room) =
            filter.map { ($0.coefficients, Cut.coefficientSums) } ?? (geometry.taps, Cut.partSums)
        let blocks = (geometry.output.channels + 31) / 32
        let inputs = geometry.inputsPerOutput
        if geometry.isDepthwise {
            let lanes = geometry.depthwiseLanes
            (inputsPerPart, inputParts, lanesPerPart, laneParts) = (1, 1, lanes, (blocks * 32 + lanes - 1) / lanes)
            return
        }
        // The larger side is divided first: packed x is used as often as a block has outputs, packed dy as it has
        // inputs.
        var parts = (inputs: 1, lanes: 1)
        var size = (inputs: inputs, blocks: blocks)
        while taps * size.inputs * size.blocks * 32 > room, size.inputs > 32 || size.blocks > 1 {
            if size.inputs > size.blocks * 32 || size.blocks == 1 {
                parts.inputs += 1
                size.inputs = ((inputs + parts.inputs - 1) / parts.inputs + 15) / 16 * 16
            } else {
                parts.lanes += 1
                size.blocks = (blocks + parts.lanes - 1) / parts.lanes
            }
        }
        inputsPerPart = size.inputs
        inputParts = (inputs + size.inputs - 1) / size.inputs
        lanesPerPart = size.blocks * 32
        laneParts = (blocks + size.blocks - 1) / size.blocks
    }
}
