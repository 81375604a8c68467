/// A function of each number alone.
package enum Nonlinearity: UInt8, BitwiseCopyable {
    case relu, relu6, sigmoid, tanh, gelu
}

/// What becomes of numbers that a kernel has just written, before anybody reads them.
package struct Finish: BitwiseCopyable {
    package var function: Nonlinearity
    /// y, or of GELU x, where what was written is dy and becomes the gradient of the function's input; nil where it
    /// becomes y itself.
    package var activated: TensorView?

    package init(function: Nonlinearity, activated: TensorView?) {
        self.function = function
        self.activated = activated
    }
}
