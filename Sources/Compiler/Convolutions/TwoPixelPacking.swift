internal import Graphs
internal import KernelInterface
internal import Tensors

/// Two-pixel packing, for convolutions of few outputs: the outputs of two pixels are lanes of one vector
/// (`KernelBody/Convolution/TwoPixelPacking.swift`). Its weight gradient has bits of its own.
struct TwoPixelPacking: ConvolutionAlgorithm {
    func accepts(_ problem: ConvolutionProblem) -> Bool {
        let geometry = problem.geometry
        return geometry.output.channels <= MemoryPlan.smallGranule && geometry.stride == 1 && geometry.kernelWidth > 1
            && !geometry.isDepthwise && !geometry.isLinear && problem.product != .dataGradient
    }

    /// Returns all maps: y is written and dy read two pixels at a time; x goes through a copy.
    func mapsPaddedTo8(of problem: ConvolutionProblem) -> MapsPaddedTo8 { .all }

    /// Lowers the problem without fusing sums, which would need the lanes of single pixels.
    func lower(_ problem: ConvolutionProblem, _ part: ConvolutionPart, in builder: inout PlanBuilder) -> Bool {
        if problem.product == .forward {
            lowerForward(part, in: &builder)
        } else {
            lowerWeightGradient(part, in: &builder)
        }
        return false
    }

    /// Computes y = x * weights + bias, with the part's activation as epilogue. Only gradients have addends.
    private func lowerForward(_ part: ConvolutionPart, in builder: inout PlanBuilder) {
        let geometry = part.geometry
        let weightCount = geometry.kernelHeight * (geometry.kernelWidth + 1) * part.input.channels * WeightLayout.block
        builder.workspace.needPartials(weightCount + MemoryPlan.laneGranule)
        let weights = builder.workspace.partials
        builder.call(
            builder.context.kernels.pairWeights,
            TwoPixelWeightArguments(
                source: UnsafePointer(part.weights), bias: part.epilogue.bias, destination: weights,
                inputs: part.input.channels, kernelHeight: geometry.kernelHeight, kernelWidth: geometry.kernelWidth),
            tasks: 1)
        let window = window(part, in: builder)
        let phase = builder.wholeMap(geometry, elements(geometry, window, inputs: part.input.channels, in: builder))
        let arguments = builder.arguments(
            for: TapSum(
                geometry: geometry, source: part.input, window: window, weights: UnsafePointer(weights),
                weightBlockStride: weightCount, phases: [phase], destination: part.output,
                epilogue: Epilogue(
                    bias: UnsafePointer(weights + weightCount), activation: part.epilogue.activation)))
        // A row of outputs.
        builder.workspace.needScratch(
            arguments.copiedSample + (geometry.output.width + 1) / 2 * MemoryPlan.laneGranule)
        builder.call(builder.context.kernels.convolveTwoPixels, arguments, tasks: arguments.blocking.tasks)
    }

    private func lowerWeightGradient(_ part: ConvolutionPart, in builder: inout PlanBuilder) {
        let geometry = part.geometry
        let blocking = WeightBlocking(geometry, terms: geometry.taps, capacity: BlockSizes.taskSums)
        var window = window(part, in: builder)
        window.pixelStride = builder.spread(blocking.inputsPerTask)
        let elements = elements(geometry, window, inputs: blocking.inputsPerTask, in: builder)
        builder.emitWeightGradient(
            part, WeightGradientForm(window: window, elements: elements, blocking: blocking, holdsTwoPixels: true),
            builder.context.kernels.twoPixelWeightGradient)
    }

    /// Returns the copy of the source that has all inputs of a kernel one column wider.
    private func window(_ part: ConvolutionPart, in builder: PlanBuilder) -> SourceWindow {
        var window = builder.forwardWindow(part)
        window.isCopied = true
        window.width = (part.geometry.output.width + 1) / 2 * 2 + part.geometry.kernelWidth - 1
        return window
    }

    /// Returns the taps of a kernel one column wider.
    ///
    /// - Parameter inputs: the number of inputs that a task has: all, or some.
    private func elements(
        _ geometry: ConvolutionGeometry, _ window: SourceWindow, inputs: Int, in builder: PlanBuilder
    ) -> [ReduceElement] {
        let columns = geometry.kernelWidth + 1
        let taps = (0..<geometry.kernelHeight * columns).map { tap in
            ReduceElement(
                source: (tap / columns * window.width + tap % columns) * window.pixelStride,
                weight: tap * inputs * WeightLayout.block, length: inputs)
        }
        // Tasks end an element where their inputs end: it must not have inputs of two taps then.
        return inputs == geometry.inputsPerOutput ? builder.joining(taps) : taps
    }
}
