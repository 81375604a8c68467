internal import KernelInterface

/// RMSprop: each number's gradient by the root of the mean of its squares, and a momentum of that where one is asked
/// for. (Tieleman and Hinton, "Lecture 6.5: RMSprop", 2012, in torch's form.)
package struct RMSprop: OptimizerRule, Equatable {
    /// The share of itself that the mean of squares keeps at a step.
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
