/// An elementwise operation on one or two inputs of the output's shape: ReLU, sigmoid, addition, their gradients,
/// copies of slices. Views may coincide. One task a sample.
package struct ElementwiseArguments: BitwiseCopyable {
    package var batch: BatchLayout
    package var first: TensorView
    /// The second summand, or dy of a gradient. The `first` of a gradient is y, or for GELU x.
    package var second: TensorView?
    package var output: TensorView
    package var addend: TensorView?
    /// The factor of `scale`.
    package var factor: Float = 1

    package init(
        batch: BatchLayout, first: TensorView, second: TensorView?, output: TensorView, addend: TensorView?
    ) {
        self.batch = batch
        self.first = first
        self.second = second
        self.output = output
        self.addend = addend
    }
}

/// Dropout and its gradient: the same draw, a function of (seed, step, sample, layer, element). One task a sample.
package struct DropoutArguments: BitwiseCopyable {
    package var batch: BatchLayout
    package var step: UnsafePointer<StepState>
    package var input: TensorView
    package var output: TensorView
    package var addend: TensorView?
    package var rate: Float
    /// The number of the dropout layer in its network.
    package var layer: Int

    package init(
        batch: BatchLayout, step: UnsafePointer<StepState>, input: TensorView, output: TensorView,
        addend: TensorView?, rate: Float, layer: Int
    ) {
        self.batch = batch
        self.step = step
        self.input = input
        self.output = output
        self.addend = addend
        self.rate = rate
        self.layer = layer
    }
}

/// Pooling forward (input -> output) and backward (dy -> dx, and for maxima x and y). One task a sample.
///
/// Max pools with a `normalization` read the normalised x, whose rows are in scratch memory while windows read them.
package struct PoolingArguments: BitwiseCopyable {
    package var batch: BatchLayout
    package var input: TensorView
    package var output: TensorView
    /// dy and dx of a backward pass.
    package var outputGradient: TensorView?
    package var inputGradient: TensorView?
    package var addend: TensorView?
    package var kernel: Int
    package var stride: Int
    package var padding: Int
    package var normalization: Normalization?
    /// The scratch memory, of worker w at w * `scratchStride` floats: `kernel` rows of x.
    package var scratch: UnsafeMutablePointer<Float>?
    package var scratchStride = 0
    /// The activation whose gradient dx goes through, as its epilogue.
    package var activation: FusedActivation?

    package init(
        batch: BatchLayout, input: TensorView, output: TensorView, outputGradient: TensorView?,
        inputGradient: TensorView?, addend: TensorView?, kernel: Int, stride: Int, padding: Int
    ) {
        self.batch = batch
        self.input = input
        self.output = output
        self.outputGradient = outputGradient
        self.inputGradient = inputGradient
        self.addend = addend
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
    }
}

/// Softmax cross-entropy and its gradient. One task a sample.
package struct CrossEntropyArguments: BitwiseCopyable {
    package var batch: BatchLayout
    package var step: UnsafePointer<StepState>
    package var logits: TensorView
    package var gradient: TensorView?
    package var weight: Float
    /// The losses by slot; a head adds its own when `isFirst` is false.
    package var losses: UnsafeMutablePointer<Float>
    /// The classes with the highest logits, by slot, written by the head of weight 1.
    package var predictions: UnsafeMutablePointer<Int32>
    /// The softmax of the predicted classes, by slot, written by the same head.
    package var probabilities: UnsafeMutablePointer<Float>
    package var isFirst: Bool

    package init(
        batch: BatchLayout, step: UnsafePointer<StepState>, logits: TensorView, gradient: TensorView?, weight: Float,
        losses: UnsafeMutablePointer<Float>, predictions: UnsafeMutablePointer<Int32>,
        probabilities: UnsafeMutablePointer<Float>, isFirst: Bool
    ) {
        self.batch = batch
        self.step = step
        self.logits = logits
        self.gradient = gradient
        self.weight = weight
        self.losses = losses
        self.predictions = predictions
        self.probabilities = probabilities
        self.isFirst = isFirst
    }
}

/// Local response normalisation and its gradient. One task a sample.
package struct LRNArguments: BitwiseCopyable {
    package var batch: BatchLayout
    package var input: TensorView
    package var output: TensorView
    /// dy and dx of a backward pass.
    package var outputGradient: TensorView?
    package var inputGradient: TensorView?
    package var addend: TensorView?
    /// Channels of a window, at most 64.
    package var size: Int
    package var alpha: Float
    package var beta: Float
    package var k: Float
    /// The scratch memory of each worker: two rows of the padded channels and 64 more.
    package var scratch: UnsafeMutablePointer<Float>
    package var scratchStride: Int

    package init(
        batch: BatchLayout, input: TensorView, output: TensorView, outputGradient: TensorView?,
        inputGradient: TensorView?, addend: TensorView?, size: Int, alpha: Float, beta: Float, k: Float,
        scratch: UnsafeMutablePointer<Float>, scratchStride: Int
    ) {
        self.batch = batch
        self.input = input
        self.output = output
        self.outputGradient = outputGradient
        self.inputGradient = inputGradient
        self.addend = addend
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k
        self.scratch = scratch
        self.scratchStride = scratchStride
    }
}
