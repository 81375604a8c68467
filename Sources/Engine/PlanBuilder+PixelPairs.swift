internal import Graphs
internal import KernelInterface
internal import Tensors

extension ConvolutionGeometry {
    /// Whether a convolution and its weight gradient use two-pixel packing: the outputs of two pixels are lanes of one
    /// vector (`KernelBody/PixelPairs.swift`). That follows from the layer alone: the gradient's bits are other ones.
    var isPaired: Bool {
        output.channels <= MemoryPlan.narrowPixel && stride == 1 && kernelWidth > 1 && !isDepthwise && !isLinear
    }
}

extension PlanBuilder {
    /// y = x * weights + bias, with an activation behind it where the part has one. No sums are fused, and nothing else
    /// is added.
    mutating func emitPairs(_ part: ConvolutionPart) {
        let geometry = part.geometry
        let weightCount = geometry.kernelHeight * (geometry.kernelWidth + 1) * part.input.channels * 32
        workspace.needPartials(weightCount + MemoryPlan.laneGranule)
        let weights = workspace.partials
        call(
            context.kernels.pairWeights,
            PairedWeightArguments(
                source: UnsafePointer(part.weights), bias: part.bias, destination: weights,
                inputs: part.input.channels, kernelHeight: geometry.kernelHeight, kernelWidth: geometry.kernelWidth),
            tasks: 1)
        let window = pairWindow(part)
        let segments = pairSegments(geometry, window, inputs: part.input.channels)
        let phase = Phase(
            rows: geometry.output.height, columns: geometry.output.width, firstRow: 0, firstColumn: 0,
            segments: UnsafePointer(memory.store(segments)), segmentCount: segments.count)
        let arguments = cutIntoTasks(
            geometry, source: part.input, window: window, weights: UnsafePointer(weights),
            weightBlockStride: weightCount, phases: [phase], destination: part.output, step: 1, addend: nil,
            bias: UnsafePointer(weights + weightCount), finish: part.finish, sums: nil)
        // A row of outputs.
        workspace.needScratch(
            arguments.copiedSample + (geometry.output.width + 1) / 2 * MemoryPlan.laneGranule)
        call(context.kernels.convolvePairs, arguments, tasks: arguments.tasks)
    }

    /// A copy of the source that holds all inputs of a kernel one column wider.
    func pairWindow(_ part: ConvolutionPart) -> SourceWindow {
        var window = forwardWindow(part)
        window.isCopied = true
        window.width = (part.geometry.output.width + 1) / 2 * 2 + part.geometry.kernelWidth - 1
        return window
    }

    /// The taps of a kernel one column wider.
    ///
    /// - Parameter inputs: those that a task has: all, or a part of them.
    func pairSegments(_ geometry: ConvolutionGeometry, _ window: SourceWindow, inputs: Int) -> [Segment] {
        let columns = geometry.kernelWidth + 1
        let taps = (0..<geometry.kernelHeight * columns).map { tap in
            Segment(
                source: (tap / columns * window.width + tap % columns) * window.pixelStride, weight: tap * inputs * 32,
                length: inputs)
        }
        // Tasks end a segment where their part ends: it must not have inputs of two taps then.
        guard inputs == geometry.inputsPerOutput else { return taps }
        var segments: [Segment] = []
        for tap in taps { append(tap, to: &segments) }
        return segments.flatMap(cut)
    }
}
