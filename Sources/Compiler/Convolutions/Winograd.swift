internal import Graphs
internal import KernelInterface
internal import Tensors

/// Winograd F(m x m, 3 x 3), for convolutions of 3x3 (`KernelBody/Convolution/MinimalFilter.swift`): less than half the
/// products.
///
/// The forward pass decides on which side of its kink an activation lies, and each gradient relies on that. So it uses
/// F(2x2, 3x3), which rounds no worse than the sum over taps, and so do the tiles of stride 2. Gradients can afford
/// F(4x4, 3x3)'s rounding.
struct Winograd: ConvolutionAlgorithm {
    func accepts(_ problem: ConvolutionProblem) -> Bool { tiles(for: problem) != nil }

    func narrowMaps(of problem: ConvolutionProblem) -> NarrowMaps { .neither }

    func lower(_ problem: ConvolutionProblem, _ part: ConvolutionPart, in builder: inout PlanBuilder) -> Bool {
        guard let tiles = tiles(for: problem) else { preconditionFailure("no tiles for \(problem)") }
        let geometry = part.geometry
        switch problem.product {
        case .forward:
            return builder.emitWinograd(
                tiles, part, source: part.input, padding: geometry.padding, weights: UnsafePointer(part.weights),
                scratch: 0, destination: part.output)
        case .dataGradient:
            // The kernels are turned by half a circle.
            let weights = builder.transposed(part, order: (0..<geometry.taps).reversed())
            return builder.emitWinograd(
                tiles, part, source: part.output,
                padding: geometry.stride == 1 ? StridePhases(geometry).padTop : 0, weights: weights,
                scratch: WeightLayout.blocks(part.input.channels) * geometry.taps * part.output.channels
                    * WeightLayout.block,
                destination: part.input)
        case .weightGradient:
            lowerWeightGradient(tiles, part, in: &builder)
            return false
        }
    }

    /// The tiles by which a problem is computed; nil where sums over taps are faster.
    private func tiles(for problem: ConvolutionProblem) -> PatchFilter? {
        let geometry = problem.geometry
        guard geometry.kernelHeight == 3, geometry.kernelWidth == 3, !geometry.isDepthwise, !geometry.isLinear,
            min(geometry.input.channels, geometry.output.channels) >= Blocking.winogradChannels
        else { return nil }
        let tiles: PatchFilter
        switch (geometry.stride, geometry.padding) {
        case (1, 0...2): tiles = problem.product == .forward ? .stride1Of2x2 : .stride1Of4x4
        case (2, 1): tiles = problem.product == .dataGradient ? .stride2Transposed : .stride2
        default: return nil
        }
        // Tiles reach beyond most maps: of small ones they have to compute much more than is wanted.
        let map = problem.product == .dataGradient ? geometry.input : geometry.output
        let blocks = TileBlocks(tiles, height: map.height, width: map.width, samples: 1, tiles: 1)
        let products = tiles.coefficients * blocks.rows * blocks.columns
        let summed = geometry.stride == 1 ? map.pixels : geometry.output.pixels
        return 4 * products <= 3 * geometry.taps * summed ? tiles : nil
    }

    private func lowerWeightGradient(_ tiles: PatchFilter, _ part: ConvolutionPart, in builder: inout PlanBuilder) {
        let blocking = WeightBlocking(
            part.geometry, terms: tiles.coefficients, capacity: Blocking.coefficientSums)
        var window = builder.forwardWindow(part)
        window.isCopied = true
        window.pixelStride = builder.spread(MemoryPlan.wholeVectors(blocking.inputsPerPart))
        builder.emitWeightGradient(
            part,
            WeightGradientForm(
                window: window, segments: [], blocking: blocking, enoughParts: Blocking.enoughWinogradParts,
                winograd: tiles),
            builder.context.kernels.winogradWeightGradient)
    }
}

extension PlanBuilder {
    /// y = x * weights, or of a data gradient dx = dy * transposed weights.
    ///
    /// - Parameters:
    ///   - padding: zeros before the source's first row and column.
    ///   - weights: [lanes/32][9][inputs][32], in `workspace.partials` or elsewhere.
    ///   - scratch: floats of `workspace.partials` in use.
    /// - Returns: whether the sums are fused: where no task ends within one of their row blocks.
    fileprivate mutating func emitWinograd(
        _ tiles: PatchFilter, _ part: ConvolutionPart, source: TensorView, padding: Int,
        weights: UnsafePointer<Float>, scratch: Int, destination: TensorView
    ) -> Bool {
        let blocks = WeightLayout.blocks(destination.channels)
        let coefficients = workspace.partials + scratch
        let weightStride = spread(source.channels * WeightLayout.block)
        let weightCoefficients = blocks * tiles.weightCoefficients * weightStride
        workspace.needPartials(scratch + weightCoefficients)
        let inputsPerPart = min(source.channels, Blocking.transformedInputs)
        call(
            context.kernels.transformWeights,
            WinogradWeightArguments(
                source: weights, destination: coefficients, coefficientStride: weightStride, inputs: source.channels,
                inputsPerPart: inputsPerPart, filter: tiles),
            tasks: blocks * ((source.channels + inputsPerPart - 1) / inputsPerPart))

        // Where weights come from memory, they are to be read seldom: by tasks of more tiles, each for a channel block.
        let isStreamed = weightCoefficients > Blocking.cachedWeights
        let strips = TileBlocks(
            tiles, height: destination.height, width: destination.width, samples: isStreamed ? slots : group(slots),
            tiles: (isStreamed ? Blocking.streamingCoefficients : Blocking.coefficients) / tiles.coefficients)
        let groups = (slots + strips.samples - 1) / strips.samples
        let tasks = groups * strips.count
        let (lanesPerPart, laneParts) = laneParts(destination.channels, tasks: tasks, isSamples: false)
        let window = patchWindow(source, part.normalization, padding: padding, width: strips.width)
        let patches = patches(strips, sourceStride: window.pixelStride, outputStride: spread(lanesPerPart))
        let copied = strips.height * window.width * window.pixelStride
        workspace.needScratch(
            copied + tiles.coefficients * (patches.sourceStride + patches.outputStride))
        let segments = cut(Segment(source: 0, weight: 0, length: source.channels))
        var arguments = WinogradArguments(
            batch: context.batch, source: source, window: window, patches: patches,
            weights: UnsafePointer(coefficients), weightStride: weightStride,
            segments: UnsafePointer(memory.store(segments)), segmentCount: segments.count, destination: destination,
            addend: part.addend, bias: part.bias, finish: part.finish, strips: strips.count, lanesPerPart: lanesPerPart,
            laneParts: laneParts, copied: copied)
        let rowsPerTask = tiles.outputs * strips.rowsPerStrip
        if let sums = part.sums, strips.count == 1 || rowsPerTask % sums.rowsPerRun == 0 { arguments.sums = sums }
        call(context.kernels.convolveWinograd, arguments, tasks: tasks * laneParts)
        return arguments.sums != nil
    }

    /// Chooses the row blocks of a weight gradient's x and dy, which are copied and transformed.
    mutating func divide(_ arguments: inout WeightGradientArguments, intoTilesOf tiles: PatchFilter) {
        let dy = arguments.outputGradient
        let strips = TileBlocks(
            tiles, height: dy.height, width: dy.width, samples: context.batch.shardCapacity,
            tiles: Blocking.summedPatches)
        let lanes = arguments.lanesPerPart
        arguments.window.width = strips.width
        let window = arguments.window
        let patches = patches(strips, sourceStride: window.pixelStride, outputStride: lanes)
        arguments.patches = patches
        arguments.packedSource = strips.height * window.width * window.pixelStride
        workspace.needScratch(
            arguments.sumBuffers * arguments.partSums
                + tiles.coefficients * arguments.inputsPerPart * lanes + arguments.packedSource
                + tiles.coefficients * (patches.sourceStride + patches.outputStride))
    }

    /// A copy of the source in which tiles lie whole, with zeros around.
    private func patchWindow(
        _ source: TensorView, _ normalization: Normalization?, padding: Int, width: Int
    ) -> SourceWindow {
        var window = SourceWindow(
            isCopied: true, padTop: padding, padLeft: padding, width: width,
            pixelStride: spread(MemoryPlan.wholeVectors(source.channels)), rowSpan: 3, step: 1,
            scratch: workspace.scratch,
            scratchStride: workspace.scratchStride)
        window.normalization = normalization
        return window
    }

    private func patches(_ strips: TileBlocks, sourceStride: Int, outputStride: Int) -> WinogradPatches {
        // Transformed tiles at odd distances, as pixels are: the numbers of one do not fall on a few lines of the
        // first-level cache.
        let count = strips.samples * strips.rowsPerStrip * strips.columns
        return WinogradPatches(
            filter: strips.tiles, rows: strips.rows, columns: strips.columns, rowsPerStrip: strips.rowsPerStrip,
            samplesPerStrip: strips.samples, sourceStride: spread(count * sourceStride),
            outputStride: spread(count * outputStride), outputPatchStride: outputStride)
    }
}

/// Row blocks of a map's Winograd tiles that are worked on at a time: rows of them, or whole samples.
private struct TileBlocks {
    let tiles: PatchFilter
    let rows: Int
    let columns: Int
    let rowsPerStrip: Int
    let samples: Int

    /// The row blocks of one map.
    var count: Int { (rows + rowsPerStrip - 1) / rowsPerStrip }
    /// The rows of input that a row block's tiles cover.
    var height: Int { tiles.inputStep * (rowsPerStrip - 1) + tiles.inputs }
    var width: Int { tiles.inputStep * (columns - 1) + tiles.inputs }

    /// - Parameters:
    ///   - samples: samples of a row block at most.
    ///   - mostTiles: tiles of a row block at most, unless a row has more.
    init(_ tiles: PatchFilter, height: Int, width: Int, samples limit: Int, tiles mostTiles: Int) {
        self.tiles = tiles
        rows = (height + tiles.outputs - 1) / tiles.outputs
        columns = (width + tiles.outputs - 1) / tiles.outputs
        let fitting = min(max(mostTiles / columns, 1), rows)
        let strips = (rows + fitting - 1) / fitting
        rowsPerStrip = (rows + strips - 1) / strips
        let fittingSamples = strips == 1 ? max(min(mostTiles / (rows * columns), limit), 1) : 1
        // Groups of nearly equal size.
        let groups = (limit + fittingSamples - 1) / fittingSamples
        samples = (limit + groups - 1) / groups
    }
}
