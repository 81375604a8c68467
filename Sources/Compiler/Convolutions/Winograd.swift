internal import Graphs
internal import KernelInterface
internal import Tensors

/// Winograd F(m x m, 3 x 3), for 3x3 convolutions (`KernelBody/Convolution/WinogradTransform.swift`): less than half
/// the products.
///
/// The forward pass decides on which side of its kink an activation lies, and all gradients rely on that. So it uses
/// F(2x2, 3x3), which rounds no worse than the sum over taps; so do the tiles of stride 2. Gradients can afford the
/// rounding of F(4x4, 3x3).
struct Winograd: ConvolutionAlgorithm {
    func accepts(_ problem: ConvolutionProblem) -> Bool { form(for: problem) != nil }

    func lower(_ problem: ConvolutionProblem, _ part: ConvolutionPart, in builder: inout PlanBuilder) -> Bool {
        guard let form = form(for: problem) else { preconditionFailure("no Winograd algorithm for \(problem)") }
        let geometry = part.geometry
        switch problem.product {
        case .forward:
            return builder.emitWinograd(
                form, part, source: part.input, padding: geometry.padding, weights: UnsafePointer(part.weights),
                scratch: 0, destination: part.output)
        case .dataGradient:
            // The data gradient's kernels are rotated by 180 degrees.
            let weights = builder.transposed(part, order: (0..<geometry.taps).reversed())
            return builder.emitWinograd(
                form, part, source: part.output,
                padding: geometry.stride == 1 ? StridePhases(geometry).padTop : 0, weights: weights,
                scratch: WeightLayout.blocks(part.input.channels) * geometry.taps * part.output.channels
                    * WeightLayout.block,
                destination: part.input)
        case .weightGradient:
            lowerWeightGradient(form, part, in: &builder)
            return false
        }
    }

    /// Returns the form of Winograd for a problem; nil where sums over taps are faster.
    private func form(for problem: ConvolutionProblem) -> WinogradForm? {
        let geometry = problem.geometry
        guard geometry.kernelHeight == 3, geometry.kernelWidth == 3, !geometry.isDepthwise, !geometry.isLinear,
            min(geometry.input.channels, geometry.output.channels) >= BlockSizes.winogradChannels
        else { return nil }
        let form: WinogradForm
        switch (geometry.stride, geometry.padding) {
        case (1, 0...2): form = problem.product == .forward ? .stride1Of2x2 : .stride1Of4x4
        case (2, 1): form = problem.product == .dataGradient ? .stride2Transposed : .stride2
        default: return nil
        }
        // Tiles reach beyond most maps; in small maps, too large a share of their outputs is unused.
        let map = problem.product == .dataGradient ? geometry.input : geometry.output
        let blocks = TileBlocks(form, height: map.height, width: map.width, samples: 1, tiles: 1)
        let products = form.tileElements * blocks.rows * blocks.columns
        let summed = geometry.stride == 1 ? map.pixels : geometry.output.pixels
        return 4 * products <= 3 * geometry.taps * summed ? form : nil
    }

    private func lowerWeightGradient(_ form: WinogradForm, _ part: ConvolutionPart, in builder: inout PlanBuilder) {
        let blocking = WeightBlocking(
            part.geometry, terms: form.tileElements, capacity: BlockSizes.tileElementSums)
        var window = builder.forwardWindow(part)
        window.isCopied = true
        window.pixelStride = builder.spread(MemoryPlan.wholeVectors(blocking.inputsPerTask))
        builder.emitWeightGradient(
            part,
            WeightGradientForm(
                window: window, elements: [], blocking: blocking, enoughBlocks: BlockSizes.enoughWinogradBlocks,
                winograd: form),
            builder.context.kernels.winogradWeightGradient)
    }
}

extension PlanBuilder {
    /// Computes y = x * weights or, for a data gradient, dx = dy * transposed weights.
    ///
    /// - Parameters:
    ///   - padding: the zeros before the source's first row and column.
    ///   - weights: [lanes/32][9][inputs][32], in `workspace.partials` or elsewhere.
    ///   - scratch: the floats of `workspace.partials` in use.
    /// - Returns: whether the sums are fused: where no task ends within one of their row blocks.
    fileprivate mutating func emitWinograd(
        _ form: WinogradForm, _ part: ConvolutionPart, source: TensorView, padding: Int,
        weights: UnsafePointer<Float>, scratch: Int, destination: TensorView
    ) -> Bool {
        let blocks = WeightLayout.blocks(destination.channels)
        let tileElements = workspace.partials + scratch
        let weightStride = spread(source.channels * WeightLayout.block)
        let weightElements = blocks * form.weightElements * weightStride
        workspace.needPartials(scratch + weightElements)
        let inputsPerTask = min(source.channels, BlockSizes.transformedInputs)
        call(
            context.kernels.transformWeights,
            WinogradWeightArguments(
                source: weights, destination: tileElements, tileElementStride: weightStride, inputs: source.channels,
                inputsPerTask: inputsPerTask, form: form),
            tasks: blocks * ((source.channels + inputsPerTask - 1) / inputsPerTask))

        // Weights that come from memory are to be read seldom: by tasks of more tiles, each for one channel block.
        let isStreamed = weightElements > BlockSizes.cachedWeights
        let rowBlocks = TileBlocks(
            form, height: destination.height, width: destination.width, samples: isStreamed ? slots : group(slots),
            tiles: (isStreamed ? BlockSizes.streamedNumbers : BlockSizes.transformedNumbers) / form.tileElements)
        var blocking = rowBlocks.blocking(of: slots)
        (blocking.lanesPerTask, blocking.laneTasks) = laneTasks(
            destination.channels, tasks: blocking.tasks, isSamples: false)
        let window = patchWindow(source, part.normalization, padding: padding, width: rowBlocks.width)
        let patches = patches(rowBlocks, sourceStride: window.pixelStride, outputStride: spread(blocking.lanesPerTask))
        let copied = rowBlocks.height * window.width * window.pixelStride
        workspace.needScratch(
            copied + form.tileElements * (patches.sourceStride + patches.outputStride))
        let elements = cut(ReduceElement(source: 0, weight: 0, length: source.channels))
        var epilogue = part.epilogue
        let rowsPerTask = form.outputs * rowBlocks.rowsPerBlock
        if let sums = epilogue.sums, rowBlocks.count > 1, rowsPerTask % sums.rowsPerBlock != 0 { epilogue.sums = nil }
        let arguments = WinogradArguments(
            batch: context.batch, source: source, window: window, patches: patches,
            weights: UnsafePointer(tileElements), weightStride: weightStride,
            elements: UnsafePointer(memory.store(elements)), elementCount: elements.count, destination: destination,
            epilogue: epilogue, blocking: blocking, copied: copied)
        call(context.kernels.convolveWinograd, arguments, tasks: blocking.tasks)
        return epilogue.sums != nil
    }

    /// Chooses the row blocks of a weight gradient's x and dy that are copied and transformed.
    mutating func divide(_ arguments: inout WeightGradientArguments, intoTilesOf form: WinogradForm) {
        let dy = arguments.outputGradient
        let rowBlocks = TileBlocks(
            form, height: dy.height, width: dy.width, samples: context.batch.shardCapacity,
            tiles: BlockSizes.summedPatches)
        let lanes = arguments.lanesPerTask
        arguments.window.width = rowBlocks.width
        arguments.rowsPerBlock = rowBlocks.rowsPerBlock
        arguments.samplesPerBlock = rowBlocks.samples
        let window = arguments.window
        let patches = patches(rowBlocks, sourceStride: window.pixelStride, outputStride: lanes)
        arguments.patches = patches
        arguments.packedSource = rowBlocks.height * window.width * window.pixelStride
        workspace.needScratch(
            arguments.sumBuffers * arguments.taskSums
                + form.tileElements * arguments.inputsPerTask * lanes + arguments.packedSource
                + form.tileElements * (patches.sourceStride + patches.outputStride))
    }

    /// Returns the copy of the source that has all pixels of its tiles, with zeros around the map.
    private func patchWindow(
        _ source: TensorView, _ normalization: Normalization?, padding: Int, width: Int
    ) -> SourceWindow {
        var window = SourceWindow(
            isCopied: true, padTop: padding, padLeft: padding, width: width,
            pixelStride: spread(MemoryPlan.wholeVectors(source.channels)), rowSpan: 3, step: 1,
            scratch: workspace.scratch,
            scratchStride: workspace.scratchStride)
        window.prologue = normalization.map(Prologue.normalization)
        return window
    }

    private func patches(_ rowBlocks: TileBlocks, sourceStride: Int, outputStride: Int) -> WinogradPatches {
        // Transformed tiles lie at odd distances, as pixels do, so that their numbers do not share a few lines of the
        // first-level cache.
        let count = rowBlocks.samples * rowBlocks.rowsPerBlock * rowBlocks.columns
        return WinogradPatches(
            form: rowBlocks.form, rows: rowBlocks.rows, columns: rowBlocks.columns,
            sourceStride: spread(count * sourceStride), outputStride: spread(count * outputStride),
            outputPatchStride: outputStride)
    }
}

/// Row blocks of a map's Winograd tiles, each worked on at a time: rows of tiles, or whole samples.
struct TileBlocks {
    let form: WinogradForm
    let rows: Int
    let columns: Int
    let rowsPerBlock: Int
    let samples: Int

    /// The number of row blocks of a map.
    var count: Int { (rows + rowsPerBlock - 1) / rowsPerBlock }
    /// The input rows that a row block's tiles cover.
    var height: Int { form.inputStep * (rowsPerBlock - 1) + form.inputs }
    var width: Int { form.inputStep * (columns - 1) + form.inputs }

    /// The blocking of so many samples, in tasks of all lanes.
    func blocking(of slots: Int) -> Blocking {
        var blocking = Blocking()
        blocking.samplesPerGroup = samples
        blocking.groups = (slots + samples - 1) / samples
        blocking.rowsPerBlock = rowsPerBlock
        blocking.rowBlocks = count
        return blocking
    }

    /// - Parameters:
    ///   - samples: the most samples of a row block.
    ///   - mostTiles: the most tiles of a row block, unless a single row has more.
    init(_ form: WinogradForm, height: Int, width: Int, samples limit: Int, tiles mostTiles: Int) {
        self.form = form
        rows = (height + form.outputs - 1) / form.outputs
        columns = (width + form.outputs - 1) / form.outputs
        let fitting = min(max(mostTiles / columns, 1), rows)
        let rowBlocks = (rows + fitting - 1) / fitting
        rowsPerBlock = (rows + rowBlocks - 1) / rowBlocks
        let fittingSamples = rowBlocks == 1 ? max(min(mostTiles / (rows * columns), limit), 1) : 1
        // Makes groups of nearly equal size.
        let groups = (limit + fittingSamples - 1) / fittingSamples
        samples = (limit + groups - 1) / groups
    }
}
