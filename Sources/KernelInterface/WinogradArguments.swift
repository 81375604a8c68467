/// A variant of Winograd's algorithm for 3x3 kernels, by its patches: the inputs and outputs of each.
package enum PatchFilter: UInt8, BitwiseCopyable {
    /// F(2x2, 3x3) and F(4x4, 3x3).
    case stride1Of2x2, stride1Of4x4
    /// 2x2 outputs of a convolution of stride 2.
    case stride2
    /// 4x4 of the inputs' gradients of one that has one row and column of zeros around its inputs.
    case stride2Transposed

    /// Outputs that a patch writes along a side.
    package var outputs: Int {
        switch self {
        case .stride1Of2x2, .stride2: 2
        case .stride1Of4x4, .stride2Transposed: 4
        }
    }
    /// Inputs that a patch reads along a side.
    package var inputs: Int {
        switch self {
        case .stride1Of2x2: 4
        case .stride1Of4x4: 6
        case .stride2: 5
        case .stride2Transposed: 3
        }
    }
    /// From one patch's first input to the next one's.
    package var inputStep: Int {
        switch self {
        case .stride1Of2x2, .stride2Transposed: 2
        case .stride1Of4x4, .stride2: 4
        }
    }
    /// Elements of a patch's transformed tile, for each channel.
    package var coefficients: Int {
        switch self {
        case .stride1Of2x2: 16
        case .stride1Of4x4: 36
        case .stride2, .stride2Transposed: 25
        }
    }
    /// Elements of transformed weights, for each input and output; several elements of a patch may be multiplied by the
    /// same one.
    package var weightCoefficients: Int {
        switch self {
        case .stride1Of2x2, .stride2, .stride2Transposed: 16
        case .stride1Of4x4: 36
        }
    }
}

/// The patches that Winograd's algorithm divides the maps of a convolution into. Neighbours may share rows or columns
/// of inputs. Where a map's height or width is no multiple of a patch's outputs, its last patches reach beyond.
///
/// Tasks hold transformed patches as [element][patch][channels]. An element of a transformed tile is a coefficient in
/// the code.
package struct WinogradPatches: BitwiseCopyable {
    package var filter: PatchFilter
    /// Rows and columns of patches in one map.
    package var rows: Int
    package var columns: Int
    /// Rows of patches that are worked on at a time; where these are all, as many samples.
    package var rowsPerStrip: Int
    package var samplesPerStrip: Int
    /// Floats from one element of the transformed source to the next.
    package var sourceStride: Int
    /// Floats from one element of the transformed outputs (or of dy) to the next, and from patch to patch of one
    /// element.
    package var outputStride: Int
    package var outputPatchStride: Int

    package init(
        filter: PatchFilter, rows: Int, columns: Int, rowsPerStrip: Int, samplesPerStrip: Int, sourceStride: Int,
        outputStride: Int, outputPatchStride: Int
    ) {
        self.filter = filter
        self.rows = rows
        self.columns = columns
        self.rowsPerStrip = rowsPerStrip
        self.samplesPerStrip = samplesPerStrip
        self.sourceStride = sourceStride
        self.outputStride = outputStride
        self.outputPatchStride = outputPatchStride
    }
}

/// Convolutions of 3x3, and their data gradients, by Winograd's algorithm.
///
/// Task index = (group * strips + strip) * laneParts + part, of groups of `patches.samplesPerStrip` samples. Scratch
/// memory: the window's copy of one sample, the transformed source, the transformed outputs.
package struct WinogradArguments: BitwiseCopyable {
    package var batch: BatchLayout
    package var source: TensorView
    package var window: SourceWindow
    package var patches: WinogradPatches
    /// The transformed weights: [lanes/32][element][inputs][32], with `weightStride` floats from one element to the
    /// next.
    package var weights: UnsafePointer<Float>
    package var weightStride: Int
    /// The inputs, as segments of limited length.
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
    /// The epilogue's sums of the output, where no task ends within a row block of theirs.
    package var sums: RunSums?

    package init(
        batch: BatchLayout, source: TensorView, window: SourceWindow, patches: WinogradPatches,
        weights: UnsafePointer<Float>, weightStride: Int, segments: UnsafePointer<Segment>, segmentCount: Int,
        destination: TensorView,
        addend: TensorView?, bias: UnsafePointer<Float>?, finish: Finish?, strips: Int, lanesPerPart: Int,
        laneParts: Int, copied: Int
    ) {
        self.batch = batch
        self.source = source
        self.window = window
        self.patches = patches
        self.weights = weights
        self.weightStride = weightStride
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

/// The transform of weights: from [lanes/32][9][inputs][32] to [lanes/32][element][inputs][32], elements
/// `coefficientStride` floats apart. One task a block of 32 lanes and `inputsPerPart` inputs; task index = block *
/// parts + part.
package struct WinogradWeightArguments: BitwiseCopyable {
    package var source: UnsafePointer<Float>
    package var destination: UnsafeMutablePointer<Float>
    package var coefficientStride: Int
    package var inputs: Int
    package var inputsPerPart: Int
    package var filter: PatchFilter

    package init(
        source: UnsafePointer<Float>, destination: UnsafeMutablePointer<Float>, coefficientStride: Int, inputs: Int,
        inputsPerPart: Int, filter: PatchFilter
    ) {
        self.coefficientStride = coefficientStride
        self.filter = filter
        self.source = source
        self.destination = destination
        self.inputs = inputs
        self.inputsPerPart = inputsPerPart
    }
}
