internal import Graphs
internal import KernelInterface
internal import Tensors

// Convolutions become kernel calls here, and in the files beside this one for their gradients: which axis tile rows run along,
// which taps lie side by side, whether the source must be copied with zeros around, and how the work falls into tasks.

extension PlanBuilder {
    mutating func lowerConvolution(_ node: Node, _ convolution: Convolution) {
        guard let output = node.output else { return }
        let sums = runSums(node.sums, of: output)
        var isSummed = sums != nil
        forEachPart(
            convolution, input: node.inputs[0], load: node.load, output: output, addend: node.addend,
            finish: finish(node)
        ) { builder, part in
            var part = part
            part.sums = sums?.slice(from: part.firstOutput)
            if let openBLAS = builder.openBLAS(for: part) {
                builder.emit(.forward, part, on: openBLAS)
                isSummed = false
            } else {
                isSummed = builder.emitForward(part) && isSummed
            }
        }
        if isSummed, let kind = node.sums, let sums { finishSums(kind, sums, of: output) }
    }

    /// The library that computes a part's products; nil for our own kernels.
    func openBLAS(for part: ConvolutionPart) -> OpenBLAS? { part.geometry.isDepthwise ? nil : context.openBLAS }

    /// - Returns: whether the sums are fused.
    private mutating func emitForward(_ part: ConvolutionPart) -> Bool {
        let part = part.decimated()
        let geometry = part.geometry
        if let filter = filter(geometry, for: .forward) {
            return emitWinograd(
                filter, source: part.input, normalization: part.normalization,
                padding: geometry.padding, weights: UnsafePointer(part.weights), scratch: 0, destination: part.output,
                addend: part.addend,
                bias: part.bias, finish: part.finish, sums: part.sums)
        }
        // Sums of what is written are of one pixel's lanes.
        if geometry.isPaired, part.addend == nil {
            emitPairs(part)
            return false
        }
        let plain = forwardWindow(part)
        let window =
            joined(
                plain, geometry, rows: geometry.output.height, columns: geometry.output.width,
                kernelHeight: geometry.kernelHeight, columnCopies: geometry.kernelWidth) ?? plain
        let segments = forwardSegments(geometry, part.input, window)
        let phase = Phase(
            rows: geometry.output.height, columns: geometry.output.width, firstRow: 0, firstColumn: 0,
            segments: UnsafePointer(memory.store(segments)), segmentCount: segments.count)
        return emitConvolution(
            geometry, source: part.input, window: window, weights: UnsafePointer(part.weights),
            weightBlockStride: geometry.taps * geometry.inputsPerOutput * 32, phases: [phase],
            destination: part.output, step: 1, addend: part.addend, bias: part.bias,
            finish: part.finish, sums: part.sums)
    }

    /// Calls `body` for each super-group, with channel slices of the tensors.
    mutating func forEachPart(
        _ convolution: Convolution, input: ValueID, load: BatchNorm? = nil, output: ValueID,
        gradientLoad: GradientLoad? = nil, addend: ValueID?, finish: Finish? = nil,
        _ body: (inout PlanBuilder, ConvolutionPart) -> Void
    ) {
        guard let packing = context.parameters.entries[convolution.weight.index].packing else { return }
        for group in 0..<packing.superGroups {
            var geometry = ConvolutionGeometry(
                input: graph[input].shape, output: graph[output].shape, kernelHeight: convolution.kernelHeight,
                kernelWidth: convolution.kernelWidth, stride: convolution.stride, padding: convolution.padding,
                isDepthwise: packing.isDepthwise)
            geometry.input.channels = packing.inputs / packing.superGroups
            geometry.output.channels = packing.superOutputs
            let addendSlice = addend.map { id in
                // An addend has the shape of what is written: y has the outputs' channels, dx the inputs'.
                let channels = graph[id].shape.channels / packing.superGroups
                return slice(view(id), group * channels, channels)
            }
            var finish = finish
            if let activated = finish?.activated {
                let channels = activated.channels / packing.superGroups
                finish?.activated = slice(activated, group * channels, channels)
            }
            let part = ConvolutionPart(
                geometry: geometry,
                input: slice(view(input), group * geometry.input.channels, geometry.input.channels),
                normalization: load.map { normalization($0, from: group * geometry.input.channels) },
                output: slice(view(output), group * packing.superOutputs, packing.superOutputs),
                normGradient: gradientLoad.map(normGradient), addend: addendSlice,
                finish: finish,
                weights: weights(convolution.weight) + group * packing.superStride,
                gradient: gradient(convolution.weight) + group * packing.superStride,
                weightCount: packing.superStride,
                bias: convolution.bias.map { UnsafePointer(weights($0)) + group * packing.superOutputs },
                firstInput: group * geometry.input.channels, firstOutput: group * packing.superOutputs)
            body(&self, part)
        }
    }

    /// The epilogue of a node.
    func finish(_ node: Node) -> Finish? {
        node.activation.map { Finish(function: $0.nonlinearity, activated: node.activated.map(view)) }
    }

    private func slice(_ view: TensorView, _ offset: Int, _ channels: Int) -> TensorView {
        var slice = view
        slice.base += offset
        slice.channels = channels
        return slice
    }

    // MARK: Calls

    /// - Returns: whether the sums are fused: where no task ends within one of their row blocks.
    mutating func emitConvolution(
        _ geometry: ConvolutionGeometry, source: TensorView, window: SourceWindow, weights: UnsafePointer<Float>,
        weightBlockStride: Int, phases: [Phase], destination: TensorView, step: Int, addend: TensorView?,
        bias: UnsafePointer<Float>?, finish: Finish?, sums: RunSums?
    ) -> Bool {
        let arguments = cutIntoTasks(
            geometry, source: source, window: window, weights: weights, weightBlockStride: weightBlockStride,
            phases: phases, destination: destination, step: step, addend: addend, bias: bias, finish: finish,
            sums: sums)
        let kernel = geometry.isDepthwise ? context.kernels.convolveDepthwise : context.kernels.convolve
        call(kernel, arguments, tasks: arguments.tasks)
        return arguments.sums != nil
    }

    /// Divides a convolution into tasks, and has the workspace hold the scratch memory that they need.
    ///
    /// - Parameter kept: floats that a task keeps behind its copy of the source, for some rows of a sample.
    mutating func cutIntoTasks(
        _ geometry: ConvolutionGeometry, source: TensorView, window: SourceWindow, weights: UnsafePointer<Float>,
        weightBlockStride: Int, phases: [Phase], destination: TensorView, step: Int, addend: TensorView?,
        bias: UnsafePointer<Float>?, finish: Finish?, sums: RunSums?, kept: (_ rows: Int) -> Int = { _ in 0 }
    ) -> ConvolutionArguments {
        let axis = window.columnCopies > 0 ? RowAxis.map : geometry.axis
        let rows = phases.map(\.rows).max() ?? 0
        var arguments = ConvolutionArguments(
            batch: context.batch, axis: axis, source: source, window: window, weights: weights,
            weightBlockStride: weightBlockStride, phases: UnsafePointer(memory.store(phases)),
            phaseCount: phases.count, destination: destination, destinationStep: step, addend: addend, bias: bias,
            finish: finish, samplesPerGroup: 1, groups: 1, copiedSample: 0, rowsPerStrip: 1, strips: 1,
            lanesPerPart: 32, laneParts: 1)
        switch axis {
        case .mapRow:
            let room = geometry.isDepthwise ? Cut.stripFloats : Cut.sourceFloats
            let strip = stripRows(window, rows: rows, floats: room, multiple: (sums?.rowsPerRun ?? 1) / step)
            arguments.rowsPerStrip = strip
            arguments.copiedSample = copiedSample(window, rows: strip)
            let keptSample = arguments.copiedSample + kept(strip)
            if strip == rows { arguments.samplesPerGroup = group(room / keptSample) }
            if window.isCopied { workspace.needScratch(keptSample * arguments.samplesPerGroup) }
        case .map:
            arguments.copiedSample = copiedSample(window, rows: rows)
            arguments.samplesPerGroup = group(Cut.joinedFloats / arguments.copiedSample)
            workspace.needScratch(arguments.copiedSample * arguments.samplesPerGroup)
        case .pixels:
            let pixels = source.height * source.width
            let unit = sums.map { $0.rowsPerRun * source.width } ?? Cut.pixelRun
            // What is summed when it has been written must still be in the cache.
            let fitting =
                sums == nil
                ? Cut.sourceFloats / source.channels
                : Cut.summedFloats / (source.channels + destination.channels) + unit / 3
            let run = max(fitting / unit, 1) * unit
            if pixels < run { arguments.samplesPerGroup = group(run / pixels) }
            arguments.rowsPerStrip = pixels < run ? pixels * arguments.samplesPerGroup : run
            arguments.strips = pixels < run ? 1 : (pixels + run - 1) / run
            let copied = arguments.rowsPerStrip * window.pixelStride
            let isStaged = sums?.norm?.isScaled ?? false
            if isStaged {
                arguments.stagingOffset = (copied + 15) / 16 * 16
                arguments.stagingPixelStride = spread((destination.channels + 15) / 16 * 16)
            }
            workspace.needScratch(
                copied + 16 + arguments.rowsPerStrip * arguments.stagingPixelStride)
        case .samples:
            let isSmall = source.channels * source.height * source.width * destination.channels <= Cut.linearWeights
            arguments.samplesPerGroup = isSmall ? group(slots) : slots
        }
        if axis == .mapRow { arguments.strips = (rows + arguments.rowsPerStrip - 1) / arguments.rowsPerStrip }
        arguments.groups = (slots + arguments.samplesPerGroup - 1) / arguments.samplesPerGroup
        let tasks = arguments.groups * arguments.strips
        (arguments.lanesPerPart, arguments.laneParts) =
            geometry.isDepthwise
            ? (window.pixelStride, (destination.channels + window.pixelStride - 1) / window.pixelStride)
            : laneParts(destination.channels, tasks: tasks, isSamples: axis == .samples && tasks == 1)
        let rowsPerTask = arguments.rowsPerStrip * step / (axis == .pixels ? source.width : 1)
        if let sums, axis != .samples, arguments.strips == 1 || rowsPerTask % sums.rowsPerRun == 0 {
            arguments.sums = sums
        }
        return arguments
    }

    /// Samples that a task takes together, so that they share its pass over the weights: as many as fit, but leaving enough tasks.
    func group(_ fitting: Int) -> Int { max(min(fitting, slots / Cut.enoughTasks), 1) }

    /// Output rows whose source rows fit in `floats`: a multiple of `multiple`, or all.
    private func stripRows(_ window: SourceWindow, rows: Int, floats: Int, multiple: Int) -> Int {
        let unit = max(multiple, 1)
        let fitting = (floats / (window.width * window.pixelStride) - window.rowSpan) / window.step + 1
        let strip = min(max(fitting / unit * unit, unit), rows)
        // Row blocks of nearly equal height.
        let strips = (rows + strip - 1) / strip
        return min(((rows + strips - 1) / strips + unit - 1) / unit * unit, rows)
    }

    /// Divides the lanes when the other axes give too few tasks to share.
    func laneParts(_ channels: Int, tasks: Int, isSamples: Bool) -> (perPart: Int, parts: Int) {
        let blocks = (channels + 31) / 32
        let wanted = isSamples ? (blocks + 1) / 2 : (Cut.enoughTasks + tasks - 1) / tasks
        let parts = max(min(wanted, (blocks + 1) / 2), 1)
        let perPart = (blocks + parts - 1) / parts
        return (perPart * 32, (blocks + perPart - 1) / perPart)
    }
}

extension Activation {
    /// The activation as kernels know it.
    fileprivate var nonlinearity: Nonlinearity {
        switch self {
        case .relu: .relu
        case .relu6: .relu6
        case .sigmoid: .sigmoid
        case .tanh: .tanh
        case .gelu: .gelu
        }
    }
}
