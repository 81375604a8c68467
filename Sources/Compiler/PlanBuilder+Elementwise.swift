internal import Graphs
internal import KernelInterface
internal import Tensors

extension PlanBuilder {
    /// The kernels of an activation and of its gradient.
    func kernels(
        of activation: Activation
    ) -> (forward: Kernel<ElementwiseArguments>, gradient: Kernel<ElementwiseArguments>) {
        let kernels = context.kernels
        return switch activation {
        case .relu: (kernels.relu, kernels.reluGradient)
        case .relu6: (kernels.relu6, kernels.relu6Gradient)
        case .sigmoid: (kernels.sigmoid, kernels.sigmoidGradient)
        case .tanh: (kernels.tanh, kernels.tanhGradient)
        case .gelu: (kernels.gelu, kernels.geluGradient)
        }
    }

    mutating func lowerElementwise(
        _ node: Node, _ kernel: Kernel<ElementwiseArguments>, factor: Float = 1
    ) {
        guard let output = node.output else { return }
        var arguments = ElementwiseArguments(
            batch: context.batch, first: view(node.inputs[0]),
            second: node.inputs.count > 1 ? view(node.inputs[1]) : nil, output: view(output),
            addend: node.addend.map(view))
        arguments.factor = factor
        call(kernel, arguments, tasks: slots)
    }

    mutating func lowerDropout(_ node: Node, rate: Float, layer: Int) {
        guard let output = node.output else { return }
        let arguments = DropoutArguments(
            batch: context.batch, step: UnsafePointer(context.step), input: view(node.inputs[0]), output: view(output),
            addend: node.addend.map(view), rate: rate, layer: layer)
        call(context.kernels.dropout, arguments, tasks: slots)
    }

    /// Lowers local response normalisation; the inputs are [x], or [x, y, dy] of its gradient.
    mutating func lowerLRN(_ node: Node, size: Int, alpha: Float, beta: Float, k: Float) {
        guard let output = node.output else { return }
        let isGradient = node.inputs.count == 3
        let input = view(node.inputs[0])
        workspace.needScratch(2 * (MemoryPlan.wholeVectors(input.channels) + 64))
        let arguments = LRNArguments(
            batch: context.batch, input: input, output: view(isGradient ? node.inputs[1] : output),
            outputGradient: isGradient ? view(node.inputs[2]) : nil, inputGradient: isGradient ? view(output) : nil,
            addend: node.addend.map(view), size: size, alpha: alpha, beta: beta, k: k, scratch: workspace.scratch,
            scratchStride: workspace.scratchStride)
        let kernels = context.kernels
        call(
            isGradient ? kernels.localResponseNormalizationGradient : kernels.localResponseNormalization, arguments,
            tasks: slots)
    }

    /// Inputs are [x]; of a gradient [x, y, dy] for maxima, else [dy].
    mutating func lowerPooling(
        _ node: Node, _ pooling: Pooling?, _ kernel: Kernel<PoolingArguments>, isGradient: Bool = false
    ) {
        guard let output = node.output, let last = node.inputs.last else { return }
        let (x, y) =
            !isGradient ? (last, output) : node.inputs.count == 3 ? (node.inputs[0], node.inputs[1]) : (output, last)
        var arguments = PoolingArguments(
            batch: context.batch, input: view(x), output: view(y), outputGradient: isGradient ? view(last) : nil,
            inputGradient: isGradient ? view(output) : nil, addend: node.addend.map(view),
            kernel: pooling?.kernel ?? 0, stride: pooling?.stride ?? 0, padding: pooling?.padding ?? 0)
        normalize(&arguments, node)
        arguments.activation = activation(of: node)
        call(kernel, arguments, tasks: slots)
    }

    /// Makes windows read a copy of their rows where x is normalised as it is read.
    private mutating func normalize(_ arguments: inout PoolingArguments, _ node: Node) {
        guard let norm = node.load else { return }
        let input = arguments.input
        workspace.needScratch(arguments.kernel * input.width * MemoryPlan.wholeVectors(input.channels))
        arguments.normalization = normalization(norm, from: 0)
        arguments.scratch = workspace.scratch
        arguments.scratchStride = workspace.scratchStride
    }

    /// Copies the inputs that do not already lie in their slice of the output.
    mutating func lowerConcatenation(_ node: Node) {
        guard let output = node.output else { return }
        var offset = 0
        for input in node.inputs {
            let source = view(input)
            if !layout.isPlaced(input, in: output, at: offset) {
                var target = view(output)
                let isLast = offset + source.channels == target.channels
                target.advance(by: offset)
                // The last input's copy also clears the lanes after it that belong to no input, but not beyond this
                // concatenation: it may lie in a wider one, whose other inputs may have been written.
                let lanes = MemoryPlan.wholeVectors(target.channels)
                target.channels = isLast ? min(lanes, target.pixelStride) - offset : source.channels
                copy(source, to: target)
            }
            offset += source.channels
        }
    }

    mutating func lowerSlice(_ node: Node, offset: Int) {
        guard let output = node.output, !layout.isPlaced(output, in: node.inputs[0], at: offset) else { return }
        var source = view(node.inputs[0])
        var target = view(output)
        source.advance(by: offset)
        source.channels = target.channels
        target.channels = target.pixelStride
        copy(source, to: target)
    }

    private mutating func copy(_ source: TensorView, to target: TensorView) {
        call(
            context.kernels.copy,
            ElementwiseArguments(batch: context.batch, first: source, second: nil, output: target, addend: nil),
            tasks: slots)
    }

    /// - Parameter gradient: written together with the loss; nil for none.
    mutating func lowerLoss(_ logits: ValueID, gradient: ValueID? = nil, weight: Float) {
        call(context.kernels.crossEntropy, crossEntropy(logits, gradient.map(view), weight: weight), tasks: slots)
        hasLoss = true
    }

    mutating func lowerLossGradient(_ node: Node, weight: Float) {
        guard let output = node.output else { return }
        call(
            context.kernels.crossEntropyGradient, crossEntropy(node.inputs[0], view(output), weight: weight),
            tasks: slots)
    }

    private func crossEntropy(_ logits: ValueID, _ gradient: TensorView?, weight: Float) -> CrossEntropyArguments {
        CrossEntropyArguments(
            batch: context.batch, step: UnsafePointer(context.step), logits: view(logits), gradient: gradient,
            weight: weight, losses: context.losses, predictions: context.predictions,
            probabilities: context.probabilities, isFirst: !hasLoss)
    }
}
