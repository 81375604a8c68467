/// Networks that differ from another in some property of all their layers.
extension Network {
    /// Returns the network with every dropout layer at `rate`, in 0 ..< 1.
    package func withDropout(rate: Float) -> Network {
        precondition(rate >= 0 && rate < 1, "dropout at rate \(rate)")
        return mapping { operation in
            if case .dropout = operation { .dropout(rate: rate) } else { operation }
        }
    }

    /// Returns the network with `activation` in the place of every other.
    package func withActivation(_ activation: Activation) -> Network {
        mapping { operation in
            switch operation {
            case .relu, .relu6, .sigmoid, .tanh, .gelu: activation.operation
            default: operation
            }
        }
    }

    /// Returns the network with weights of convolutions and linear layers that are initialised by `scheme`. The rules
    /// of biases and batch norms do not change.
    package func withWeights(_ scheme: InitialScheme) -> Network {
        guard let rule = scheme.rule else { return self }
        return mapping { operation in
            switch operation {
            case .convolution(var convolution):
                convolution.weight = rule
                return .convolution(convolution)
            case .linear(var linear):
                linear.weight = rule
                return .linear(linear)
            default: return operation
            }
        }
    }

    private func mapping(_ change: (Layer.Operation) -> Layer.Operation) -> Network {
        var network = self
        network.layers = layers.map { layer in
            Layer(
                name: layer.name, isModule: layer.isModule, operation: change(layer.operation), inputs: layer.inputs)
        }
        return network
    }
}
