internal import Graphs
internal import KernelInterface
internal import Tensors

// Convolutions of 3x3 by Winograd F(m x m, 3 x 3) (`KernelBody/MinimalFilter.swift`).

extension PlanBuilder {
    /// The form of Winograd by which a convolution or a gradient of its is computed; nil where sums over taps are
    /// faster. That follows from the layer alone, never from batch, ranks, threads or CPU: its bits are other ones.
    ///
    /// The forward pass decides on which side of its kink an activation lies, and each gradient relies on that. So it
    /// uses F(2x2, 3x3), which rounds no worse than the sum over taps, and so do the tiles of stride 2. Gradients can
    /// afford F(4x4, 3x3)'s rounding.
    func filter(_ geometry: ConvolutionGeometry, for direction: FilterDirection) -> PatchFilter? {
        guard context.usesWinograd, geometry.kernelHeight == 3, geometry.kernelWidth == 3,
            !geometry.isDepthwise, !geometry.isLinear,
            min(geometry.input.channels, geometry.output.channels) >= Cut.filteredChannels
        else { return nil }
        let filter: PatchFilter
        switch (geometry.stride, geometry.padding) {
        case (1, 0...2): filter = direction == .forward ? .stride1Of2x2 : .stride1Of4x4
        case (2, 1): filter = direction == .dataGradient ? .stride2Transposed : .stride2
        default: return nil
        }
        // Tiles reach beyond most maps: of small ones they have to compute much more than is wanted.
        let map = direction == .dataGradient ? geometry.input : geometry.output
        let strips = PatchStrips(filter, height: map.height, width: map.width, samples: 1, patches: 1)
        let products = filter.coefficients * strips.rows * strips.columns
        let summed = geometry.stride == 1 ? map.pixels : geometry.output.pixels
        return 4 * products <= 3 * geometry.taps * summed ? filter : nil
    }

    /// y = x * weights, or of a data gradient dx = dy * transposed weights.
    ///
    /// - Parameters:
    ///   - padding: zeros before the source's first row and column.
    ///   - weights: [lanes/32][9][inputs][32], in `workspace.partials` or elsewhere.
    ///   - scratch: floats of `workspace.partials` in use.
    /// - Returns: whether the sums are fused: where no task ends within one of their row blocks.
    mutating func emitWinograd(
        _ filter: PatchFilter, source: TensorView, normalization: Normalization?, padding: Int,
        weights: UnsafePointer<Float>,
        scratch: Int,
        destination: TensorView, addend: TensorView?, bias: UnsafePointer<Float>?, finish: Finish?, sums: RunSums?
    ) -> Bool {
        let blocks = (destination.channels + 31) / 32
        let coefficients = workspace.partials + scratch
        let weightStride = spread(source.channels * 32)
        let weightCoefficients = blocks * filter.weightCoefficients * weightStride
        workspace.needPartials(scratch + weightCoefficients)
        let inputsPerPart = min(source.channels, Cut.transformedInputs)
        call(
            context.kernels.transformWeights,
            WinogradWeightArguments(
                source: weights, destination: coefficients, coefficientStride: weightStride, inputs: source.channels,
                inputsPerPart: inputsPerPart, filter: filter),
            tasks: blocks * ((source.channels + inputsPerPart - 1) / inputsPerPart))

        // Where weights come from memory, they are to be read seldom: by tasks of more tiles, each for a channel block.
        let isStreamed = weightCoefficients > Cut.cachedWeights
        let strips = PatchStrips(
            filter, height: destination.height, width: destination.width, samples: isStreamed ? slots : group(slots),
            patches: (isStreamed ? Cut.streamingCoefficients : Cut.coefficients) / filter.coefficients)
        let groups = (slots + strips.samples - 1) / strips.samples
        let tasks = groups * strips.count
        let (lanesPerPart, laneParts) = laneParts(destination.channels, tasks: tasks, isSamples: false)
        let window = patchWindow(source, normalization, padding: padding, width: strips.width)
        let patches = patches(strips, sourceStride: window.pixelStride, outputStride: spread(lanesPerPart))
        let copied = strips.height * window.width * window.pixelStride
        workspace.needScratch(
            copied + filter.coefficients * (patches.sourceStride + patches.outputStride))
        let segments = cut(Segment(source: 0, weight: 0, length: source.channels))
        var arguments = WinogradArguments(
            batch: context.batch, source: source, window: window, patches: patches,
            weights: UnsafePointer(coefficients), weightStride: weightStride,
            segments: UnsafePointer(memory.store(segments)), segmentCount: segments.count, destination: destination,
            addend: addend, bias: bias, finish: finish, strips: strips.count, lanesPerPart: lanesPerPart,
            laneParts: laneParts, copied: copied)
        let rowsPerTask = filter.outputs * strips.rowsPerStrip
        if let sums, strips.count == 1 || rowsPerTask % sums.rowsPerRun == 0 { arguments.sums = sums }
        call(context.kernels.convolveWinograd, arguments, tasks: tasks * laneParts)
        return arguments.sums != nil
    }

    /// Chooses the row blocks of a weight gradient's x and dy, which are copied and transformed.
    mutating func cutIntoPatches(_ arguments: inout WeightGradientArguments, _ filter: PatchFilter) {
        let dy = arguments.outputGradient
        let strips = PatchStrips(
            filter, height: dy.height, width: dy.width, samples: context.batch.shardCapacity,
            patches: Cut.summedPatches)
        let lanes = arguments.lanesPerPart
        arguments.window.width = strips.width
        let window = arguments.window
        let patches = patches(strips, sourceStride: window.pixelStride, outputStride: lanes)
        arguments.patches = patches
        arguments.packedSource = strips.height * window.width * window.pixelStride
        workspace.needScratch(
            arguments.sumBuffers * arguments.partSums
                + filter.coefficients * arguments.inputsPerPart * lanes + arguments.packedSource
                + filter.coefficients * (patches.sourceStride + patches.outputStride))
    }

    /// A copy of the source in which tiles lie whole, with zeros around.
    private func patchWindow(
        _ source: TensorView, _ normalization: Normalization?, padding: Int, width: Int
    ) -> SourceWindow {
        var window = SourceWindow(
            isCopied: true, padTop: padding, padLeft: padding, width: width,
            pixelStride: spread(wholeVectors(source.channels)), rowSpan: 3, step: 1, scratch: workspace.scratch,
            scratchStride: workspace.scratchStride)
        window.normalization = normalization
        return window
    }

    private func patches(_ strips: PatchStrips, sourceStride: Int, outputStride: Int) -> WinogradPatches {
        // Transformed tiles at odd distances, as pixels are: the numbers of one do not fall on a few lines of the
        // first-level cache.
        let count = strips.samples * strips.rowsPerStrip * strips.columns
        return WinogradPatches(
            filter: strips.filter, rows: strips.rows, columns: strips.columns, rowsPerStrip: strips.rowsPerStrip,
            samplesPerStrip: strips.samples, sourceStride: spread(count * sourceStride),
            outputStride: spread(count * outputStride), outputPatchStride: outputStride)
    }
}

/// The result that Winograd is to compute for a convolution: y, dx or dw.
enum FilterDirection {
    case forward, dataGradient, weightGradient
}

/// Row blocks of a map's Winograd tiles that are worked on at a time: rows of them, or whole samples.
private struct PatchStrips {
    let filter: PatchFilter
    let rows: Int
    let columns: Int
    let rowsPerStrip: Int
    let samples: Int

    /// The row blocks of one map.
    var count: Int { (rows + rowsPerStrip - 1) / rowsPerStrip }
    /// The rows of input that a row block's tiles cover.
    var height: Int { filter.inputStep * (rowsPerStrip - 1) + filter.inputs }
    var width: Int { filter.inputStep * (columns - 1) + filter.inputs }

    /// - Parameters:
    ///   - samples: samples of a row block at most.
    ///   - patches: tiles of a row block at most, unless a row has more.
    init(_ filter: PatchFilter, height: Int, width: Int, samples limit: Int, patches: Int) {
        self.filter = filter
        rows = (height + filter.outputs - 1) / filter.outputs
        columns = (width + filter.outputs - 1) / filter.outputs
        let fitting = min(max(patches / columns, 1), rows)
        let strips = (rows + fitting - 1) / fitting
        rowsPerStrip = (rows + strips - 1) / strips
        let fittingSamples = strips == 1 ? max(min(patches / (rows * columns), limit), 1) : 1
        // Groups of nearly equal size.
        let groups = (limit + fittingSamples - 1) / fittingSamples
        samples = (limit + groups - 1) / groups
    }
}
