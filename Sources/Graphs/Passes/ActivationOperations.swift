extension Activation {
    /// The activation that an operation of its own is.
    init?(_ operation: Operation) {
        switch operation {
        case .relu: self = .relu
        case .relu6: self = .relu6
        case .sigmoid: self = .sigmoid
        case .tanh: self = .tanh
        case .gelu: self = .gelu
        default: return nil
        }
    }

    /// The activation whose gradient an operation of its own is.
    init?(gradient operation: Operation) {
        switch operation {
        case .reluGradient: self = .relu
        case .relu6Gradient: self = .relu6
        case .sigmoidGradient: self = .sigmoid
        case .tanhGradient: self = .tanh
        case .geluGradient: self = .gelu
        default: return nil
        }
    }
}

extension Operation {
    func isGradient(of activation: Activation) -> Bool { Activation(gradient: self) == activation }
}
