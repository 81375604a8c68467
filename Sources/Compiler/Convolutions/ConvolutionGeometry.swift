internal import Graphs
internal import KernelInterface
internal import Tensors

/// The sizes of a convolution.
struct ConvolutionGeometry {
    var input: Shape
    var output: Shape
    var kernelHeight: Int
    var kernelWidth: Int
    var stride: Int
    var padding: Int
    /// Whether each channel has a kernel of its own; input and output then have the same channels.
    var isDepthwise = false

    init(_ convolution: Convolution, input: Shape, output: Shape, isDepthwise: Bool = false) {
        self.input = input
        self.output = output
        kernelHeight = convolution.kernelHeight
        kernelWidth = convolution.kernelWidth
        stride = convolution.stride
        padding = convolution.padding
        self.isDepthwise = isDepthwise
    }

    var taps: Int { kernelHeight * kernelWidth }
    /// The number of inputs that each output sums at a tap.
    var inputsPerOutput: Int { isDepthwise ? 1 : input.channels }
    /// Whether this is a linear layer: the kernel covers the whole map.
    var isLinear: Bool {
        !isDepthwise && padding == 0 && output.pixels == 1 && kernelHeight == input.height && kernelWidth == input.width
    }
    var isPointwise: Bool { !isDepthwise && taps == 1 && stride == 1 && padding == 0 }

    /// The channels of a task of a depthwise convolution, a multiple of 32: as many as leave cache for
    /// `BlockSizes.depthwiseRows` rows, since memory is faster where more of a pixel is read at once. Channel blocks
    /// are of nearly equal size.
    var depthwiseLanes: Int {
        let blocks = WeightLayout.blocks(output.channels)
        let fitting = max(
            BlockSizes.rowBlockFloats / ((input.width + kernelWidth) * BlockSizes.depthwiseRows * WeightLayout.block), 1
        )
        let parts = (blocks + fitting - 1) / fitting
        return (blocks + parts - 1) / parts * WeightLayout.block
    }

    var axis: RowAxis { isLinear ? .samples : isPointwise ? .pixels : .mapRow }
}
