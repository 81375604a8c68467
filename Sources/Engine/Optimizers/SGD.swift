internal import KernelInterface

/// Stochastic gradient descent with momentum, as torch has it: g = gradient + weightDecay * w,
/// v = momentum * v + (1 - dampening) * g, w -= rate * v, or in Nesterov's form w -= rate * (g + momentum * v).
/// (Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.)
package struct SGD: OptimizerRule, Equatable {
    package var momentum: Float
    package var dampening: Float
    package var weightDecay: Float
    package var nesterov: Bool

    package init(momentum: Float, dampening: Float = 0, weightDecay: Float, nesterov: Bool = false) {
        self.momentum = momentum
        self.dampening = dampening
        self.weightDecay = weightDecay
        self.nesterov = nesterov
    }

    package var state: [String] { ["momentum"] }

    package func update(_ step: UpdateStep) {
        // At the first step, velocity is the gradient itself.
        let share = momentum > 0 && step.count > 1 ? 1 - dampening : 1
        step.setNumbers { parameter in
            ChunkNumbers(
                rate: step.learningRate * parameter.rate, decay: weightDecay * parameter.decay, scale: share)
        }
        step.run(
            step.kernels.sgd,
            SGDArguments(
                parameters: step.chunkedParameters, velocities: step.state("momentum"), momentum: momentum,
                nesterov: nesterov))
    }
}
