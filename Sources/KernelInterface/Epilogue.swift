/// A function of each number alone.
package enum Nonlinearity: UInt8, BitwiseCopyable {
    case relu, relu6, sigmoid, tanh, gelu
}

/// A kernel's epilogue: a function of the numbers that it has just written, before any other kernel reads them.
package struct FusedActivation: BitwiseCopyable {
    package var function: Nonlinearity
    /// y, or of GELU x, where the kernel has written dy, which becomes the gradient of the function's input; nil where
    /// the function itself is computed.
    package var activated: TensorView?

    package init(function: Nonlinearity, activated: TensorView?) {
        self.function = function
        self.activated = activated
    }
}

/// A kernel's epilogue: what it does to the numbers that it writes, before anybody reads them, in the order of the
/// fields.
package struct Epilogue: BitwiseCopyable {
    /// One value a lane, added to every output. Never beside an addend.
    package var bias: UnsafePointer<Float>?
    /// The addend of every output; the view may be the destination itself.
    package var addend: TensorView?
    package var activation: FusedActivation?
    /// Sums over the output; no task ends within a row block of theirs.
    package var sums: BlockSums?

    package init(
        bias: UnsafePointer<Float>? = nil, addend: TensorView? = nil, activation: FusedActivation? = nil,
        sums: BlockSums? = nil
    ) {
        self.bias = bias
        self.addend = addend
        self.activation = activation
        self.sums = sums
    }
}
