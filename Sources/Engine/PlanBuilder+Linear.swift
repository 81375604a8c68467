internal import Graphs
internal import KernelInterface
internal import Tensors

// The gradients of linear layers. Their forward pass is a convolution whose rows are samples.

extension PlanBuilder {
    mutating func emitLinearDataGradient(_ part: ConvolutionPart) {
        let outputs = part.output.channels
        workspace.needPartials((slots + 31) / 32 * 32 * outputs)
        let inputs = part.geometry.input.count
        let groups = (slots + 31) / 32
        let slotParts = inputs * outputs <= Cut.linearWeights ? groups : 1
        let wanted = (Cut.enoughTasks + slotParts - 1) / slotParts
        let perTask = min(max((inputs + wanted - 1) / wanted, context.kernels.tileHeight), Cut.linearInputs)
        // Sums of a task's inputs and of a square more, the square and y's.
        workspace.needScratch((perTask + 16) * 32 + 2 * 16 * 16)
        var arguments = linearGradient(part, perTask: perTask)
        arguments.inputParts = (inputs + perTask - 1) / perTask
        arguments.slotsPerTask = groups / slotParts * 32
        call(context.kernels.packOutputGradient, arguments, tasks: groups * ((outputs + 31) / 32))
        call(context.kernels.linearDataGradient, arguments, tasks: slotParts * arguments.inputParts)
    }

    mutating func emitLinearWeightGradient(_ part: ConvolutionPart) {
        let blocks = (part.output.channels + 31) / 32
        let perTask = min(max(blocks / Cut.enoughTasks, 1), Cut.linearBlocks) * 32
        let waiting = ShardTree(context.batch.shards).buffers * context.kernels.tileHeight * 32
        workspace.needScratch(slots * (perTask + 16) + waiting)
        call(
            context.kernels.linearWeightGradient, linearGradient(part, perTask: perTask),
            tasks: (blocks * 32 + perTask - 1) / perTask)
    }

    private func linearGradient(_ part: ConvolutionPart, perTask: Int) -> LinearGradientArguments {
        LinearGradientArguments(
            batch: context.batch, input: part.input, outputGradient: part.output, addend: part.addend,
            finish: part.finish,
            weights: UnsafePointer(part.weights), gradient: part.gradient,
            weightBlockStride: part.geometry.input.count * 32, turns: shardTurns, packed: workspace.partials,
            perTask: perTask, scratch: workspace.scratch, scratchStride: workspace.scratchStride)
    }
}
