package import Tensors

/// The parts of a training step.
package enum Pass: String, CaseIterable, Sendable {
    case forward
    /// The gradients of values; a batch norm's includes those of its parameters.
    case dataGradient = "data gradient"
    /// Gradients of weights and biases.
    case weightGradient = "weight gradient"
    /// The work of no node: the sum over ranks, the optimizer's update.
    case update
}

/// The kind of a node's work, by which profiles group nodes.
package struct OperationKind: Hashable, Sendable, CustomStringConvertible {
    /// The name that forward and backward have in common: `convolution`, `batch norm`.
    package let family: String
    package let pass: Pass

    package init(family: String, pass: Pass) {
        self.family = family
        self.pass = pass
    }

    package var description: String {
        if Self.products.contains(family) { return "\(family) \(pass.rawValue)" }
        return pass == .dataGradient ? "\(family) gradient" : family
    }

    /// The families whose gradients of data and of weights are separate nodes.
    private static let products: Set = ["convolution", "grouped convolution", "depthwise convolution", "linear"]
}

extension Graph {
    /// The kinds of the nodes, by a node's index.
    package var kinds: [OperationKind] {
        // All losses are between the forward and the backward pass, and only there.
        var isBackward = false
        return nodes.map { node in
            let family = family(of: node.operation)
            if case .softmaxCrossEntropy = node.operation {
                isBackward = true
                return OperationKind(family: family, pass: .forward)
            }
            let isWeights = if case .convolutionWeightGradient = node.operation { true } else { false }
            return OperationKind(
                family: family, pass: !isBackward ? .forward : isWeights ? .weightGradient : .dataGradient)
        }
    }

    /// Returns the node's window and groups, where it has any: `3x3/2`, `3x3 g32`.
    package func window(of node: Node) -> String {
        switch node.operation {
        case .convolution(let convolution), .convolutionDataGradient(let convolution),
            .convolutionWeightGradient(let convolution):
            guard family(of: node.operation) != "linear" else { return "" }
            let size = "\(convolution.kernelHeight)x\(convolution.kernelWidth)"
            let stride = convolution.stride > 1 ? "/\(convolution.stride)" : ""
            return size + stride + (convolution.groups > 1 ? " g\(convolution.groups)" : "")
        case .maxPool(let pooling), .averagePool(let pooling), .maxPoolGradient(let pooling),
            .averagePoolGradient(let pooling):
            return "\(pooling.kernel)x\(pooling.kernel)" + (pooling.stride > 1 ? "/\(pooling.stride)" : "")
        default: return ""
        }
    }

    /// Returns the output shape of the node's layer: that of the node's own output, or for a gradient that of dy, its
    /// last input.
    package func layerOutput(of node: Node, pass: Pass) -> Shape {
        guard let value = pass == .forward ? node.output ?? node.inputs.first : node.inputs.last else {
            return Shape(
                height: 1, width: 1, channels: node.channelOutput.map { channelValues[$0.index].channels } ?? 0)
        }
        return self[value].shape
    }

    private func family(of operation: Operation) -> String {
        switch operation {
        case .convolution(let convolution), .convolutionDataGradient(let convolution),
            .convolutionWeightGradient(let convolution):
            family(of: convolution)
        case .batchNorm, .normalize, .moments, .allReduce, .batchNormGradient, .gradientSums, .normShift,
            .residualGradient:
            "batch norm"
        case .activation(let activation), .activationGradient(let activation): activation.family
        case .scale, .scaleGradient: "scaling"
        case .localResponseNormalization, .localResponseNormalizationGradient: "response normalization"
        case .maxPool, .maxPoolGradient: "max pooling"
        case .averagePool, .averagePoolGradient: "average pooling"
        case .adaptiveAveragePool, .adaptiveAveragePoolGradient: "adaptive pooling"
        case .concatenate, .slice: "concatenation"
        case .add: "addition"
        case .dropout, .dropoutGradient: "dropout"
        case .softmaxCrossEntropy, .softmaxCrossEntropyGradient: "loss"
        }
    }

    private func family(of convolution: Convolution) -> String {
        let weight = self[convolution.weight]
        if weight.role == .linearWeight { return "linear" }
        if convolution.groups == 1 { return "convolution" }
        // Shape is [K, C / groups, …].
        return weight.shape[1] == 1 && weight.shape[0] == convolution.groups
            ? "depthwise convolution" : "grouped convolution"
    }
}

extension Activation {
    fileprivate var family: String {
        switch self {
        case .relu: "ReLU"
        case .relu6: "ReLU6"
        case .sigmoid: "sigmoid"
        case .tanh: "tanh"
        case .gelu: "GELU"
        }
    }
}
