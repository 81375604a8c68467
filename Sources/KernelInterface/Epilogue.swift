/// A function of each number alone.
package enum Nonlinearity: UInt8, BitwiseCopyable {
    case relu, relu6, sigmoid, tanh, gelu
}

/// A kernel's epilogue: a function of the numbers that it has just written, before any other kernel reads them.
package struct Epilogue: BitwiseCopyable {
    package var function: Nonlinearity
    /// y, or of GELU x, where the kernel has written dy and the epilogue turns it into the gradient of the function's
    /// input; nil where the epilogue computes y itself.
    package var activated: TensorView?

    package init(function: Nonlinearity, activated: TensorView?) {
        self.function = function
        self.activated = activated
    }
}
