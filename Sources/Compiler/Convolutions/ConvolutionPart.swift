internal import KernelInterface
internal import Tensors

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
    /// The epilogue of y, or of dx of a data gradient; its sums are to be fused where the kernel can.
    var epilogue: Epilogue
    var weights: UnsafeMutablePointer<Float>
    var gradient: UnsafeMutablePointer<Float>
    /// Floats of `weights`.
    var weightCount: Int
    /// Its first channels among all of the tensors'.
    var firstInput: Int
    var firstOutput: Int

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
