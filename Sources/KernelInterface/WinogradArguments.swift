/// A variant of Winograd's algorithm for 3x3 kernels, by its patches: the inputs and outputs of each.
package enum WinogradForm: UInt8, BitwiseCopyable {
    /// F(2x2, 3x3) and F(4x4, 3x3).
    case stride1Of2x2, stride1Of4x4
    /// 2x2 outputs of a convolution of stride 2.
    case stride2
    /// 4x4 of the inputs' gradients of one that has one row and column of zeros around its inputs.
    case stride2Transposed

    private var sizes: (outputs: Int, inputs: Int, inputStep: Int, tileElements: Int, weightElements: Int) {
        switch self {
        case .stride1Of2x2: (2, 4, 2, 16, 16)
        case .stride1Of4x4: (4, 6, 4, 36, 36)
        case .stride2: (2, 5, 4, 25, 16)
        case .stride2Transposed: (4, 3, 2, 25, 16)
        }
    }

    /// Outputs that a patch writes along a side.
    package var outputs: Int { sizes.outputs }
    /// Inputs that a patch reads along a side.
    package var inputs: Int { sizes.inputs }
    /// From one patch's first input to the next one's.
    package var inputStep: Int { sizes.inputStep }
    /// Elements of a patch's transformed tile, for each channel.
    package var tileElements: Int { sizes.tileElements }
    /// Elements of transformed weights, for each input and output; several elements of a patch may be multiplied by the
    /// same one.
    package var weightElements: Int { sizes.weightElements }
}

/// The patches that Winograd's algorithm divides the maps of a convolution into. Neighbours may share rows or columns
/// of inputs. Where a map's height or width is no multiple of a patch's outputs, its last patches reach beyond.
///
/// Tasks hold transformed patches as [tile element][patch][channels].
package struct WinogradPatches: BitwiseCopyable {
    package var form: WinogradForm
    /// Rows and columns of patches in one map.
    package var rows: Int
    package var columns: Int
    /// Floats from one element of the transformed source to the next.
    package var sourceStride: Int
    /// Floats from one element of the transformed outputs (or of dy) to the next, and from patch to patch of one
    /// element.
    package var outputStride: Int
    package var outputPatchStride: Int

    package init(
        form: WinogradForm, rows: Int, columns: Int, sourceStride: Int, outputStride: Int, outputPatchStride: Int
    ) {
        self.form = form
        self.rows = rows
        self.columns = columns
        self.sourceStride = sourceStride
        self.outputStride = outputStride
        self.outputPatchStride = outputPatchStride
    }
}

/// Convolutions of 3x3, and their data gradients, by Winograd's algorithm.
///
/// Tasks are those of `blocking`, whose rows are rows of patches. Scratch memory: the window's copy of one sample, the
/// transformed source, the transformed outputs.
package struct WinogradArguments: BitwiseCopyable {
    package var batch: BatchLayout
    package var source: TensorView
    package var window: SourceWindow
    package var patches: WinogradPatches
    /// The transformed weights: [lanes/32][element][inputs][32], with `weightStride` floats from one element to the
    /// next.
    package var weights: UnsafePointer<Float>
    package var weightStride: Int
    /// The inputs, as elements of limited length.
    package var elements: UnsafePointer<ReduceElement>
    package var elementCount: Int
    package var destination: TensorView
    package var epilogue: Epilogue
    package var blocking: Blocking
    /// Floats that the window's copy takes.
    package var copied: Int

    package init(
        batch: BatchLayout, source: TensorView, window: SourceWindow, patches: WinogradPatches,
        weights: UnsafePointer<Float>, weightStride: Int, elements: UnsafePointer<ReduceElement>, elementCount: Int,
        destination: TensorView, epilogue: Epilogue, blocking: Blocking, copied: Int
    ) {
        self.batch = batch
        self.source = source
        self.window = window
        self.patches = patches
        self.weights = weights
        self.weightStride = weightStride
        self.elements = elements
        self.elementCount = elementCount
        self.destination = destination
        self.epilogue = epilogue
        self.blocking = blocking
        self.copied = copied
    }
}

/// The transform of weights: from [lanes/32][9][inputs][32] to [lanes/32][element][inputs][32], elements
/// `tileElementStride` floats apart. One task a block of 32 lanes and `inputsPerTask` inputs; task index = block *
/// tasks of a block + task of the block.
package struct WinogradWeightArguments: BitwiseCopyable {
    package var source: UnsafePointer<Float>
    package var destination: UnsafeMutablePointer<Float>
    package var tileElementStride: Int
    package var inputs: Int
    package var inputsPerTask: Int
    package var form: WinogradForm

    package init(
        source: UnsafePointer<Float>, destination: UnsafeMutablePointer<Float>, tileElementStride: Int, inputs: Int,
        inputsPerTask: Int, form: WinogradForm
    ) {
        self.tileElementStride = tileElementStride
        self.form = form
        self.source = source
        self.destination = destination
        self.inputs = inputs
        self.inputsPerTask = inputsPerTask
    }
}
