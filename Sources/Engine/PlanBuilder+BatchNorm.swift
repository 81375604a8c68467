internal import Graphs
internal import KernelInterface
internal import Tensors

extension PlanBuilder {
    mutating func lowerBatchNorm(_ node: Node, _ norm: BatchNorm) {
        guard let output = node.output else { return }
        let x = view(node.inputs[0])
        let arguments = memory.store(
            BatchNormArguments(
                batch: context.batch, step: UnsafePointer(context.step), state: state(norm, channels: x.channels),
                input: x, gradient: nil, output: view(output), addend: norm.addsIdentity ? view(node.inputs[1]) : nil,
                bounds: norm.activation?.bounds, activated: nil, weightGradient: nil, biasGradient: nil, partials: nil))
        if graph.purpose == .evaluation {
            call("batchNormFreeze", context.kernels.batchNormFreeze, stored: UnsafePointer(arguments), tasks: 1)
        } else {
            call("batchNormSums", context.kernels.batchNormSums, stored: UnsafePointer(arguments), tasks: slots)
            call(
                "batchNormShardSums", context.kernels.batchNormShardSums, stored: UnsafePointer(arguments),
                tasks: context.batch.shards)
            call("batchNormTree", context.kernels.batchNormTree, stored: UnsafePointer(arguments), tasks: 1)
            exchange(arguments.pointee.state)
            call("batchNormFinish", context.kernels.batchNormFinish, stored: UnsafePointer(arguments), tasks: 1)
        }
        call("batchNormApply", context.kernels.batchNormApply, stored: UnsafePointer(arguments), tasks: slots)
    }

    mutating func lowerBatchNormGradient(_ node: Node, _ norm: BatchNorm) {
        let arguments = gradientArguments(node, norm)
        if norm.isResidual {
            // What dy is already has gone through the activation, and its sums have been taken.
            arguments.pointee.bounds = nil
        } else {
            call(
                "batchNormGradientSums", context.kernels.batchNormGradientSums, stored: UnsafePointer(arguments),
                tasks: slots)
            finishGradientSums(arguments)
        }
        guard node.output != nil else { return }
        call(
            "batchNormGradientFinish", context.kernels.batchNormGradientFinish, stored: UnsafePointer(arguments),
            tasks: 1)
        call(
            "batchNormGradientApply", context.kernels.batchNormGradientApply, stored: UnsafePointer(arguments),
            tasks: slots)
    }

    mutating func lowerResidualGradient(_ node: Node, _ norm: BatchNorm) {
        let arguments = gradientArguments(node, norm)
        arguments.pointee.activated = view(node.inputs[1])
        call("residualGradient", context.kernels.residualGradient, stored: UnsafePointer(arguments), tasks: slots)
        finishGradientSums(arguments)
    }

    /// Inputs begin with x and end with dy.
    private mutating func gradientArguments(
        _ node: Node, _ norm: BatchNorm
    ) -> UnsafeMutablePointer<BatchNormArguments> {
        let x = view(node.inputs[0])
        workspace.needPartials(context.batch.shards * 2 * padded(x.channels))
        return memory.store(
            BatchNormArguments(
                batch: context.batch, step: UnsafePointer(context.step), state: state(norm, channels: x.channels),
                input: x, gradient: node.inputs.last.map(view), output: node.output.map(view),
                addend: node.addend.map(view), bounds: norm.activation?.bounds, activated: nil,
                weightGradient: gradient(norm.weight), biasGradient: gradient(norm.bias), partials: workspace.partials))
    }

    /// From sums over samples to those over all ranks, and the gradients of weight and bias.
    private mutating func finishGradientSums(_ arguments: UnsafeMutablePointer<BatchNormArguments>) {
        call(
            "batchNormShardSums", context.kernels.batchNormShardSums, stored: UnsafePointer(arguments),
            tasks: context.batch.shards)
        call(
            "batchNormParameterGradient", context.kernels.batchNormParameterGradient, stored: UnsafePointer(arguments),
            tasks: 1)
        call("batchNormTree", context.kernels.batchNormTree, stored: UnsafePointer(arguments), tasks: 1)
        exchange(arguments.pointee.state)
    }

    private mutating func exchange(_ state: BatchNormState) {
        append(.exchange(state.sums, count: 2 * padded(state.channels)), name: "exchange")
    }

    private func padded(_ channels: Int) -> Int { (channels + 15) / 16 * 16 }

    /// What forward and backward of one layer share.
    private mutating func state(_ norm: BatchNorm, channels: Int) -> BatchNormState {
        workspace.needSums(slots * 2 * padded(channels))
        if let state = norms[norm.index] { return state }
        let width = padded(channels)
        let vectors = memory.allocate(Float.self, count: 6 * width)
        let state = BatchNormState(
            channels: channels, epsilon: norm.epsilon, momentum: norm.momentum,
            weight: UnsafePointer(weights(norm.weight)), bias: UnsafePointer(weights(norm.bias)),
            runningMean: weights(norm.runningMean), runningVariance: weights(norm.runningVariance), mean: vectors,
            inverseDeviation: vectors + width, sampleSums: workspace.sampleSums,
            sums: memory.allocate(Double.self, count: 2 * width), scale: vectors + 2 * width,
            gradientScale: vectors + 3 * width, slope: vectors + 4 * width, offset: vectors + 5 * width)
        norms[norm.index] = state
        return state
    }
}

extension Activation {
    /// What kernels know of it.
    fileprivate var bounds: Bounds {
        switch self {
        case .relu: Bounds(low: 0, high: .infinity)
        case .relu6: Bounds(low: 0, high: 6)
        }
    }
}
