internal import Graphs
internal import KernelInterface
internal import Tensors

/// Two-pixel packing, for convolutions of few outputs: the outputs of two pixels are lanes of one vector
/// (`KernelBody/Convolution/TwoPixelPacking.swift`). Their weights' gradient has bits of its own.
struct TwoPixelPacking: ConvolutionAlgorithm {
    func accepts(_ problem: ConvolutionProblem) -> Bool {
        let geometry = problem.geometry
        return geometry.output.channels <= MemoryPlan.smallGranule && geometry.stride == 1 && geometry.kernelWidth > 1
            && !geometry.isDepthwise && !geometry.isLinear && problem.product != .dataGradient
    }

    /// y is written two pixels at a time, and so is dy read; x goes through a copy.
    func mapsPaddedTo8(of problem: ConvolutionProblem) -> MapsPaddedTo8 { .all }

    /// No sums are fused: they are of one pixel's lanes.
    func lower(_ problem: ConvolutionProblem, _ part: ConvolutionPart, in builder: inout PlanBuilder) -> Bool {
        if problem.product == .forward {
            lowerForward(part, in: &builder)
        } else {
            lowerWeightGradient(part, in: &builder)
        }
        return false
    }

    /// y = x * weights + bias, with an activation behind it where the part has one. Addends are gradients' alone.
    private func lowerForward(_ part: ConvolutionPart, in builder: inout PlanBuilder) {
        let geometry = part.geometry
        let weightCount = geometry.kernelHeight * (geometry.kernelWidth + 1) * part.input.channels * WeightLayout.block
        builder.workspace.needPartials(weightCount + MemoryPlan.laneGranule)
        let weights = builder.workspace.partials
        builder.call(
            builder.context.kernels.pairWeights,
            TwoPixelWeightArguments(
                source: UnsafePointer(part.weights), bias: part.bias, destination: weights,
                inputs: part.input.channels, kernelHeight: geometry.kernelHeight, kernelWidth: geometry.kernelWidth),
            tasks: 1)
        let window = window(part, in: builder)
        let phase = builder.wholeMap(geometry, elements(geometry, window, inputs: part.input.channels, in: builder))
        let arguments = builder.arguments(
            for: TapSum(
                geometry: geometry, source: part.input, window: window, weights: UnsafePointer(weights),
                weightBlockStride: weightCount, phases: [phase], destination: part.output,
                bias: UnsafePointer(weights + weightCount), epilogue: part.epilogue))
        // A row of outputs.
        builder.workspace.needScratch(
            arguments.copiedSample + (geometry.output.width + 1) / 2 * MemoryPlan.laneGranule)
        builder.call(builder.context.kernels.convolveTwoPixels, arguments, tasks: arguments.tasks)
    }

    private func lowerWeightGradient(_ part: ConvolutionPart, in builder: inout PlanBuilder) {
        let geometry = part.geometry
        let blocking = WeightBlocking(geometry, terms: geometry.taps, capacity: Blocking.taskSums)
        var window = window(part, in: builder)
        window.pixelStride = builder.spread(blocking.inputsPerTask)
        let elements = elements(geometry, window, inputs: blocking.inputsPerTask, in: builder)
        builder.emitWeightGradient(
            part, WeightGradientForm(window: window, elements: elements, blocking: blocking, holdsTwoPixels: true),
            builder.context.kernels.twoPixelWeightGradient)
    }

    /// A copy of the source that holds all inputs of a kernel one column wider.
    private func window(_ part: ConvolutionPart, in builder: PlanBuilder) -> SourceWindow {
        var window = builder.forwardWindow(part)
        window.isCopied = true
        window.width = (part.geometry.output.width + 1) / 2 * 2 + part.geometry.kernelWidth - 1
        return window
    }

    /// The taps of a kernel one column wider.
    ///
    /// - Parameter inputs: those that a task has: all, or some of them.
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
