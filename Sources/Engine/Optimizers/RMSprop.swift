internal import KernelInterface

/// RMSprop: each parameter moves by its gradient over the root of the mean of its squares, with momentum where asked
/// for. (Tieleman and Hinton, "Lecture 6.5: RMSprop", 2012, in torch's form.)
package struct RMSprop: OptimizerRule, Equatable {
    /// The decay rate of the mean of squares: the share of itself that it keeps at each step.
    package var alpha: Double
    package var epsilon: Double
    package var momentum: Float
    package var weightDecay: Float

    package init(alpha: Double = 0.99, epsilon: Double = 1e-8, momentum: Float = 0, weightDecay: Float = 0) {
        self.alpha = alpha
        self.epsilon = epsilon
        self.momentum = momentum
        self.weightDecay = weightDecay
    }

    package var state: [String] { momentum > 0 ? ["square_avg", "momentum"] : ["square_avg"] }

    package func update(_ step: UpdateStep) {
        step.setNumbers { parameter in
            ChunkNumbers(rate: step.learningRate * parameter.rate, decay: weightDecay * parameter.decay)
        }
        step.run(
            step.kernels.rmsprop,
            RMSpropArguments(
                parameters: step.chunkedParameters, squares: step.state("square_avg"),
                velocities: momentum > 0 ? step.state("momentum") : nil, old: Float(alpha), new: Float(1 - alpha),
                epsilon: Float(epsilon), momentum: momentum))
    }
}
