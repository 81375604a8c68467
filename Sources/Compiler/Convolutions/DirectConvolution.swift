internal import KernelInterface
internal import Tensors

/// Sums over kernel taps on a register tile (`KernelBody/Convolution/Convolution.swift`), for all problems that no
/// other algorithm accepts. Data gradients are computed once per stride phase.
struct DirectConvolution: ConvolutionAlgorithm {
    func accepts(_ problem: ConvolutionProblem) -> Bool { true }

    func mapsPaddedTo8(of problem: ConvolutionProblem) -> MapsPaddedTo8 {
        // A data gradient writes dx and reads dy in place, in vectors of 16 lanes.
        problem.product != .dataGradient && problem.geometry.axis == .mapRow ? .source : .neither
    }

    func lower(_ problem: ConvolutionProblem, _ part: ConvolutionPart, in builder: inout PlanBuilder) -> Bool {
        builder.lowerTapSum(
            problem.product, part, builder.context.kernels.convolve, weightGradient: lowerWeightGradient)
    }

    private func lowerWeightGradient(_ part: ConvolutionPart, in builder: inout PlanBuilder) {
        let geometry = part.geometry
        let blocking = WeightBlocking(geometry, terms: geometry.taps, capacity: BlockSizes.taskSums)
        var window = builder.forwardWindow(part)
        window.isCopied = true
        window.pixelStride = builder.spread(blocking.inputsPerTask)
        let elements =
            blocking.inputTasks > 1
            ? builder.elements(perTask: blocking.inputsPerTask, geometry, part.input, window)
            : builder.forwardElements(geometry, part.input, window)
        builder.emitWeightGradient(
            part, WeightGradientForm(window: window, elements: elements, blocking: blocking),
            builder.context.kernels.weightGradient)
    }
}

/// Sums over kernel taps where each channel has a kernel of its own: a register tile multiplies a vector of inputs, not
/// a single input.
struct DepthwiseConvolution: ConvolutionAlgorithm {
    func accepts(_ problem: ConvolutionProblem) -> Bool { problem.geometry.isDepthwise }

    func lower(_ problem: ConvolutionProblem, _ part: ConvolutionPart, in builder: inout PlanBuilder) -> Bool {
        builder.lowerTapSum(
            problem.product, part, builder.context.kernels.convolveDepthwise, weightGradient: lowerWeightGradient)
    }

    private func lowerWeightGradient(_ part: ConvolutionPart, in builder: inout PlanBuilder) {
        let geometry = part.geometry
        let blocking = WeightBlocking(depthwise: geometry)
        var window = builder.forwardWindow(part)
        window.isCopied = true
        window.pixelStride = blocking.lanesPerTask
        // The taps of a kernel's row are one batch-reduce GEMM element.
        let rows = (0..<geometry.kernelHeight).map { row in
            ReduceElement(
                source: row * window.width * window.pixelStride,
                weight: row * geometry.kernelWidth * WeightLayout.block,
                length: geometry.kernelWidth)
        }
        builder.emitWeightGradient(
            part, WeightGradientForm(window: window, elements: rows, blocking: blocking),
            builder.context.kernels.depthwiseWeightGradient)
    }
}

extension PlanBuilder {
    /// Appends the kernel calls of a product of a convolution, as a sum over taps.
    ///
    /// - Parameter weightGradient: lowers the weights' gradient.
    /// - Returns: whether the part's sums are fused.
    fileprivate mutating func lowerTapSum(
        _ product: ConvolutionProduct, _ part: ConvolutionPart, _ kernel: Kernel<ConvolutionArguments>,
        weightGradient: (ConvolutionPart, inout PlanBuilder) -> Void
    ) -> Bool {
        switch product {
        case .forward: return emitForward(part.decimated(), kernel)
        case .dataGradient: return emitDataGradient(part, kernel)
        case .weightGradient:
            weightGradient(part.decimated(), &self)
            return false
        }
    }

    /// Computes y = x * weights + bias.
    ///
    /// - Returns: whether the part's sums are fused.
    private mutating func emitForward(
        _ part: ConvolutionPart, _ kernel: Kernel<ConvolutionArguments>
    ) -> Bool {
        let geometry = part.geometry
        let plain = forwardWindow(part)
        let window =
            joined(
                plain, geometry, rows: geometry.output.height, columns: geometry.output.width,
                kernelHeight: geometry.kernelHeight, columnCopies: geometry.kernelWidth) ?? plain
        let elements = forwardElements(geometry, part.input, window)
        let sum = TapSum(
            geometry: geometry, source: part.input, window: window, weights: UnsafePointer(part.weights),
            weightBlockStride: geometry.taps * geometry.inputsPerOutput * WeightLayout.block,
            phases: [wholeMap(geometry, elements)],
            destination: part.output, epilogue: part.epilogue)
        return emit(sum, kernel)
    }

    /// Computes dx = dy * transposed weights.
    ///
    /// - Returns: whether the part's sums are fused.
    private mutating func emitDataGradient(
        _ part: ConvolutionPart, _ kernel: Kernel<ConvolutionArguments>
    ) -> Bool {
        let (geometry, dx, dy) = (part.geometry, part.input, part.output)
        let taps = StridePhases(geometry)
        let window = dataGradientWindow(part, taps)
        let phases = taps.phases.map { phase in
            let elements = dataGradientElements(phase, taps, dy, window, geometry)
            return Phase(
                rows: phase.rows, columns: phase.columns, firstRow: phase.firstRow, firstColumn: phase.firstColumn,
                elements: UnsafePointer(memory.store(elements)), elementCount: elements.count)
        }
        let outputs = geometry.isDepthwise ? 1 : dy.channels
        let sum = TapSum(
            geometry: geometry, source: dy, window: window, weights: transposed(part, order: taps.tapOrder),
            weightBlockStride: geometry.taps * outputs * WeightLayout.block, phases: phases, destination: dx,
            step: geometry.stride, epilogue: part.epilogue)
        return emit(sum, kernel)
    }

    private func dataGradientWindow(_ part: ConvolutionPart, _ taps: StridePhases) -> SourceWindow {
        let (geometry, dy) = (part.geometry, part.output)
        // With one tap and a stride, a tile's pixels would often fall on the same lines of the first-level cache.
        let isStrided = geometry.taps == 1 && geometry.stride > 1
        var window = SourceWindow(
            isCopied: geometry.axis == .pixels
                || geometry.axis == .mapRow && (isStrided || taps.needsCopy(geometry)),
            padTop: taps.padTop, padLeft: taps.padLeft, width: taps.width, pixelStride: copiedPixel(geometry, dy),
            rowSpan: taps.rowSpan, step: 1, scratch: workspace.scratch, scratchStride: workspace.scratchStride)
        if let norm = part.normGradient {
            window.prologue = .normGradient(norm)
            window.pixelStride = spread(MemoryPlan.wholeVectors(dy.channels))
        }
        // With a stride, pixels of a stride phase lie at two different distances.
        guard geometry.stride == 1 else { return window }
        let columns = taps.phases[0].columns
        return joined(
            window, geometry, rows: taps.phases[0].rows, columns: columns, kernelHeight: taps.rowSpan,
            columnCopies: taps.width - columns + 1) ?? window
    }

    private func dataGradientElements(
        _ phase: StridePhases.Phase, _ taps: StridePhases, _ dy: TensorView, _ window: SourceWindow,
        _ geometry: ConvolutionGeometry
    ) -> [ReduceElement] {
        let elements = phase.taps.map { tap in
            let source = tapOffset(row: tap.row + window.padTop, column: tap.column + window.padLeft, window, dy)
            return geometry.isDepthwise
                ? ReduceElement(source: source, weight: taps.tapOrder[tap.place] * WeightLayout.block, length: 1)
                : ReduceElement(
                    source: source, weight: tap.place * dy.channels * WeightLayout.block, length: dy.channels)
        }
        return joining(elements)
    }

    /// Returns the weights with inputs as lanes; those of a depthwise convolution are that already.
    ///
    /// - Parameter order: the tap for each place of the result.
    mutating func transposed(_ part: ConvolutionPart, order: [Int]) -> UnsafePointer<Float> {
        if part.geometry.isDepthwise { return UnsafePointer(part.weights) }
        let blocks = WeightLayout.blocks(part.input.channels)
        workspace.needPartials(blocks * part.geometry.taps * part.output.channels * WeightLayout.block)
        call(
            context.kernels.transposeWeights,
            TransposeArguments(
                source: UnsafePointer(part.weights), destination: workspace.partials, inputs: part.input.channels,
                outputs: part.output.channels, taps: part.geometry.taps,
                order: UnsafePointer(memory.store(order))),
            tasks: blocks)
        return UnsafePointer(workspace.partials)
    }
}
