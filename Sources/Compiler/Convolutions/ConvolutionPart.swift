internal import KernelInterface
internal import Tensors

/// The tensors of a convolution, or of one of its super-groups.
struct ConvolutionPart {
    var geometry: ConvolutionGeometry
    /// x, or dx of a data gradient.
    var input: TensorView
    /// The prologue of x: the batch norm applied as it is read.
    var normalization: Normalization?
    /// y, or dy of gradients.
    var output: TensorView
    /// The prologue of dy: the batch norm's gradient computed as it is read.
    var normGradient: NormGradient?
    /// The epilogue of y, or of dx of a data gradient. The kernel fuses its sums if it can.
    var epilogue: Epilogue
    var weights: UnsafeMutablePointer<Float>
    var gradient: UnsafeMutablePointer<Float>
    /// The number of floats of `weights`.
    var weightCount: Int
    /// The part's first input and output channel in the whole tensors.
    var firstInput: Int
    var firstOutput: Int

    /// Returns the same convolution over only the pixels that it reads: a 1x1 kernel with a stride skips the pixels in
    /// between.
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
