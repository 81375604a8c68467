internal import Graphs
internal import KernelInterface
internal import Tensors

extension PlanBuilder {
    mutating func lowerWeightGradient(_ node: Node, _ convolution: Convolution) {
        guard let packing = context.parameters.entries[convolution.weight.index].packing else { return }
        if let bias = convolution.bias { lowerBiasGradient(view(node.inputs[1]), bias) }
        let target = gradient(convolution.weight)
        forEachPart(convolution, input: node.inputs[0], output: node.inputs[1], addend: nil) { builder, part in
            if builder.computes(part) {
                builder.emitWeightGradient(part)
            } else {
                builder.lowerOpenBLAS(.weightGradient, part)
            }
        }
        guard packing.merged > 1, !packing.isDepthwise else { return }
        call(
            "maskGroups", context.kernels.maskGroups,
            GroupMaskArguments(
                gradient: target, stride: packing.superStride, inputs: packing.superInputs,
                outputs: packing.superOutputs, inputsPerGroup: packing.inputs / packing.groups,
                outputsPerGroup: packing.outputs / packing.groups, taps: packing.taps),
            tasks: packing.superGroups)
    }

    private mutating func emitWeightGradient(_ part: ConvolutionPart) {
        let geometry = part.geometry
        let x = part.input
        let dy = part.output
        var window = forwardWindow(geometry, x)
        window.isCopied = !geometry.isLinear
        window.pixelStride = packedPixel(geometry, x)
        let segments = geometry.isDepthwise ? kernelRows(geometry, window) : forwardSegments(geometry, x, window)
        let packed = part.weightCount
        let shards = context.batch.shards
        let target = part.gradient
        // Linear layers sum their shards themselves; a single shard is the sum.
        let isDirect = geometry.isLinear || shards == 1
        if !isDirect { workspace.needPartials(shards * packed) }
        let tasks = geometry.isLinear ? 1 : shards
        let blocks = (dy.channels + 31) / 32
        let parts =
            geometry.isLinear || geometry.isDepthwise
            ? blocks : max(min((Cut.enoughTasks + tasks - 1) / tasks, (blocks + 1) / 2), 1)
        let perPart = (blocks + parts - 1) / parts
        var arguments = WeightGradientArguments(
            batch: context.batch, axis: geometry.axis, source: x, window: window, outputGradient: dy,
            segments: UnsafePointer(memory.store(segments)), segmentCount: segments.count,
            partials: isDirect ? target : workspace.partials, partialStride: packed,
            weightBlockStride: geometry.taps * geometry.inputsPerOutput * 32, rowsPerStrip: 1, samplesPerStrip: 1,
            packedSource: 0, segmentsPerPart: segments.count,
            rowParts: 1, lanesPerPart: perPart * 32, laneParts: (blocks + perPart - 1) / perPart)
        if geometry.isLinear {
            workspace.needScratch(shards * context.kernels.tileHeight * 32)
        } else {
            cutIntoStrips(&arguments)
        }
        let (name, kernel) =
            geometry.isDepthwise
            ? ("depthwiseWeightGradient", context.kernels.depthwiseWeightGradient)
            : ("weightGradient", context.kernels.weightGradient)
        call(name, kernel, arguments, tasks: tasks * arguments.laneParts)
        if !isDirect { emitTreeSum(workspace.partials, stride: packed, to: target, count: packed) }
    }

    /// Floats from pixel to pixel of a packed strip: an odd number of cache lines where it would be an even one, so that a
    /// column of pixels does not fall on a few lines of the first-level cache.
    private func packedPixel(_ geometry: ConvolutionGeometry, _ x: TensorView) -> Int {
        let line = MemoryPlan.laneGranule
        let pixel = copiedPixel(geometry, x)
        return pixel % (2 * line) == 0 && !geometry.isDepthwise ? pixel + line : pixel
    }

    /// As many rows as `Cut.stripFloats` hold; where that is all, as many samples.
    private mutating func cutIntoStrips(_ arguments: inout WeightGradientArguments) {
        let window = arguments.window
        let dy = arguments.outputGradient
        let row = window.width * window.pixelStride
        let dyRow = dy.width * arguments.lanesPerPart
        func source(_ rows: Int) -> Int { ((rows - 1) * window.step + window.rowSpan) * row }
        let rows = (Cut.stripFloats - source(1)) / (window.step * row + dyRow) + 1
        arguments.rowsPerStrip = min(max(rows, 1), dy.height)
        if rows >= dy.height {
            let fitting = Cut.stripFloats / (source(dy.height) + dy.height * dyRow)
            arguments.samplesPerStrip = min(max(fitting, 1), context.batch.shardCapacity)
        }
        arguments.packedSource = arguments.samplesPerStrip * source(arguments.rowsPerStrip)
        workspace.needScratch(
            arguments.packedSource + arguments.samplesPerStrip * arguments.rowsPerStrip * dyRow)
    }

    /// Of a depthwise convolution: the taps of each row of the kernel.
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
            "biasGradient", context.kernels.biasGradient,
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
            "treeSum", context.kernels.treeSum,
            TreeSumArguments(
                partials: partials, partialStride: stride, shards: context.batch.shards, destination: target,
                count: count, chunk: chunk),
            tasks: (count + chunk - 1) / chunk)
    }
}
