internal import Graphs
internal import KernelInterface
internal import Tensors

extension PlanBuilder {
    mutating func lowerBatchNorm(_ node: Node, _ norm: BatchNorm) {
        let arguments = normalizing(node, norm)
        if graph.purpose == .evaluation {
            call(context.kernels.batchNormFreeze, arguments, tasks: 1)
        } else {
            finishMoments(node, norm, arguments)
        }
        guard node.output != nil else { return }
        call(context.kernels.batchNormApply, arguments, tasks: slots)
    }

    /// Computes y again, where the scales and shifts of x are known already.
    mutating func lowerNormalization(_ node: Node, _ norm: BatchNorm) {
        call(context.kernels.batchNormApply, normalizing(node, norm), tasks: slots)
    }

    private mutating func normalizing(_ node: Node, _ norm: BatchNorm) -> BatchNormArguments {
        var arguments = arguments(norm, x: view(node.inputs[0]))
        arguments.output = node.output.map(view)
        arguments.addend = norm.addsIdentity ? view(node.inputs[1]) : nil
        arguments.addendNormalization = node.load.map { normalization($0, from: 0) }
        return arguments
    }

    /// Computes the scales and shifts that normalise x from all ranks' sums of x, or of its parts.
    private mutating func finishMoments(_ node: Node, _ norm: BatchNorm, _ arguments: BatchNormArguments) {
        var rows: [BatchNormArguments] = []
        var offset = 0
        let parts = norm.parts.isEmpty ? [node.inputs[0]] : norm.parts
        for (part, total) in zip(parts, node.channelInputs.suffix(parts.count)) {
            let channels = graph[part].shape.channels
            var row = arguments
            row.state = row.state.slice(offset, channels)
            row.sums = sums(total)
            rows.append(row)
            offset += channels
        }
        call(context.kernels.batchNormFinish, stored: UnsafePointer(memory.store(rows)), tasks: rows.count)
    }

    mutating func lowerBatchNormGradient(_ node: Node, _ norm: BatchNorm) {
        var arguments = gradientArguments(node, norm)
        if norm.isResidual {
            // The activation's mask has been applied to dy already, and its sums have been taken.
            arguments.bounds = nil
        }
        // Where nobody reads the data gradient, the parameters' have come with the sums.
        guard node.channelOutput != nil, let total = node.channelInputs.last else { return }
        arguments.sums = sums(total)
        call(context.kernels.batchNormGradientFinish, arguments, tasks: 1)
        guard node.output != nil else { return }
        let kernels = context.kernels
        call(
            norm.defersShift ? kernels.batchNormGradientScale : kernels.batchNormGradientApply, arguments, tasks: slots)
    }

    mutating func lowerNormShift(_ node: Node, _ parts: [NormPart]) {
        guard let output = node.output else { return }
        let x = view(node.inputs[0])
        let states = parts.map { part in
            guard let state = norms[part.norm] else {
                preconditionFailure("batch norm \(part.norm) has no gradient yet")
            }
            return state.slice(part.firstChannel, x.channels)
        }
        let vectors = memory.vector(Float.self, count: 2 * MemoryPlan.wholeVectors(x.channels))
        let arguments = NormShiftArguments(
            batch: context.batch, norms: UnsafePointer(memory.store(states)), normCount: states.count, slope: vectors,
            offset: vectors + MemoryPlan.wholeVectors(x.channels), input: x, gradient: view(node.inputs[1]),
            output: view(output))
        call(context.kernels.normShiftFinish, arguments, tasks: 1)
        call(context.kernels.normShift, arguments, tasks: slots)
    }

    mutating func lowerResidualGradient(_ node: Node, _ norm: BatchNorm) {
        // The kernel that has written dy may have computed this.
        if let sums = residualSums[norm.index] { return keep(sums, of: node) }
        var arguments = gradientArguments(node, norm)
        arguments.activated = view(node.inputs[1])
        takeGradientSums(context.kernels.residualGradient, &arguments, by: node)
    }

    /// The arguments for a node whose first input is x and whose last is dy.
    private mutating func gradientArguments(_ node: Node, _ norm: BatchNorm) -> BatchNormArguments {
        var arguments = gradientArguments(norm, x: node.inputs[0])
        arguments.gradient = node.inputs.last.map(view)
        arguments.output = node.output.map(view)
        arguments.addend = node.addend.map(view)
        return arguments
    }

    private mutating func gradientArguments(_ norm: BatchNorm, x: ValueID) -> BatchNormArguments {
        let x = view(x)
        workspace.needPartials(context.batch.shards * 2 * MemoryPlan.wholeVectors(x.channels))
        var arguments = arguments(norm, x: x)
        arguments.weightGradient = gradient(norm.weight)
        arguments.biasGradient = gradient(norm.bias)
        arguments.partials = workspace.partials
        return arguments
    }

    // MARK: Fused sums

    /// Returns the sums over row blocks of a node's output that its kernel may fuse.
    mutating func blockSums(_ sums: OutputSums?, of output: ValueID) -> BlockSums? {
        guard let sums else { return nil }
        let written = view(output)
        let norm: SummedNorm?
        switch sums {
        case .moments: norm = nil
        case .gradient(let of, let x): norm = summedNorm(of, x: x, activated: nil)
        case .scaledGradient(let of, let x): norm = summedNorm(of, x: x, activated: nil, isScaled: true)
        case .residualGradient(let of, let x, let y, let dz):
            guard layout.locations[dz.index] == layout.locations[output.index] else { return nil }
            norm = summedNorm(of, x: x, activated: view(y))
        }
        let blocks = BlockSums(
            height: written.height,
            rowsPerBlock: BlockSums.rowsPerBlock(height: written.height, width: written.width),
            width: MemoryPlan.wholeVectors(written.channels), partials: workspace.blockSums, norm: norm)
        workspace.needBlockSums(slots * blocks.blocks * 2 * blocks.width)
        return blocks
    }

    private mutating func summedNorm(
        _ norm: BatchNorm, x: ValueID, activated: TensorView?, isScaled: Bool = false
    ) -> SummedNorm {
        let arguments = gradientArguments(norm, x: x)
        return SummedNorm(
            input: arguments.input, mean: UnsafePointer(arguments.state.mean),
            scale: UnsafePointer(arguments.state.scale), bias: arguments.state.bias, bounds: arguments.bounds,
            activated: activated, isScaled: isScaled)
    }

    /// Leaves the sums over a convolution's output, of this rank's samples: adds up those over row blocks that its
    /// epilogue has taken, or takes them where there are none. A residual block's are left to its `residualGradient`
    /// then.
    mutating func takeSums(_ kind: OutputSums, _ blocks: BlockSums?, of output: ValueID, by node: Node) {
        switch kind {
        case .moments:
            keep(takeMoments(of: output, blocks), of: node)
        case .gradient(let norm, let x):
            var arguments = gradientArguments(norm, x: x)
            arguments.gradient = view(output)
            guard let blocks else {
                return takeGradientSums(context.kernels.batchNormGradientSums, &arguments, by: node)
            }
            keep(finishGradientSums(&arguments, blocks), of: node)
        case .scaledGradient(let norm, let x):
            guard let blocks else { preconditionFailure("\(node.layer) cannot scale a batch norm's gradient") }
            var arguments = gradientArguments(norm, x: x)
            keep(finishGradientSums(&arguments, blocks), of: node)
        case .residualGradient(let norm, let x, _, _):
            guard let blocks else { return }
            var arguments = gradientArguments(norm, x: x)
            residualSums[norm.index] = finishGradientSums(&arguments, blocks)
        }
    }

    // MARK: Sums

    mutating func lowerMoments(_ node: Node) { keep(takeMoments(of: node.inputs[0], nil), of: node) }

    /// Sums dy and dy * (x - mean) over this rank's samples.
    mutating func lowerGradientSums(_ node: Node, _ norm: BatchNorm) {
        var arguments = gradientArguments(node, norm)
        takeGradientSums(context.kernels.batchNormGradientSums, &arguments, by: node)
    }

    /// Sums this rank's sums over ranks, in one message with those of all all-reduces that follow at once.
    mutating func lowerAllReduce(_ node: Node) {
        let sums = sums(node.channelInputs[0])
        allReduce(sums)
        keep(sums, of: node)
    }

    /// Returns the sums that a node has left.
    private func sums(_ value: ChannelValueID) -> ChannelSums {
        guard let sums = channelSums[value] else {
            preconditionFailure("there are no \(graph.channelValues[value.index].name) yet")
        }
        return sums
    }

    private mutating func keep(_ sums: ChannelSums, of node: Node) {
        if let output = node.channelOutput { channelSums[output] = sums }
    }

    /// Sums x and its squares over this rank's samples, from the sums over row blocks where those are there.
    private mutating func takeMoments(of value: ValueID, _ blocks: BlockSums?) -> ChannelSums {
        let x = view(value)
        let sums = newSums(channels: x.channels)
        if let blocks {
            sumBlocks(blocks, sums)
        } else {
            call(context.kernels.moments, ChannelSumArguments(batch: context.batch, input: x, sums: sums), tasks: slots)
        }
        sumShards(x, sums)
        addShards(x, sums)
        return sums
    }

    /// Takes the sums of a gradient over samples by a kernel, and adds them up.
    private mutating func takeGradientSums(
        _ kernel: Kernel<BatchNormArguments>, _ arguments: inout BatchNormArguments, by node: Node
    ) {
        let sums = newSums(channels: arguments.input.channels)
        arguments.sums = sums
        call(kernel, arguments, tasks: slots)
        finishGradientSums(arguments, sums)
        keep(sums, of: node)
    }

    /// Adds up a gradient's sums over row blocks.
    private mutating func finishGradientSums(
        _ arguments: inout BatchNormArguments, _ blocks: BlockSums
    ) -> ChannelSums {
        let sums = newSums(channels: arguments.input.channels)
        arguments.sums = sums
        sumBlocks(blocks, sums)
        finishGradientSums(arguments, sums)
        return sums
    }

    /// Adds up sums over samples to those over this rank's, and computes the gradients of weight and bias.
    private mutating func finishGradientSums(_ arguments: BatchNormArguments, _ sums: ChannelSums) {
        sumShards(arguments.input, sums)
        call(context.kernels.batchNormParameterGradient, arguments, tasks: 1)
        addShards(arguments.input, sums)
    }

    private mutating func sumBlocks(_ blocks: BlockSums, _ sums: ChannelSums) {
        let arguments = BlockSumArguments(batch: context.batch, blocks: blocks, sums: sums)
        call(context.kernels.blockSums, arguments, tasks: slots)
    }

    /// Appends the all-reduce of all sums not yet summed over ranks; none where `sums` are already.
    private mutating func allReduce(_ sums: ChannelSums) {
        let first = workspace.totals + reducedTotals
        guard sums.total >= first else { return }
        append(.allReduce(first, count: totals - reducedTotals), name: "all-reduce")
        reducedTotals = totals
    }

    private mutating func sumShards(_ x: TensorView, _ sums: ChannelSums) {
        call(
            context.kernels.shardSums, ChannelSumArguments(batch: context.batch, input: x, sums: sums),
            tasks: context.batch.shards)
    }

    private mutating func addShards(_ x: TensorView, _ sums: ChannelSums) {
        call(context.kernels.shardTree, ChannelSumArguments(batch: context.batch, input: x, sums: sums), tasks: 1)
    }

    /// Returns a place for new sums. The sums over samples are needed only until shards are added up, so all batch
    /// norms share that memory.
    private mutating func newSums(channels: Int) -> ChannelSums {
        let width = MemoryPlan.wholeVectors(channels)
        workspace.needSums(slots * 2 * width)
        defer { totals += 2 * width }
        return ChannelSums(width: width, samples: workspace.sampleSums, total: workspace.totals + totals)
    }

    /// Returns the prologue of a convolution that reads the batch norm's input, from `channel` on.
    func normalization(_ norm: BatchNorm, from channel: Int) -> Normalization {
        guard let state = norms[norm.index] else { preconditionFailure("batch norm \(norm.index) has no moments yet") }
        return Normalization(
            mean: UnsafePointer(state.mean) + channel, scale: UnsafePointer(state.scale) + channel,
            bias: state.bias + channel,
            bounds: norm.activation?.bounds ?? Bounds(low: -.infinity, high: .infinity))
    }

    /// Returns the prologue of a convolution's gradient for the dy that it reads.
    func normGradient(_ load: GradientLoad) -> NormGradient {
        guard let state = norms[load.norm.index] else {
            preconditionFailure("batch norm \(load.norm.index) has no gradient yet")
        }
        return NormGradient(
            state, input: view(load.x), bounds: load.norm.isResidual ? nil : load.norm.activation?.bounds)
    }

    // MARK: Shared by forward and backward

    private mutating func arguments(_ norm: BatchNorm, x: TensorView) -> BatchNormArguments {
        BatchNormArguments(
            batch: context.batch, step: UnsafePointer(context.step), state: state(norm, channels: x.channels),
            input: x, bounds: norm.activation?.bounds)
    }

    private mutating func state(_ norm: BatchNorm, channels: Int) -> BatchNormState {
        if let state = norms[norm.index] { return state }
        let width = MemoryPlan.wholeVectors(channels)
        let vectors = memory.vector(Float.self, count: 6 * width)
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
    /// Returns the state of `channels` channels from `offset` on.
    fileprivate func slice(_ offset: Int, _ channels: Int) -> BatchNormState {
        BatchNormState(
            channels: channels, epsilon: epsilon, momentum: momentum, weight: weight + offset, bias: bias + offset,
            runningMean: runningMean + offset, runningVariance: runningVariance + offset, mean: mean + offset,
            inverseDeviation: inverseDeviation + offset, scale: scale + offset, gradientScale: gradientScale + offset,
            slope: slope + offset, offset: self.offset + offset)
    }
}

extension Activation {
    /// The bounds to which kernels clamp the activation's result, and by which they mask its gradient.
    fileprivate var bounds: Bounds {
        switch self {
        case .relu: Bounds(low: 0, high: .infinity)
        case .relu6: Bounds(low: 0, high: 6)
        case .sigmoid: Bounds(low: 0, high: 1)
        case .tanh: Bounds(low: -1, high: 1)
        case .gelu: Bounds(low: -.infinity, high: .infinity)
        }
    }
}
