internal import Graphs
internal import KernelInterface
internal import Tensors

// Convolutions of 3x3 at stride 1 by Winograd's minimal filtering (`KernelBody/MinimalFilter.swift`).

extension PlanBuilder {
    /// Whether a convolution and its gradients are computed by Winograd's filtering. That follows from the layer alone, never from batch,
    /// ranks, threads or CPU: its bits are other ones.
    ///
    /// - Parameters:
    ///   - map: what is cut into patches: y, or dx of a data gradient.
    ///   - step: of patches.
    func filters(_ geometry: ConvolutionGeometry, _ map: Shape, step: Int) -> Bool {
        guard context.usesWinograd, geometry.kernelHeight == 3, geometry.kernelWidth == 3, geometry.stride == 1,
            geometry.padding <= 2, !geometry.isDepthwise, !geometry.isLinear,
            min(geometry.input.channels, geometry.output.channels) >= Cut.filteredChannels
        else { return false }
        // Patches reach beyond most maps: of small ones they have to compute much more than is wanted.
        let strips = PatchStrips(step: step, height: map.height, width: map.width, samples: 1, patches: 1)
        let products = WinogradPatches.coefficients(step) * strips.rows * strips.columns
        return 4 * products <= 3 * geometry.taps * map.pixels
    }

    /// y = x * weights, or of a data gradient dx = dy * transposed weights.
    ///
    /// - Parameters:
    ///   - step: of patches.
    ///   - padding: zeros around the source.
    ///   - weights: [lanes/32][9][inputs][32], in `workspace.partials` or elsewhere.
    ///   - scratch: floats of `workspace.partials` in use.
    /// - Returns: whether the sums go along: where no task ends within a run.
    mutating func emitWinograd(
        step: Int, source: TensorView, normalization: Normalization?, padding: Int, weights: UnsafePointer<Float>,
        scratch: Int,
        destination: TensorView, addend: TensorView?, bias: UnsafePointer<Float>?, finish: Finish?, sums: RunSums?
    ) -> Bool {
        let blocks = (destination.channels + 31) / 32
        let coefficients = workspace.partials + scratch
        workspace.needPartials(scratch + blocks * WinogradPatches.coefficients(step) * source.channels * 32)
        let inputsPerPart = min(source.channels, Cut.transformedInputs)
        call(
            "transformWeights", context.kernels.transformWeights,
            WinogradWeightArguments(
                source: weights, destination: coefficients, inputs: source.channels, inputsPerPart: inputsPerPart,
                step: step),
            tasks: blocks * ((source.channels + inputsPerPart - 1) / inputsPerPart))

        let strips = PatchStrips(
            step: step, height: destination.height, width: destination.width, samples: group(slots),
            patches: Cut.coefficients / WinogradPatches.coefficients(step))
        let groups = (slots + strips.samples - 1) / strips.samples
        let tasks = groups * strips.count
        let (lanesPerPart, laneParts) = laneParts(destination.channels, tasks: tasks, isSamples: false)
        let window = patchWindow(source, normalization, padding: padding, width: strips.width)
        let patches = patches(strips, sourceStride: window.pixelStride, outputStride: spread(lanesPerPart))
        let copied = strips.height * window.width * window.pixelStride
        workspace.needScratch(
            copied + patches.coefficients * (patches.sourceStride + patches.outputStride))
        let segments = cut(Segment(source: 0, weight: 0, length: source.channels))
        var arguments = WinogradArguments(
            batch: context.batch, source: source, window: window, patches: patches,
            weights: UnsafePointer(coefficients), segments: UnsafePointer(memory.store(segments)),
            segmentCount: segments.count, destination: destination, addend: addend, bias: bias,
            finish: finish, strips: strips.count, lanesPerPart: lanesPerPart, laneParts: laneParts, copied: copied)
        let rowsPerTask = step * strips.rowsPerStrip
        if let sums, strips.count == 1 || rowsPerTask % sums.rowsPerRun == 0 { arguments.sums = sums }
        call("convolveWinograd", context.kernels.convolveWinograd, arguments, tasks: tasks * laneParts)
        return arguments.sums != nil
    }

    /// How a weight gradient's strips of x and dy are copied and transformed.
    mutating func cutIntoPatches(_ arguments: inout WeightGradientArguments) {
        let dy = arguments.outputGradient
        let strips = PatchStrips(
            step: FilterStep.backward, height: dy.height, width: dy.width, samples: context.batch.shardCapacity,
            patches: Cut.summedPatches)
        let lanes = arguments.lanesPerPart
        arguments.window.width = strips.width
        let window = arguments.window
        let patches = patches(strips, sourceStride: window.pixelStride, outputStride: lanes)
        arguments.patches = patches
        arguments.packedSource = strips.height * window.width * window.pixelStride
        workspace.needScratch(
            arguments.sumBuffers * arguments.partSums
                + patches.coefficients * arguments.inputsPerPart * lanes + arguments.packedSource
                + patches.coefficients * (patches.sourceStride + patches.outputStride))
    }

    /// A copy of the source in which patches lie whole, with zeros around.
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
        // Coefficients at odd distances, as pixels are: a patch's do not fall on a few lines of the first-level cache.
        let count = strips.samples * strips.rowsPerStrip * strips.columns
        return WinogradPatches(
            step: strips.step, rows: strips.rows, columns: strips.columns, rowsPerStrip: strips.rowsPerStrip,
            samplesPerStrip: strips.samples, sourceStride: spread(count * sourceStride),
            outputStride: spread(count * outputStride), outputPatchStride: outputStride)
    }
}

/// Outputs along a side of the patches of each direction.
///
/// What is computed forward decides on which side of its bend an activation lies, and each gradient takes that for granted: patches of
/// 2x2 round no worse than the sum over taps. Gradients can afford the larger patches' rounding.
enum FilterStep {
    static let forward = 2
    static let backward = 4
}

/// Strips of a map's patches that are worked on at a time: rows of them, or whole samples.
private struct PatchStrips {
    let step: Int
    let rows: Int
    let columns: Int
    let rowsPerStrip: Int
    let samples: Int

    /// Of one map.
    var count: Int { (rows + rowsPerStrip - 1) / rowsPerStrip }
    /// Inputs that a strip's patches cover.
    var height: Int { step * rowsPerStrip + 2 }
    var width: Int { step * columns + 2 }

    /// - Parameters:
    ///   - samples: at most.
    ///   - patches: at most, unless a row has more.
    init(step: Int, height: Int, width: Int, samples limit: Int, patches: Int) {
        self.step = step
        rows = (height + step - 1) / step
        columns = (width + step - 1) / step
        let fitting = min(max(patches / columns, 1), rows)
        let strips = (rows + fitting - 1) / fitting
        rowsPerStrip = (rows + strips - 1) / strips
        samples = strips == 1 ? max(min(patches / (rows * columns), limit), 1) : 1
    }
}
