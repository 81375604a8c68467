internal import Graphs
internal import KernelInterface
internal import Tensors

extension PlanBuilder {
    mutating func lowerBatchNorm(_ node: Node, _ norm: BatchNorm) {
        let arguments = normalizing(node, norm)
        if graph.purpose == .evaluation {
            call("batchNormFreeze", context.kernels.batchNormFreeze, arguments, tasks: 1)
        } else {
            finishMoments(of: norm, x: node.inputs[0], arguments)
        }
        guard node.output != nil else { return }
        call("batchNormApply", context.kernels.batchNormApply, arguments, tasks: slots)
    }

    /// y again, where all that normalises x is there already.
    mutating func lowerNormalization(_ node: Node, _ norm: BatchNorm) {
        call("batchNormApply", context.kernels.batchNormApply, normalizing(node, norm), tasks: slots)
    }

    private mutating func normalizing(_ node: Node, _ norm: BatchNorm) -> BatchNormArguments {
        var arguments = arguments(norm, x: view(node.inputs[0]), sums: nil)
        arguments.output = node.output.map(view)
        arguments.addend = norm.addsIdentity ? view(node.inputs[1]) : nil
        arguments.addendNormalization = node.load.map { normalization($0, from: 0) }
        return arguments
    }

    /// From the sums of x, or of its parts, to what normalises it.
    private mutating func finishMoments(of norm: BatchNorm, x: ValueID, _ arguments: BatchNormArguments) {
        if norm.parts.isEmpty { lowerMoments(of: x) }
        var rows: [BatchNormArguments] = []
        var offset = 0
        for part in norm.parts.isEmpty ? [x] : norm.parts {
            guard let sums = moments[part] else { preconditionFailure("no moments of \(graph[part].name)") }
            let channels = graph[part].shape.channels
            var row = arguments
            row.state = row.state.slice(offset, channels)
            row.sums = sums
            rows.append(row)
            offset += channels
        }
        call(
            "batchNormFinish", context.kernels.batchNormFinish, stored: UnsafePointer(memory.store(rows)),
            tasks: rows.count)
    }

    /// Sums x and its squares over the samples of all ranks.
    mutating func lowerMoments(of value: ValueID) {
        // What has written it may have taken them along.
        guard moments[value] == nil else { return }
        let x = view(value)
        let sums = newSums(channels: x.channels)
        moments[value] = sums
        call(
            "moments", context.kernels.moments, ChannelSumArguments(batch: context.batch, input: x, sums: sums),
            tasks: slots)
        sumShards(x, sums)
        exchangeAlongTree(x, sums)
    }

    mutating func lowerBatchNormGradient(_ node: Node, _ norm: BatchNorm) {
        var arguments = gradientArguments(node, norm)
        if norm.isResidual {
            // What dy is already has gone through the activation, and its sums have been taken.
            arguments.bounds = nil
        } else if !summedGradients.contains(norm.index) {
            call("batchNormGradientSums", context.kernels.batchNormGradientSums, arguments, tasks: slots)
            finishGradientSums(arguments)
        }
        guard node.output != nil else { return }
        call("batchNormGradientFinish", context.kernels.batchNormGradientFinish, arguments, tasks: 1)
        call("batchNormGradientApply", context.kernels.batchNormGradientApply, arguments, tasks: slots)
    }

    mutating func lowerResidualGradient(_ node: Node, _ norm: BatchNorm) {
        var arguments = gradientArguments(node, norm)
        arguments.activated = view(node.inputs[1])
        call("residualGradient", context.kernels.residualGradient, arguments, tasks: slots)
        finishGradientSums(arguments)
    }

    /// Inputs begin with x and end with dy.
    private mutating func gradientArguments(_ node: Node, _ norm: BatchNorm) -> BatchNormArguments {
        var arguments = gradientArguments(norm, x: node.inputs[0])
        arguments.gradient = node.inputs.last.map(view)
        arguments.output = node.output.map(view)
        arguments.addend = node.addend.map(view)
        return arguments
    }

    private mutating func gradientArguments(_ norm: BatchNorm, x: ValueID) -> BatchNormArguments {
        let x = view(x)
        let sums = gradientSums[norm.index] ?? newSums(channels: x.channels)
        gradientSums[norm.index] = sums
        workspace.needPartials(context.batch.shards * 2 * sums.width)
        var arguments = arguments(norm, x: x, sums: sums)
        arguments.weightGradient = gradient(norm.weight)
        arguments.biasGradient = gradient(norm.bias)
        arguments.partials = workspace.partials
        return arguments
    }

    // MARK: Sums that convolutions take along

    /// The sums of runs that a node may take along over its output.
    mutating func runSums(_ sums: OutputSums?, of output: ValueID) -> RunSums? {
        guard let sums else { return nil }
        let written = view(output)
        var norm: RunNorm?
        if case .gradient(let of, let x) = sums {
            let arguments = gradientArguments(of, x: x)
            norm = RunNorm(
                input: arguments.input, mean: UnsafePointer(arguments.state.mean),
                scale: UnsafePointer(arguments.state.scale), bias: arguments.state.bias, bounds: arguments.bounds)
        }
        let runs = RunSums(
            height: written.height,
            rowsPerRun: RunSums.rowsPerRun(height: written.height, width: written.width),
            width: padded(written.channels), partials: workspace.runSums, norm: norm)
        workspace.needRuns(slots * runs.runs * 2 * runs.width)
        return runs
    }

    /// From the sums of runs, which the convolution has just taken, to those over all ranks.
    mutating func finishSums(_ sums: OutputSums, _ runs: RunSums, of output: ValueID) {
        switch sums {
        case .moments:
            let x = view(output)
            let sums = newSums(channels: x.channels)
            moments[output] = sums
            sumRuns(runs, sums)
            sumShards(x, sums)
            exchangeAlongTree(x, sums)
        case .gradient(let norm, let x):
            let arguments = gradientArguments(norm, x: x)
            guard let sums = arguments.sums else { return }
            summedGradients.insert(norm.index)
            sumRuns(runs, sums)
            finishGradientSums(arguments)
        }
    }

    private mutating func sumRuns(_ runs: RunSums, _ sums: ChannelSums) {
        call(
            "runSums", context.kernels.runSums, RunSumArguments(batch: context.batch, runs: runs, sums: sums),
            tasks: slots)
    }

    /// From sums over samples to those over all ranks, and the gradients of weight and bias.
    private mutating func finishGradientSums(_ arguments: BatchNormArguments) {
        guard let sums = arguments.sums else { return }
        sumShards(arguments.input, sums)
        call("batchNormParameterGradient", context.kernels.batchNormParameterGradient, arguments, tasks: 1)
        exchangeAlongTree(arguments.input, sums)
    }

    // MARK: Sums

    private mutating func sumShards(_ x: TensorView, _ sums: ChannelSums) {
        call(
            "shardSums", context.kernels.shardSums, ChannelSumArguments(batch: context.batch, input: x, sums: sums),
            tasks: context.batch.shards)
    }

    private mutating func exchangeAlongTree(_ x: TensorView, _ sums: ChannelSums) {
        call(
            "shardTree", context.kernels.shardTree, ChannelSumArguments(batch: context.batch, input: x, sums: sums),
            tasks: 1)
        append(.exchange(sums.total, count: 2 * sums.width), name: "exchange")
    }

    /// Sums over samples are of use only until the shards' are added up: all norms share that memory.
    private mutating func newSums(channels: Int) -> ChannelSums {
        let width = padded(channels)
        workspace.needSums(slots * 2 * width)
        return ChannelSums(
            width: width, samples: workspace.sampleSums, total: memory.allocate(Double.self, count: 2 * width))
    }

    private func padded(_ channels: Int) -> Int { (channels + 15) / 16 * 16 }

    /// What a convolution that reads the norm's input makes of it, from one channel on.
    func normalization(_ norm: BatchNorm, from channel: Int) -> Normalization {
        guard let state = norms[norm.index] else { preconditionFailure("batch norm \(norm.index) has no moments yet") }
        return Normalization(
            mean: UnsafePointer(state.mean) + channel, scale: UnsafePointer(state.scale) + channel,
            bias: state.bias + channel,
            bounds: norm.activation?.bounds ?? Bounds(low: -.infinity, high: .infinity))
    }

    // MARK: What forward and backward share

    private mutating func arguments(_ norm: BatchNorm, x: TensorView, sums: ChannelSums?) -> BatchNormArguments {
        BatchNormArguments(
            batch: context.batch, step: UnsafePointer(context.step), state: state(norm, channels: x.channels),
            sums: sums, input: x, gradient: nil, output: nil, addend: nil, bounds: norm.activation?.bounds,
            activated: nil, weightGradient: nil, biasGradient: nil, partials: nil)
    }

    private mutating func state(_ norm: BatchNorm, channels: Int) -> BatchNormState {
        if let state = norms[norm.index] { return state }
        let width = padded(channels)
        let vectors = memory.allocate(Float.self, count: 6 * width)
        let state = BatchNormState(
            channels: channels, epsilon: norm.epsilon, momentum: norm.momentum,
            weight: UnsafePointer(weights(norm.weight)), bias: UnsafePointer(weights(norm.bias)),
            runningMean: weights(norm.runningMean), runningVariance: weights(norm.runningVariance), mean: vectors,
            inverseDeviation: vectors + width, scale: vectors + 2 * width, gradientScale: vectors + 3 * width,
            slope: vectors + 4 * width, offset: vectors + 5 * width)
        norms[norm.index] = state
        return state
    }
}

extension BatchNormState {
    /// That of some of the channels.
    fileprivate func slice(_ offset: Int, _ channels: Int) -> BatchNormState {
        BatchNormState(
            channels: channels, epsilon: epsilon, momentum: momentum, weight: weight + offset, bias: bias + offset,
            runningMean: runningMean + offset, runningVariance: runningVariance + offset, mean: mean + offset,
            inverseDeviation: inverseDeviation + offset, scale: scale + offset, gradientScale: gradientScale + offset,
            slope: slope + offset, offset: self.offset + offset)
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
