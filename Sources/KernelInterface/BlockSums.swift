/// The two sums for each channel of a tensor, in float32 over row blocks of a map. Batch norm's sums over samples begin
/// with them.
///
/// They are the epilogue of the task that has just written these rows, and have the bits of a separate pass.
package struct BlockSums: BitwiseCopyable {
    /// Channels of the whole tensor, rounded up to 16.
    package var width: Int
    /// Row blocks of a map.
    package var blocks: Int
    package var rowsPerBlock: Int
    /// [sample][row block][2][width], from the first channel of the tensor that is written.
    package var partials: UnsafeMutablePointer<Float>
    /// The batch norm whose gradient is summed; nil for the sums of x and x².
    package var norm: SummedNorm?

    package init(
        height: Int, rowsPerBlock: Int, width: Int, partials: UnsafeMutablePointer<Float>, norm: SummedNorm?
    ) {
        self.width = width
        self.rowsPerBlock = rowsPerBlock
        self.blocks = (height + rowsPerBlock - 1) / rowsPerBlock
        self.partials = partials
        self.norm = norm
    }

    /// Returns the rows of a block that is summed in float32, for maps of this size: a power of two, and 112 pixels at
    /// most where a row is not longer.
    package static func rowsPerBlock(height: Int, width: Int) -> Int {
        var rows = 1
        while rows < height && 2 * rows * width <= 112 { rows *= 2 }
        return min(rows, height)
    }

    /// Returns the sums of the channels from `channel` on.
    package func slice(from channel: Int) -> BlockSums {
        var slice = self
        slice.partials += channel
        slice.norm?.drop(channels: channel)
        return slice
    }
}

/// A batch norm whose output's gradient is summed.
package struct SummedNorm: BitwiseCopyable {
    package var input: TensorView
    package var mean: UnsafePointer<Float>
    package var scale: UnsafePointer<Float>
    package var bias: UnsafePointer<Float>
    /// The bounds of the batch norm's activation, if it has one.
    package var bounds: Bounds?
    /// y, where an identity is added before the activation: the mask follows from it in place of x, and masked dy is
    /// written over dy.
    package var activated: TensorView?
    /// Whether scale * masked dy is written in place of dy, added to the convolution's addend: dx without its deferred
    /// affine term.
    package var isScaled: Bool

    package init(
        input: TensorView, mean: UnsafePointer<Float>, scale: UnsafePointer<Float>, bias: UnsafePointer<Float>,
        bounds: Bounds?, activated: TensorView?, isScaled: Bool
    ) {
        self.input = input
        self.mean = mean
        self.scale = scale
        self.bias = bias
        self.bounds = bounds
        self.activated = activated
        self.isScaled = isScaled
    }

    fileprivate mutating func drop(channels: Int) {
        input.advance(by: channels)
        activated?.advance(by: channels)
        mean += channels
        scale += channels
        bias += channels
    }
}

/// Sums of row blocks -> sums of samples.
package struct BlockSumArguments: BitwiseCopyable {
    package var batch: BatchLayout
    package var blocks: BlockSums
    package var sums: ChannelSums

    package init(batch: BatchLayout, blocks: BlockSums, sums: ChannelSums) {
        self.batch = batch
        self.blocks = blocks
        self.sums = sums
    }
}
