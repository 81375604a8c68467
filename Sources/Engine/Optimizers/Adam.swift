internal import KernelInterface

/// Adam: each parameter moves by the mean of its gradients over the root of the mean of their squares. (Kingma and Ba,
/// "Adam: A Method for Stochastic Optimization", 2015.) Weight decay is added to the gradient or, in AdamW, taken off
/// the weights directly. (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019.)
package struct Adam: OptimizerRule, Equatable {
    /// The decay rates of the means of gradients and of their squares.
    package var betas: Betas
    package var epsilon: Double
    package var weightDecay: Double
    /// Whether weight decay is decoupled, as in AdamW.
    package var isDecoupled: Bool

    package init(betas: Betas = Betas(), epsilon: Double = 1e-8, weightDecay: Double, isDecoupled: Bool) {
        self.betas = betas
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.isDecoupled = isDecoupled
    }

    package var state: [String] { Betas.state }

    package func update(_ step: UpdateStep) {
        let correction = betas.correction(count: step.count)
        step.setNumbers { parameter in
            let rate = Double(step.learningRate * parameter.rate)
            let decay = weightDecay * Double(parameter.decay)
            return ChunkNumbers(
                rate: Float(rate / correction), decay: isDecoupled ? 0 : Float(decay),
                scale: isDecoupled ? Float(1 - rate * decay) : 1)
        }
        step.run(step.kernels.adam, betas.arguments(step, epsilon: epsilon))
    }
}

/// The decay rates of two means over steps, of gradients and of their squares: the share of itself that a mean keeps at
/// each step.
package struct Betas: Equatable, Sendable {
    package var gradients: Double
    package var squares: Double

    package init(_ gradients: Double = 0.9, _ squares: Double = 0.999) {
        self.gradients = gradients
        self.squares = squares
    }

    static let state = ["exp_avg", "exp_avg_sq"]

    /// Returns the divisor that corrects the mean of gradients for its start at 0, after `count` updates: 1 -
    /// beta1^count.
    func correction(count: Int) -> Double { 1 - Self.power(gradients, count) }

    func arguments(_ step: UpdateStep, epsilon: Double) -> AdamArguments {
        AdamArguments(
            parameters: step.chunkedParameters, means: step.state(Self.state[0]), squares: step.state(Self.state[1]),
            newShare: Float(1 - gradients), oldSquares: Float(squares), newSquares: Float(1 - squares),
            root: Float((1 - Self.power(squares, step.count)).squareRoot()), epsilon: Float(epsilon))
    }

    /// Returns the power by multiplications alone, so that its bits do not depend on a library.
    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var (result, square, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }
}
