package import Graphs
internal import Kernels
internal import Tensors

extension Engine {
    /// One step of an optimizer along the gradients.
    ///
    /// - Parameter rule: one that remembers what the one of the configuration does.
    package func update(_ rule: some OptimizerRule, learningRate: Float) {
        updates += 1
        rule.update(
            UpdateStep(
                learningRate: learningRate, count: updates, kernels: configuration.kernelTable,
                parameters: weights.baseAddress, gradients: gradients.baseAddress, arenas: state,
                optimizer: optimizer, pool: pool))
    }

    /// Multiplies the learning rate of one trainable parameter from now on. 0 freezes it: no gradient, decay or
    /// momentum moves it.
    package func setRateMultiplier(_ multiplier: Float, of id: ParameterID) {
        optimizer.change(id) { $0.rate = multiplier }
    }

    /// Multiplies the weight decay of one trainable parameter from now on; 0 spares it. Until then it is 1 for weights
    /// and 0 for biases and batch norms.
    package func setDecayMultiplier(_ multiplier: Float, of id: ParameterID) {
        optimizer.change(id) { $0.decay = multiplier }
    }
}
