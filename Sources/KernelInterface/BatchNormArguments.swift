/// Memory of one batch-norm layer; every pointer is to `channels` values, rounded up to 16.
package struct BatchNormState: BitwiseCopyable {
    package var channels: Int
    package var epsilon: Float
    package var momentum: Float
    package var weight: UnsafePointer<Float>
    package var bias: UnsafePointer<Float>
    package var runningMean: UnsafeMutablePointer<Float>
    package var runningVariance: UnsafeMutablePointer<Float>
    /// The batch's moments: kept from the forward for the backward pass.
    package var mean: UnsafeMutablePointer<Float>
    package var inverseDeviation: UnsafeMutablePointer<Float>
    /// y = (x - mean) * scale + bias, when the moments are known. The backward pass finds y's mask with it again.
    package var scale: UnsafeMutablePointer<Float>
    /// dx = dy * gradientScale + (x - mean) * slope + offset
    package var gradientScale: UnsafeMutablePointer<Float>
    package var slope: UnsafeMutablePointer<Float>
    package var offset: UnsafeMutablePointer<Float>

    package init(
        channels: Int, epsilon: Float, momentum: Float, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>,
        runningMean: UnsafeMutablePointer<Float>, runningVariance: UnsafeMutablePointer<Float>,
        mean: UnsafeMutablePointer<Float>, inverseDeviation: UnsafeMutablePointer<Float>,
        scale: UnsafeMutablePointer<Float>, gradientScale: UnsafeMutablePointer<Float>,
        slope: UnsafeMutablePointer<Float>, offset: UnsafeMutablePointer<Float>
    ) {
        self.channels = channels
        self.epsilon = epsilon
        self.momentum = momentum
        self.weight = weight
        self.bias = bias
        self.runningMean = runningMean
        self.runningVariance = runningVariance
        self.mean = mean
        self.inverseDeviation = inverseDeviation
        self.scale = scale
        self.gradientScale = gradientScale
        self.slope = slope
        self.offset = offset
    }
}

/// The two sums for each channel of a tensor.
package struct ChannelSums: BitwiseCopyable {
    /// Channels, rounded up to 16.
    package var width: Int
    /// [sample][2][width]
    package var samples: UnsafeMutablePointer<Double>
    /// The sums over this rank's samples, [2][width]; summed over ranks in place.
    package var total: UnsafeMutablePointer<Double>

    package init(width: Int, samples: UnsafeMutablePointer<Double>, total: UnsafeMutablePointer<Double>) {
        self.width = width
        self.samples = samples
        self.total = total
    }
}

/// Sums over a tensor's pixels, and over its samples.
package struct ChannelSumArguments: BitwiseCopyable {
    package var batch: BatchLayout
    package var input: TensorView
    package var sums: ChannelSums

    package init(batch: BatchLayout, input: TensorView, sums: ChannelSums) {
        self.batch = batch
        self.input = input
        self.sums = sums
    }
}

/// The deferred affine terms of several batch norms' gradients with respect to the same channels.
package struct NormShiftArguments: BitwiseCopyable {
    package var batch: BatchLayout
    /// The state of each batch norm, from the first of these channels on.
    package var norms: UnsafePointer<BatchNormState>
    package var normCount: Int
    /// The sum of their affine terms, (x - mean) * slope + offset with the first batch norm's mean; of all channels,
    /// rounded up to 16.
    package var slope: UnsafeMutablePointer<Float>
    package var offset: UnsafeMutablePointer<Float>
    package var input: TensorView
    /// The gradient without the affine terms, dx so far, and the view that the sum is written to.
    package var gradient: TensorView
    package var output: TensorView

    package init(
        batch: BatchLayout, norms: UnsafePointer<BatchNormState>, normCount: Int, slope: UnsafeMutablePointer<Float>,
        offset: UnsafeMutablePointer<Float>, input: TensorView, gradient: TensorView, output: TensorView
    ) {
        self.batch = batch
        self.norms = norms
        self.normCount = normCount
        self.slope = slope
        self.offset = offset
        self.input = input
        self.gradient = gradient
        self.output = output
    }
}

/// Arguments of all batch-norm kernels. `gradient` and `output` mean dy and dx backward, `output` means y forward.
package struct BatchNormArguments: BitwiseCopyable {
    package var batch: BatchLayout
    package var step: UnsafePointer<StepState>
    package var state: BatchNormState
    /// The channel sums; nil where moments are fixed.
    package var sums: ChannelSums?
    package var input: TensorView
    package var gradient: TensorView?
    package var output: TensorView?
    /// Added to dx; forward the identity that is added to y before its bounds.
    package var addend: TensorView?
    /// The normalisation of a forward pass's addend when it is read; it has no bounds.
    package var addendNormalization: Normalization?
    /// The bounds of the batch norm's activation, if it has one.
    package var bounds: Bounds?
    /// y, for a residual gradient's mask.
    package var activated: TensorView?
    /// The gradients of weight and bias, which the kernel writes; a number a channel.
    package var weightGradient: UnsafeMutablePointer<Float>?
    package var biasGradient: UnsafeMutablePointer<Float>?
    /// Scratch memory for the shards' parts of these gradients: [shard][2][channels].
    package var partials: UnsafeMutablePointer<Float>?

    package init(
        batch: BatchLayout, step: UnsafePointer<StepState>, state: BatchNormState, input: TensorView,
        bounds: Bounds?
    ) {
        self.batch = batch
        self.step = step
        self.state = state
        self.input = input
        self.bounds = bounds
    }
}
