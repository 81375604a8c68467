internal import Graphs
internal import KernelInterface
internal import Tensors

/// The gradients of linear layers: GEMM over samples, on the tensors in place
/// (`KernelBody/Convolution/LinearGradients.swift`). Their forward pass is a convolution whose rows are samples.
struct LinearGradients: ConvolutionAlgorithm {
    /// The number of samples of dy that are packed side by side as lanes.
    private static let slotBlock = 32

    func accepts(_ problem: ConvolutionProblem) -> Bool {
        problem.geometry.isLinear && problem.product != .forward
    }

    func lower(_ problem: ConvolutionProblem, _ part: ConvolutionPart, in builder: inout PlanBuilder) -> Bool {
        if problem.product == .dataGradient {
            lowerDataGradient(part, in: &builder)
        } else {
            lowerWeightGradient(part, in: &builder)
        }
        return false
    }

    private func lowerDataGradient(_ part: ConvolutionPart, in builder: inout PlanBuilder) {
        let (slots, kernels) = (builder.slots, builder.context.kernels)
        let outputs = part.output.channels
        let groups = (slots + Self.slotBlock - 1) / Self.slotBlock
        builder.workspace.needPartials(groups * Self.slotBlock * outputs)
        let inputs = part.geometry.input.count
        let slotTasks = inputs * outputs <= BlockSizes.linearWeights ? groups : 1
        let wanted = (BlockSizes.enoughTasks + slotTasks - 1) / slotTasks
        let perTask = min(max((inputs + wanted - 1) / wanted, kernels.tileRows), BlockSizes.linearInputs)
        // Scratch for the sums of a task's inputs and of another 16, a 16 x 16 block, and another for y.
        builder.workspace.needScratch((perTask + 16) * Self.slotBlock + 2 * 16 * 16)
        var arguments = arguments(part, perTask: perTask, in: builder)
        arguments.inputTasks = (inputs + perTask - 1) / perTask
        arguments.slotsPerTask = groups / slotTasks * Self.slotBlock
        builder.call(kernels.packOutputGradient, arguments, tasks: groups * WeightLayout.blocks(outputs))
        builder.call(kernels.linearDataGradient, arguments, tasks: slotTasks * arguments.inputTasks)
    }

    private func lowerWeightGradient(_ part: ConvolutionPart, in builder: inout PlanBuilder) {
        let kernels = builder.context.kernels
        let blocks = WeightLayout.blocks(part.output.channels)
        let perTask = min(max(blocks / BlockSizes.enoughTasks, 1), BlockSizes.linearBlocks) * WeightLayout.block
        let waiting = ShardTree(builder.context.batch.shards).buffers * kernels.tileRows * WeightLayout.block
        builder.workspace.needScratch(builder.slots * (perTask + 16) + waiting)
        builder.call(
            kernels.linearWeightGradient, arguments(part, perTask: perTask, in: builder),
            tasks: (blocks * WeightLayout.block + perTask - 1) / perTask)
    }

    private func arguments(_ part: ConvolutionPart, perTask: Int, in builder: PlanBuilder) -> LinearGradientArguments {
        LinearGradientArguments(
            batch: builder.context.batch, input: part.input, outputGradient: part.output,
            epilogue: Epilogue(addend: part.epilogue.addend, activation: part.epilogue.activation),
            weights: UnsafePointer(part.weights), gradient: part.gradient,
            weightBlockStride: part.geometry.input.count * WeightLayout.block, schedule: builder.shardSumSteps,
            packed: builder.workspace.partials,
            perTask: perTask, scratch: builder.workspace.scratch, scratchStride: builder.workspace.scratchStride)
    }
}
