internal import KernelInterface
internal import Tensors

/// A sum over kernel taps as the arguments of a kernel like `convolve`: what it reads, and what it writes.
struct TapSum {
    var geometry: ConvolutionGeometry
    var source: TensorView
    var window: SourceWindow
    /// The weights: [lanes/32][taps][inputs][32].
    var weights: UnsafePointer<Float>
    /// The floats from one block of 32 lanes to the next.
    var weightBlockStride: Int
    var phases: [Phase]
    var destination: TensorView
    /// The rows and columns of the destination between neighbours of a stride phase.
    var step = 1
    /// The epilogue. Its sums are fused where tasks consist of whole row blocks of the sums.
    var epilogue = Epilogue()

    /// The axis along which the rows of register tiles lie.
    var axis: RowAxis { window.columnCopies > 0 ? .map : geometry.axis }
    /// The number of rows of the largest stride phase.
    var rows: Int { phases.map(\.rows).max() ?? 0 }
}

// The division of sums over taps into tasks.

extension PlanBuilder {
    /// Appends the call that computes a sum.
    ///
    /// - Returns: whether the sums over the written numbers are fused.
    mutating func emit(_ sum: TapSum, _ kernel: Kernel<ConvolutionArguments>) -> Bool {
        let arguments = arguments(for: sum)
        call(kernel, arguments, tasks: arguments.blocking.tasks)
        return arguments.epilogue.sums != nil
    }

    /// Divides a sum into tasks, and reserves their scratch memory in the workspace.
    ///
    /// - Parameter kept: the floats that a task keeps after its copy of the source, for a number of rows of a sample.
    mutating func arguments(for sum: TapSum, kept: (_ rows: Int) -> Int = { _ in 0 }) -> ConvolutionArguments {
        let (axis, source) = (sum.axis, sum.source)
        var arguments = ConvolutionArguments(
            batch: context.batch, axis: axis, source: source, window: sum.window, weights: sum.weights,
            weightBlockStride: sum.weightBlockStride, phases: UnsafePointer(memory.store(sum.phases)),
            phaseCount: sum.phases.count, destination: sum.destination, destinationStep: sum.step,
            epilogue: sum.epilogue)
        switch axis {
        case .mapRow: divideRows(of: sum, &arguments, kept)
        case .map: divideMaps(of: sum, &arguments)
        case .pixels: dividePixels(of: sum, &arguments)
        case .samples:
            let weights = source.channels * source.height * source.width * sum.destination.channels
            arguments.blocking.samplesPerGroup = weights <= BlockSizes.linearWeights ? group(slots) : slots
        }
        arguments.blocking.groups =
            (slots + arguments.blocking.samplesPerGroup - 1) / arguments.blocking.samplesPerGroup
        divideLanes(of: sum, &arguments)
        if let sums = sum.epilogue.sums, axis == .samples || !holdsWholeBlocks(of: sums, sum, arguments.blocking) {
            arguments.epilogue.sums = nil
        }
        return arguments
    }

    /// Whether no task ends within a row block of sums, as one of a data gradient at stride 3 may.
    private func holdsWholeBlocks(of sums: BlockSums, _ sum: TapSum, _ blocking: Blocking) -> Bool {
        blocking.rowBlocks == 1 || (blocking.rowsPerBlock * sum.step).isMultiple(of: sums.rowsPerBlock)
    }

    /// Chooses the row blocks of a map and, where a whole map is one, the samples of a task.
    private mutating func divideRows(
        of sum: TapSum, _ arguments: inout ConvolutionArguments, _ kept: (_ rows: Int) -> Int
    ) {
        let rows = sum.rows
        let capacity = sum.geometry.isDepthwise ? BlockSizes.rowBlockFloats : BlockSizes.sourceFloats
        let rowBlock = fittingRows(
            sum.window, rows: rows, floats: capacity, multiple: (sum.epilogue.sums?.rowsPerBlock ?? 1) / sum.step)
        arguments.blocking.rowsPerBlock = rowBlock
        arguments.blocking.rowBlocks = (rows + rowBlock - 1) / rowBlock
        arguments.copiedSample = copiedSample(sum.window, rows: rowBlock)
        let keptSample = arguments.copiedSample + kept(rowBlock)
        if rowBlock == rows { arguments.blocking.samplesPerGroup = group(capacity / keptSample) }
        if sum.window.isCopied { workspace.needScratch(keptSample * arguments.blocking.samplesPerGroup) }
    }

    /// Chooses the samples whose copies with joined rows a task makes.
    private mutating func divideMaps(of sum: TapSum, _ arguments: inout ConvolutionArguments) {
        arguments.copiedSample = copiedSample(sum.window, rows: sum.rows)
        arguments.blocking.samplesPerGroup = group(BlockSizes.joinedFloats / arguments.copiedSample)
        workspace.needScratch(arguments.copiedSample * arguments.blocking.samplesPerGroup)
    }

    /// Chooses blocks of pixels, which may go beyond the ends of rows and of samples.
    private mutating func dividePixels(of sum: TapSum, _ arguments: inout ConvolutionArguments) {
        let (source, destination) = (sum.source, sum.destination)
        let pixels = source.height * source.width
        let unit = sum.epilogue.sums.map { $0.rowsPerBlock * source.width } ?? BlockSizes.pixelBlock
        // Written numbers that are summed must still be in the cache then.
        let fitting =
            sum.epilogue.sums == nil
            ? BlockSizes.sourceFloats / source.channels
            : BlockSizes.summedFloats / (source.channels + destination.channels) + unit / 3
        let block = max(fitting / unit, 1) * unit
        if pixels < block { arguments.blocking.samplesPerGroup = group(block / pixels) }
        arguments.blocking.rowsPerBlock = pixels < block ? pixels * arguments.blocking.samplesPerGroup : block
        arguments.blocking.rowBlocks = pixels < block ? 1 : (pixels + block - 1) / block
        let copied = arguments.blocking.rowsPerBlock * sum.window.pixelStride
        if sum.epilogue.sums?.norm?.isScaled ?? false {
            arguments.stagingOffset = MemoryPlan.wholeVectors(copied)
            arguments.stagingPixelStride = spread(MemoryPlan.wholeVectors(destination.channels))
        }
        workspace.needScratch(copied + 16 + arguments.blocking.rowsPerBlock * arguments.stagingPixelStride)
    }

    /// Divides the lanes where the other axes give too few tasks.
    private func divideLanes(of sum: TapSum, _ arguments: inout ConvolutionArguments) {
        let channels = sum.destination.channels
        let tasks = arguments.blocking.groups * arguments.blocking.rowBlocks
        if sum.geometry.isDepthwise {
            // A task copies its own lanes of the source alone.
            arguments.blocking.lanesPerTask = sum.window.pixelStride
            arguments.blocking.laneTasks = (channels + sum.window.pixelStride - 1) / sum.window.pixelStride
        } else {
            (arguments.blocking.lanesPerTask, arguments.blocking.laneTasks) = laneTasks(
                channels, tasks: tasks, isSamples: sum.axis == .samples && tasks == 1)
        }
    }

    /// Returns the number of samples that a task takes together, to read the weights once for all: as many as fit, but
    /// so that there are enough tasks.
    func group(_ fitting: Int) -> Int { max(min(fitting, slots / BlockSizes.enoughTasks), 1) }

    /// Returns the number of output rows whose source rows fit in `floats`: a multiple of `multiple`, or all.
    private func fittingRows(_ window: SourceWindow, rows: Int, floats: Int, multiple: Int) -> Int {
        let unit = max(multiple, 1)
        let fitting = (floats / (window.width * window.pixelStride) - window.rowSpan) / window.step + 1
        let rowBlock = min(max(fitting / unit * unit, unit), rows)
        // Makes row blocks of nearly equal height.
        let rowBlocks = (rows + rowBlock - 1) / rowBlock
        return min(((rows + rowBlocks - 1) / rowBlocks + unit - 1) / unit * unit, rows)
    }

    /// Returns the lanes of a task, and the number of tasks that cover all lanes.
    func laneTasks(_ channels: Int, tasks: Int, isSamples: Bool) -> (perTask: Int, tasks: Int) {
        let blocks = WeightLayout.blocks(channels)
        let wanted = isSamples ? (blocks + 1) / 2 : (BlockSizes.enoughTasks + tasks - 1) / tasks
        let parts = max(min(wanted, (blocks + 1) / 2), 1)
        let perPart = (blocks + parts - 1) / parts
        return (perPart * WeightLayout.block, (blocks + perPart - 1) / perPart)
    }
}
