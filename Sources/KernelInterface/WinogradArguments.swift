/// How the maps of a convolution fall into the patches of Winograd's minimal filtering: F(2x2, 3x3) or F(4x4, 3x3). Neighbours share two
/// rows or columns of inputs. Where a map's height or width is no multiple of a patch's outputs, its last patches reach beyond.
///
/// Tasks hold a patch's coefficients as [coefficient][patch][channels].
package struct WinogradPatches: BitwiseCopyable {
    /// Outputs of a patch along a side, 2 or 4: what its inputs are apart from those of the one before.
    package var step: Int
    /// Of one map.
    package var rows: Int
    package var columns: Int
    /// Rows of patches that are worked on at a time; where these are all, as many samples.
    package var rowsPerStrip: Int
    package var samplesPerStrip: Int
    /// Floats from one coefficient of the source to the next.
    package var sourceStride: Int
    /// Floats from one coefficient of the outputs (or of dy) to the next, and from patch to patch of one.
    package var outputStride: Int
    package var outputPatchStride: Int

    /// Of a patch, each of a channel: as many as it has inputs.
    package var coefficients: Int { Self.coefficients(step) }

    package static func coefficients(_ step: Int) -> Int { (step + 2) * (step + 2) }

    package init(
        step: Int, rows: Int, columns: Int, rowsPerStrip: Int, samplesPerStrip: Int, sourceStride: Int,
        outputStride: Int, outputPatchStride: Int
    ) {
        self.step = step
        self.rows = rows
        self.columns = columns
        self.rowsPerStrip = rowsPerStrip
        self.samplesPerStrip = samplesPerStrip
        self.sourceStride = sourceStride
        self.outputStride = outputStride
        self.outputPatchStride = outputPatchStride
    }
}

/// Convolutions of 3x3 at stride 1, and their data gradients, by Winograd's minimal filtering.
///
/// Task index = (group * strips + strip) * laneParts + part, of groups of `patches.samplesPerStrip` samples.
/// Scratch memory: the window's copy of one sample, the source's coefficients, the outputs'.
package struct WinogradArguments: BitwiseCopyable {
    package var batch: BatchLayout
    package var source: TensorView
    package var window: SourceWindow
    package var patches: WinogradPatches
    /// The weights' coefficients: [lanes/32][coefficient][inputs][32].
    package var weights: UnsafePointer<Float>
    /// The inputs, cut as long runs of them are.
    package var segments: UnsafePointer<Segment>
    package var segmentCount: Int
    package var destination: TensorView
    /// Added to every output; the view may be the destination itself.
    package var addend: TensorView?
    /// One value a lane, added to every output.
    package var bias: UnsafePointer<Float>?
    package var finish: Finish?
    package var strips: Int
    /// Output lanes of a task, a multiple of 32.
    package var lanesPerPart: Int
    package var laneParts: Int
    /// Floats that the window's copy takes.
    package var copied: Int
    /// Sums of what is written that go along, where no task ends within a run.
    package var sums: RunSums?

    package init(
        batch: BatchLayout, source: TensorView, window: SourceWindow, patches: WinogradPatches,
        weights: UnsafePointer<Float>, segments: UnsafePointer<Segment>, segmentCount: Int, destination: TensorView,
        addend: TensorView?, bias: UnsafePointer<Float>?, finish: Finish?, strips: Int, lanesPerPart: Int,
        laneParts: Int, copied: Int
    ) {
        self.batch = batch
        self.source = source
        self.window = window
        self.patches = patches
        self.weights = weights
        self.segments = segments
        self.segmentCount = segmentCount
        self.destination = destination
        self.addend = addend
        self.bias = bias
        self.finish = finish
        self.strips = strips
        self.lanesPerPart = lanesPerPart
        self.laneParts = laneParts
        self.copied = copied
    }
}

/// The weights' coefficients: from [lanes/32][9][inputs][32] to [lanes/32][coefficient][inputs][32]. One task a block of 32 lanes and
/// `inputsPerPart` inputs; task index = block * parts + part.
package struct WinogradWeightArguments: BitwiseCopyable {
    package var source: UnsafePointer<Float>
    package var destination: UnsafeMutablePointer<Float>
    package var inputs: Int
    package var inputsPerPart: Int
    /// Outputs of a patch along a side, 2 or 4.
    package var step: Int

    package init(
        source: UnsafePointer<Float>, destination: UnsafeMutablePointer<Float>, inputs: Int, inputsPerPart: Int,
        step: Int
    ) {
        self.step = step
        self.source = source
        self.destination = destination
        self.inputs = inputs
        self.inputsPerPart = inputsPerPart
    }
}
