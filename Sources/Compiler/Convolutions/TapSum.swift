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
    var addend: TensorView?
    var bias: UnsafePointer<Float>?
    /// The epilogue of the written numbers.
    var epilogue: Epilogue?
    /// The sums over the written numbers, fused where tasks consist of whole row blocks of the sums.
    var sums: BlockSums?

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
        call(kernel, arguments, tasks: arguments.tasks)
        return arguments.sums != nil
    }

    /// Divides a sum into tasks, and reserves their scratch memory in the workspace.
    ///
    /// - Parameter kept: the floats that a task keeps after its copy of the source, for a number of rows of a sample.
    mutating func arguments(for sum: TapSum, kept: (_ rows: Int) -> Int = { _ in 0 }) -> ConvolutionArguments {
        let (axis, source) = (sum.axis, sum.source)
        var arguments = ConvolutionArguments(
            batch: context.batch, axis: axis, source: source, window: sum.window, weights: sum.weights,
            weightBlockStride: sum.weightBlockStride, phases: UnsafePointer(memory.store(sum.phases)),
            phaseCount: sum.phases.count, destination: sum.destination, destinationStep: sum.step, addend: sum.addend,
            bias: sum.bias, epilogue: sum.epilogue, samplesPerGroup: 1, groups: 1, copiedSample: 0, rowsPerBlock: 1,
            rowBlocks: 1, lanesPerTask: 32, laneTasks: 1)
        switch axis {
        case .mapRow: divideRows(of: sum, &arguments, kept)
        case .map: divideMaps(of: sum, &arguments)
        case .pixels: dividePixels(of: sum, &arguments)
        case .samples:
            let weights = source.channels * source.height * source.width * sum.destination.channels
            arguments.samplesPerGroup = weights <= Blocking.linearWeights ? group(slots) : slots
        }
        arguments.groups = (slots + arguments.samplesPerGroup - 1) / arguments.samplesPerGroup
        divideLanes(of: sum, &arguments)
        let rowsPerTask = arguments.rowsPerBlock * sum.step / (axis == .pixels ? source.width : 1)
        if let sums = sum.sums, axis != .samples, arguments.rowBlocks == 1 || rowsPerTask % sums.rowsPerBlock == 0 {
            arguments.sums = sums
        }
        return arguments
    }

    /// Chooses the row blocks of a map and, where a whole map is one, the samples of a task.
    private mutating func divideRows(
        of sum: TapSum, _ arguments: inout ConvolutionArguments, _ kept: (_ rows: Int) -> Int
    ) {
        let rows = sum.rows
        let capacity = sum.geometry.isDepthwise ? Blocking.rowBlockFloats : Blocking.sourceFloats
        let rowBlock = fittingRows(
            sum.window, rows: rows, floats: capacity, multiple: (sum.sums?.rowsPerBlock ?? 1) / sum.step)
        arguments.rowsPerBlock = rowBlock
        arguments.rowBlocks = (rows + rowBlock - 1) / rowBlock
        arguments.copiedSample = copiedSample(sum.window, rows: rowBlock)
        let keptSample = arguments.copiedSample + kept(rowBlock)
        if rowBlock == rows { arguments.samplesPerGroup = group(capacity / keptSample) }
        if sum.window.isCopied { workspace.needScratch(keptSample * arguments.samplesPerGroup) }
    }

    /// Chooses the samples whose copies with joined rows a task makes.
    private mutating func divideMaps(of sum: TapSum, _ arguments: inout ConvolutionArguments) {
        arguments.copiedSample = copiedSample(sum.window, rows: sum.rows)
        arguments.samplesPerGroup = group(Blocking.joinedFloats / arguments.copiedSample)
        workspace.needScratch(arguments.copiedSample * arguments.samplesPerGroup)
    }

    /// Chooses blocks of pixels, which may go beyond the ends of rows and of samples.
    private mutating func dividePixels(of sum: TapSum, _ arguments: inout ConvolutionArguments) {
        let (source, destination) = (sum.source, sum.destination)
        let pixels = source.height * source.width
        let unit = sum.sums.map { $0.rowsPerBlock * source.width } ?? Blocking.pixelBlock
        // Written numbers that are summed must still be in the cache then.
        let fitting =
            sum.sums == nil
            ? Blocking.sourceFloats / source.channels
            : Blocking.summedFloats / (source.channels + destination.channels) + unit / 3
        let block = max(fitting / unit, 1) * unit
        if pixels < block { arguments.samplesPerGroup = group(block / pixels) }
        arguments.rowsPerBlock = pixels < block ? pixels * arguments.samplesPerGroup : block
        arguments.rowBlocks = pixels < block ? 1 : (pixels + block - 1) / block
        let copied = arguments.rowsPerBlock * sum.window.pixelStride
        if sum.sums?.norm?.isScaled ?? false {
            arguments.stagingOffset = MemoryPlan.wholeVectors(copied)
            arguments.stagingPixelStride = spread(MemoryPlan.wholeVectors(destination.channels))
        }
        workspace.needScratch(copied + 16 + arguments.rowsPerBlock * arguments.stagingPixelStride)
    }

    /// Divides the lanes where the other axes give too few tasks.
    private func divideLanes(of sum: TapSum, _ arguments: inout ConvolutionArguments) {
        let channels = sum.destination.channels
        let tasks = arguments.groups * arguments.rowBlocks
        if sum.geometry.isDepthwise {
            // A task copies only its own lanes of the source.
            arguments.lanesPerTask = sum.window.pixelStride
            arguments.laneTasks = (channels + sum.window.pixelStride - 1) / sum.window.pixelStride
        } else {
            (arguments.lanesPerTask, arguments.laneTasks) = laneTasks(
                channels, tasks: tasks, isSamples: sum.axis == .samples && tasks == 1)
        }
    }

    /// Returns the number of samples that a task takes together, to read the weights once for all: as many as fit, but
    /// so that there are enough tasks.
    func group(_ fitting: Int) -> Int { max(min(fitting, slots / Blocking.enoughTasks), 1) }

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
        let wanted = isSamples ? (blocks + 1) / 2 : (Blocking.enoughTasks + tasks - 1) / tasks
        let parts = max(min(wanted, (blocks + 1) / 2), 1)
        let perPart = (blocks + parts - 1) / parts
        return (perPart * WeightLayout.block, (blocks + perPart - 1) / perPart)
    }
}
