package import Graphs

/// Stochastic gradient descent in Double, as `torch.optim.SGD` has it: g = gradient + weightDecay * w,
/// v = momentum * v + g (v = g at first), w -= learningRate * v.
package struct ReferenceSGD {
    package let learningRate: Double
    package let momentum: Double
    package let weightDecay: Double
    /// Whether decay applies to biases and norms too, as torch does where nothing else is said.
    package let decaysEverything: Bool
    private var velocities: [Int: [Double]] = [:]

    package init(learningRate: Double, momentum: Double, weightDecay: Double, decaysEverything: Bool) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.weightDecay = weightDecay
        self.decaysEverything = decaysEverything
    }

    /// Moves the trainable `parameters` of `graph` along `gradients`, both by `ParameterID.index`.
    package mutating func update(_ parameters: inout [[Double]], gradients: [[Double]], of graph: Graph) {
        for (index, specification) in graph.parameters.enumerated() where specification.isTrainable {
            let decay = decaysEverything || specification.decays ? weightDecay : 0
            var velocity = velocities[index] ?? Array(repeating: 0, count: specification.count)
            for element in velocity.indices {
                let gradient = gradients[index][element] + decay * parameters[index][element]
                velocity[element] = momentum * velocity[element] + gradient
                parameters[index][element] -= learningRate * velocity[element]
            }
            velocities[index] = velocity
        }
    }
}
