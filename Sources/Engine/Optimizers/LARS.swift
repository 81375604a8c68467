internal import KernelInterface

/// LARS: SGD whose rate for each parameter is in proportion to its norm over that of its gradient: local = trust * |w|
/// / (|g| + weightDecay * |w|), v = momentum * v + rate * local * (g + weightDecay * w), w -= v. (You, Gitman and
/// Ginsburg, "Large Batch Training of Convolutional Networks", 2017, algorithm 1.)
///
/// Parameters without weight decay, and those of norm 0, use the rate itself.
package struct LARS: OptimizerRule, Equatable {
    package var momentum: Float
    package var trust: Double
    package var weightDecay: Double

    package init(momentum: Float = 0.9, trust: Double = 0.001, weightDecay: Double) {
        self.momentum = momentum
        self.trust = trust
        self.weightDecay = weightDecay
    }

    /// The velocity includes learning rates, so it must not be taken for SGD's momentum.
    package var state: [String] { ["velocity"] }

    package func update(_ step: UpdateStep) {
        let weights = step.norms(of: step.parameters)
        let gradients = step.norms(of: step.gradients)
        step.setNumbers { parameter in
            let (weight, gradient) = (weights[parameter.place], gradients[parameter.place])
            let decay = weightDecay * Double(parameter.decay)
            let isAdapted = parameter.decay > 0 && weight > 0 && gradient > 0
            let local = isAdapted ? trust * weight / (gradient + decay * weight) : 1
            return ChunkNumbers(
                rate: 1, decay: Float(decay), scale: Float(Double(step.learningRate * parameter.rate) * local))
        }
        step.run(
            step.kernels.sgd,
            SGDArguments(
                parameters: step.chunkedParameters, velocities: step.state("velocity"), momentum: momentum,
                nesterov: false))
    }
}
