package import Graphs
internal import Kernels
internal import Tensors

extension Engine {
    /// Updates the parameters by one step of an optimizer.
    ///
    /// - Parameter rule: one that keeps the same state as the configuration's.
    package func update(_ rule: some OptimizerRule, learningRate: Float) {
        updates += 1
        rule.update(
            UpdateStep(
                learningRate: learningRate, count: updates, kernels: configuration.kernelTable,
                parameters: weights.baseAddress, gradients: gradients.baseAddress, arenas: state,
                optimizer: optimizer, pool: pool))
    }

    /// Sets the factor of one trainable parameter's learning rate. 0 freezes it: no gradient, decay or momentum moves
    /// it.
    package func setRateMultiplier(_ multiplier: Float, of id: ParameterID) {
        optimizer.change(id) { $0.rate = multiplier }
    }

    /// Sets the factor of one trainable parameter's weight decay; 0 exempts it. The default is 1 for weights and 0 for
    /// biases and batch norms.
    package func setDecayMultiplier(_ multiplier: Float, of id: ParameterID) {
        optimizer.change(id) { $0.decay = multiplier }
    }
}
