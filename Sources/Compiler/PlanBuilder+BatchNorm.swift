internal import Graphs
internal import KernelInterface
internal import Tensors

extension PlanBuilder {
    mutating func lowerBatchNorm(_ node: Node, _ norm: BatchNorm) {
        let arguments = normalizing(node, norm)
        if graph.purpose == .evaluation {
            call(context.kernels.batchNormFreeze, arguments, tasks: 1)
        } else {
            finishMoments(of: norm, x: node.inputs[0], arguments)
        }
        guard node.output != nil else { return }
        call(context.kernels.batchNormApply, arguments, tasks: slots)
    }

    /// Computes y again, where the scales and shifts of x are known already.
    mutating func lowerNormalization(_ node: Node, _ norm: BatchNorm) {
        call(context.kernels.batchNormApply, normalizing(node, norm), tasks: slots)
    }

    private mutating func normalizing(_ node: Node, _ norm: BatchNorm) -> BatchNormArguments {
        var arguments = arguments(norm, x: view(node.inputs[0]), sums: nil)
        arguments.output = node.output.map(view)
        arguments.addend = norm.addsIdentity ? view(node.inputs[1]) : nil
        arguments.addendNormalization = node.load.map { normalization($0, from: 0) }
        return arguments
    }

    /// Computes the scales and shifts that normalise x from the sums of x, or of its parts.
    private mutating func finishMoments(of norm: BatchNorm, x: ValueID, _ arguments: BatchNormArguments) {
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
            exchange(sums)
        }
        call(context.kernels.batchNormFinish, stored: UnsafePointer(memory.store(rows)), tasks: rows.count)
    }

    /// Sums x and its squares over this rank's samples.
    mutating func lowerMoments(of value: ValueID) {
        // The kernel that has written x may have fused the sums.
        guard moments[value] == nil else { return }
        let x = view(value)
        let sums = newSums(channels: x.channels)
        moments[value] = sums
        call(context.kernels.moments, ChannelSumArguments(batch: context.batch, input: x, sums: sums), tasks: slots)
        sumShards(x, sums)
        addShards(x, sums)
    }

    mutating func lowerBatchNormGradient(_ node: Node, _ norm: BatchNorm) {
        var arguments = gradientArguments(node, norm)
        if norm.isResidual {
            // The activation's mask has been applied to dy already, and its sums have been taken.
            arguments.bounds = nil
        }
        let isComputedLater = norm.defersShift || loadedGradients.contains(norm.index)
        guard node.output != nil || isComputedLater, let sums = arguments.sums else { return }
        exchange(sums)
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
        workspace.needPartials(context.batch.shards * 2 * MemoryPlan.wholeVectors(x.channels))
        var arguments = arguments(norm, x: x, sums: gradientSums[norm.index])
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

    /// Adds up a convolution's sums over row blocks to those over this rank's samples.
    mutating func finishSums(_ sums: OutputSums, _ blocks: BlockSums, of output: ValueID) {
        switch sums {
        case .moments:
            let x = view(output)
            let sums = newSums(channels: x.channels)
            moments[output] = sums
            sumBlocks(blocks, sums)
            sumShards(x, sums)
            addShards(x, sums)
        case .gradient(let norm, let x), .scaledGradient(let norm, let x), .residualGradient(let norm, let x, _, _):
            let sums = newSums(channels: view(x).channels)
            gradientSums[norm.index] = sums
            sumBlocks(blocks, sums)
            finishGradientSums(gradientArguments(norm, x: x))
        }
    }

    private mutating func sumBlocks(_ blocks: BlockSums, _ sums: ChannelSums) {
        let arguments = BlockSumArguments(batch: context.batch, blocks: blocks, sums: sums)
        call(context.kernels.blockSums, arguments, tasks: slots)
    }

    // MARK: Sums

    /// Takes the sums of node `index`, and of the batch norms right after it that read nothing written in between: so
    /// one message brings all of them to the other ranks.
    mutating func takeSums(from index: Int) {
        guard graph.purpose == .training else { return }
        var written: Set<ValueID> = []
        for place in index..<graph.nodes.count {
            let next = graph.nodes[place]
            switch next.operation {
            case .batchNorm(let norm):
                // Only x, the first input, is summed, not a residual block's identity.
                if written.contains(next.inputs[0]) { return }
                node = place
                if norm.parts.isEmpty { lowerMoments(of: next.inputs[0]) }
            case .batchNormGradient(let norm):
                if next.inputs.contains(where: written.contains) { return }
                node = place
                lowerGradientSums(next, norm, context.kernels.batchNormGradientSums)
            default: return
            }
            if let output = next.output { written.insert(output) }
        }
    }

    /// Sums dy and dy * (x - mean) over this rank's samples.
    ///
    /// - Parameter activated: y of a residual block, by which its kernel masks dy.
    mutating func lowerGradientSums(
        _ node: Node, _ norm: BatchNorm, _ kernel: Kernel<BatchNormArguments>, activated: TensorView? = nil
    ) {
        // The kernel that has written dy may have fused them; of a residual block `residualGradient` has.
        guard gradientSums[norm.index] == nil else { return }
        gradientSums[norm.index] = newSums(channels: view(node.inputs[0]).channels)
        var arguments = gradientArguments(node, norm)
        arguments.activated = activated
        call(kernel, arguments, tasks: slots)
        finishGradientSums(arguments)
    }

    /// Adds up sums over samples to those over this rank's, and computes the gradients of weight and bias.
    private mutating func finishGradientSums(_ arguments: BatchNormArguments) {
        guard let sums = arguments.sums else { return }
        sumShards(arguments.input, sums)
        call(context.kernels.batchNormParameterGradient, arguments, tasks: 1)
        addShards(arguments.input, sums)
    }

    /// Appends the exchange of all sums not yet summed over ranks; none where `sums` are already.
    private mutating func exchange(_ sums: ChannelSums) {
        let first = workspace.totals + exchangedTotals
        guard sums.total >= first else { return }
        append(.exchange(first, count: totals - exchangedTotals), name: "exchange")
        exchangedTotals = totals
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

    private mutating func arguments(_ norm: BatchNorm, x: TensorView, sums: ChannelSums?) -> BatchNormArguments {
        BatchNormArguments(
            batch: context.batch, step: UnsafePointer(context.step), state: state(norm, channels: x.channels),
            sums: sums, input: x, bounds: norm.activation?.bounds)
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
