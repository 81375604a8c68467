/// The weights of a convolution of at most eight outputs, with two pixels' outputs as lanes: from [taps][inputs][32] to
/// [kernelHeight][kernelWidth + 1][inputs][32], followed by 16 of bias. One task.
package struct TwoPixelWeightArguments: BitwiseCopyable {
    package var source: UnsafePointer<Float>
    package var bias: UnsafePointer<Float>?
    package var destination: UnsafeMutablePointer<Float>
    package var inputs: Int
    package var kernelHeight: Int
    package var kernelWidth: Int

    package init(
        source: UnsafePointer<Float>, bias: UnsafePointer<Float>?, destination: UnsafeMutablePointer<Float>,
        inputs: Int, kernelHeight: Int, kernelWidth: Int
    ) {
        self.source = source
        self.bias = bias
        self.destination = destination
        self.inputs = inputs
        self.kernelHeight = kernelHeight
        self.kernelWidth = kernelWidth
    }
}
