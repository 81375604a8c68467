internal import Graphs
internal import KernelInterface
internal import Tensors

/// The numbers of one convolution.
struct ConvolutionGeometry {
    var input: Shape
    var output: Shape
    var kernelHeight: Int
    var kernelWidth: Int
    var stride: Int
    var padding: Int
    /// Each channel has a kernel of its own: input and output have the same channels.
    var isDepthwise = false

    var taps: Int { kernelHeight * kernelWidth }
    /// Inputs that a weight of each tap meets.
    var inputsPerOutput: Int { isDepthwise ? 1 : input.channels }
    /// A linear layer: the kernel covers the whole map.
    var isLinear: Bool {
        !isDepthwise && padding == 0 && output.pixels == 1 && kernelHeight == input.height && kernelWidth == input.width
    }
    var isPointwise: Bool { !isDepthwise && taps == 1 && stride == 1 && padding == 0 }

    /// Channels of a task of a depthwise convolution, a multiple of 32: as many as leave cache for some rows, since
    /// memory is faster where more of a pixel is read at once. Channel blocks are of nearly equal size.
    var depthwiseLanes: Int {
        let blocks = (output.channels + 31) / 32
        let fitting = max(Cut.stripFloats / ((input.width + kernelWidth) * Cut.depthwiseRows * 32), 1)
        let parts = (blocks + fitting - 1) / fitting
        return (blocks + parts - 1) / parts * 32
    }

    var axis: RowAxis { isLinear ? .samples : isPointwise ? .pixels : .mapRow }
}

/// The blocking of a convolution: the sizes of row and channel blocks, so that they fit the caches.
enum Cut {
    /// Floats of source that one task keeps in the second-level cache.
    static let sourceFloats = 40_960
    /// Floats of source and destination, where the destination is summed. The cache also holds as much again of what
    /// its sums read, and of what is prefetched for the next task.
    static let summedFloats = 32_768
    /// Floats of x and dy that a task on a weight gradient keeps in the second-level cache.
    static let stripFloats = 106_496
    /// Pixels of x and dy that a register tile of a weight gradient passes over. It reads a line or two of each, which
    /// the next tiles find in the first-level cache.
    static let stripPixels = 112
    /// Floats of the sums that a task on a weight gradient keeps in the second-level cache, beside them.
    static let partSums = 65_536
    /// Blocks of a weight gradient's inputs and outputs for each thread from which on tasks need not be single shards'
    /// to be enough: `enoughParts` for sums over taps, `enoughFilteredParts` for Winograd, whose blocks are larger.
    static let enoughParts = 8
    static let enoughFilteredParts = 4
    /// Inputs of a task on a linear layer's data gradient at most: whole register tiles of any height. `linearBlocks`
    /// is the most blocks of 32 outputs of a task on its weights' gradient.
    static let linearInputs = 84
    static let linearBlocks = 4
    /// Weights of a linear layer that tasks read once each, as they are in a cache. Beyond, a task has all samples.
    static let linearWeights = 65_536
    /// K iterations of a batch-reduce GEMM element at most, so that blocks of weights fit the caches.
    static let segmentLength = 1024
    /// Tasks below which lanes are divided too.
    static let enoughTasks = 8
    /// Floats of those copies of a small map that join its rows. Rows are joined where register tiles are lower than
    /// `lowTile` rows: such a tile's accumulators are fewer than multiplications take to finish.
    static let joinedFloats = 131_072
    static let lowTile = 5
    /// A multiple of every tile height.
    static let pixelRun = 84
    /// Channels from which on Winograd is faster than the sum over taps.
    static let filteredChannels = 16
    /// Numbers of a channel in the transform domain that a task works on at a time: of some full register tiles, which
    /// fit the second-level cache.
    static let coefficients = 1008
    /// Floats of transformed weights beyond which caches do not keep them for the next task. `streamingCoefficients`
    /// takes the place of `coefficients` then.
    static let cachedWeights = 4_000_000
    static let streamingCoefficients = 2304
    /// Winograd tiles of a task on a weight gradient at a time; its sums are read and written once for them all.
    static let summedPatches = 64
    /// Floats of its transformed sums that a task on a weight gradient keeps: the more, the less often are x and dy
    /// transformed.
    static let coefficientSums = 1_179_648
    /// Inputs whose weights a task transforms.
    static let transformedInputs = 64
    /// Rows of its source that should fit the cache of a task of a depthwise convolution.
    static let depthwiseRows = 8
}

/// A convolution's tensors: all of them, or those of one super-group.
struct ConvolutionPart {
    var geometry: ConvolutionGeometry
    /// x, or dx of a data gradient.
    var input: TensorView
    /// The prologue of x: the batch norm that it goes through when it is read.
    var normalization: Normalization?
    /// y, or dy of gradients.
    var output: TensorView
    /// The prologue of dy: the batch norm's gradient that it goes through when it is read.
    var normGradient: NormGradient?
    /// The addend of y, or of dx of a data gradient.
    var addend: TensorView?
    /// The epilogue of the numbers that are written.
    var finish: Finish?
    var weights: UnsafeMutablePointer<Float>
    var gradient: UnsafeMutablePointer<Float>
    /// Floats of `weights`.
    var weightCount: Int
    var bias: UnsafePointer<Float>?
    /// Its first channels among all of the tensors'.
    var firstInput: Int
    var firstOutput: Int
    /// Sums over the written numbers, to be fused where the kernel can.
    var sums: RunSums?

    /// The same convolution of the pixels alone that it reads: of a 1x1 kernel with a stride, those in between are left
    /// out.
    func decimated() -> ConvolutionPart {
        guard geometry.taps == 1, geometry.padding == 0, geometry.stride > 1, !geometry.isDepthwise else { return self }
        var part = self
        part.geometry.stride = 1
        part.geometry.input.height = geometry.output.height
        part.geometry.input.width = geometry.output.width
        part.input.height = geometry.output.height
        part.input.width = geometry.output.width
        part.input.rowStride *= geometry.stride
        part.input.pixelStride *= geometry.stride
        return part
    }
}
