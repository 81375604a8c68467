/// The weights of a data gradient by GEMM + col2im along the width, whose lanes are the taps of a kernel's row and
/// their inputs: from [outputs/32][taps][inputs][32] to [rows of the kernel, the last one first][outputs][32]. One task
/// a row of the kernel.
package struct RowTapWeightArguments: BitwiseCopyable {
    package var source: UnsafePointer<Float>
    package var destination: UnsafeMutablePointer<Float>
    package var inputs: Int
    package var outputs: Int
    package var kernelHeight: Int
    package var kernelWidth: Int

    package init(
        source: UnsafePointer<Float>, destination: UnsafeMutablePointer<Float>, inputs: Int, outputs: Int,
        kernelHeight: Int, kernelWidth: Int
    ) {
        self.source = source
        self.destination = destination
        self.inputs = inputs
        self.outputs = outputs
        self.kernelHeight = kernelHeight
        self.kernelWidth = kernelWidth
    }
}

/// GEMM + col2im along the width: dx[row, column, input] = sum over taps s of a kernel's row of products[row, column +
/// padding - s, (s, input)].
package struct ColumnSumArguments: BitwiseCopyable {
    /// The convolution that computes `products`, with dx's rows and dy's columns, in tasks with all of its lanes. Its
    /// destination is the first worker's scratch memory, which holds one task's samples and rows, each row after the
    /// margin of the previous one.
    package var convolution: ConvolutionArguments
    package var destination: TensorView
    /// The epilogue of dx: its addend and activation.
    package var epilogue: Epilogue
    package var kernelWidth: Int
    package var padding: Int

    /// Pixels of zeros beside a row of `products`: the sums of dx's first and last pixels reach beyond.
    package var margin: Int { kernelWidth - 1 - padding }

    package init(
        convolution: ConvolutionArguments, destination: TensorView, epilogue: Epilogue, kernelWidth: Int, padding: Int
    ) {
        self.convolution = convolution
        self.destination = destination
        self.epilogue = epilogue
        self.kernelWidth = kernelWidth
        self.padding = padding
    }
}
