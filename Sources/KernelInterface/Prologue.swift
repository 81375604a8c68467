/// A kernel's prologue: what it does to numbers as it reads them.
package enum Prologue: BitwiseCopyable {
    /// x becomes y of a batch norm.
    case normalization(Normalization)
    /// dy becomes dx of a batch norm.
    case normGradient(NormGradient)
}

/// The bounds that an activation clamps numbers to: low <= y <= high. Its mask is one where low < y < high, else zero.
package struct Bounds: BitwiseCopyable {
    package var low: Float
    package var high: Float

    package init(low: Float, high: Float) {
        self.low = low
        self.high = high
    }
}

/// A batch norm with its activation, as a prologue of y's reader: (x - mean) * scale + bias, clamped to bounds.
/// Pointers are to one number a channel.
package struct Normalization: BitwiseCopyable {
    package var mean: UnsafePointer<Float>
    package var scale: UnsafePointer<Float>
    package var bias: UnsafePointer<Float>
    package var bounds: Bounds

    package init(
        mean: UnsafePointer<Float>, scale: UnsafePointer<Float>, bias: UnsafePointer<Float>, bounds: Bounds
    ) {
        self.mean = mean
        self.scale = scale
        self.bias = bias
        self.bounds = bounds
    }
}

/// A batch norm's gradient, as a prologue of dy's reader: dx = dy * gradientScale + (x - mean) * slope + offset, with
/// dy masked by the batch norm's activation. Pointers are to one number a channel.
package struct NormGradient: BitwiseCopyable {
    /// x
    package var input: TensorView
    package var mean: UnsafePointer<Float>
    package var scale: UnsafePointer<Float>
    package var bias: UnsafePointer<Float>
    package var gradientScale: UnsafePointer<Float>
    package var slope: UnsafePointer<Float>
    package var offset: UnsafePointer<Float>
    /// The bounds of the batch norm's activation, if its mask follows from x.
    package var bounds: Bounds?

    package init(_ state: BatchNormState, input: TensorView, bounds: Bounds?) {
        self.input = input
        self.bounds = bounds
        mean = UnsafePointer(state.mean)
        scale = UnsafePointer(state.scale)
        bias = state.bias
        gradientScale = UnsafePointer(state.gradientScale)
        slope = UnsafePointer(state.slope)
        offset = UnsafePointer(state.offset)
    }
}
