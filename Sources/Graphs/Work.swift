import Tensors

/// The least work of a node, a property of shapes and not of kernels.
package struct Work: Hashable, Sendable {
    /// Floating-point operations: a multiply-add is two; a comparison, division, root, power or exponential is one.
    package var operations: Int
    /// Bytes of all tensors that it must read or write, each counted once, in float32.
    package var bytes: Int

    package init(operations: Int = 0, bytes: Int = 0) {
        self.operations = operations
        self.bytes = bytes
    }

    package static func + (a: Work, b: Work) -> Work {
        Work(operations: a.operations + b.operations, bytes: a.bytes + b.bytes)
    }

    package static func += (a: inout Work, b: Work) { a = a + b }

    /// Returns the least seconds that a machine with these limits, in operations and bytes a second, can take.
    /// (Williams, Waterman & Patterson, "Roofline", 2009: the reciprocal of their attainable speed, min(peak, intensity
    /// * bandwidth).)
    package func leastSeconds(peak: Double, bandwidth: Double) -> Double {
        max(Double(operations) / peak, Double(bytes) / bandwidth)
    }
}

extension Graph {
    /// Returns the work of `node` for a batch of `samples`.
    ///
    /// Convolutions count their multiply-adds alone (`multiplyAdds(of:)`), neither bias, addend nor activation.
    /// Concatenations and slices count as if each copied everything, which a memory plan that places their tensors well
    /// saves.
    package func work(of node: Node, samples: Int) -> Work {
        let tensors = tensorsTouched(by: node).reduce(0) { $0 + self[$1].shape.count }
        let parameters = parametersTouched(by: node).reduce(0) { $0 + self[$1].count }
        let addition = node.addend.map { self[$0].shape.count } ?? 0
        let isProduct = multiplyAdds(of: node) > 0
        return Work(
            operations: samples
                * (isProduct
                    ? 2 * multiplyAdds(of: node) : elementOperations(of: node) + addition + activation(of: node)),
            bytes: MemoryLayout<Float>.stride * (samples * tensors + parameters))
    }

    /// Work of the optimizer's step with momentum and decay: of all parameters that training moves.
    package var optimizerWork: Work {
        let count = parameters.reduce(0) { $0 + ($1.isTrainable ? $1.count : 0) }
        // v = m v + (g + d w), w = w - r v: three multiply-adds; weights and velocities are read and written, gradients
        // read.
        return Work(operations: 6 * count, bytes: MemoryLayout<Float>.stride * 5 * count)
    }

    /// Values that a node reads or writes.
    private func tensorsTouched(by node: Node) -> [ValueID] {
        switch node.operation {
        // Moments, and a gradient's slope and offset, come from sums that are there already.
        case .batchNorm where node.output == nil && (purpose == .evaluation || !node.channelInputs.isEmpty): return []
        case .batchNormGradient where node.output == nil && !node.channelInputs.isEmpty: return []
        default: break
        }
        let others = node.activated.map { node.inputs.contains($0) ? [] : [$0] } ?? []
        return node.inputs + others + [node.gradientLoad?.x, node.output, node.addend].compactMap { $0 }
    }

    /// Operations for one sample of an activation that is part of a node.
    private func activation(of node: Node) -> Int {
        guard let activation = node.activation, let output = node.output else { return 0 }
        let operations = activation.operations
        return (node.activated == nil ? operations.forward : operations.gradient) * self[output].shape.count
    }

    /// Returns the parameters that a node reads or whose gradients it writes; those for which it does both, twice.
    private func parametersTouched(by node: Node) -> [ParameterID] {
        switch node.operation {
        case .convolution(let convolution), .convolutionWeightGradient(let convolution):
            [convolution.weight, convolution.bias].compactMap { $0 }
        case .convolutionDataGradient(let convolution): [convolution.weight]
        case .batchNorm(let norm):
            [norm.weight, norm.bias, norm.runningMean, norm.runningVariance]
                + (purpose == .training ? [norm.runningMean, norm.runningVariance] : [])
        case .normalize(let norm): [norm.weight, norm.bias]
        case .batchNormGradient(let norm) where norm.isResidual: [norm.weight]
        case .batchNormGradient(let norm):
            // Exposed, the gradients of weight and bias come with the sums.
            [norm.weight] + (node.channelInputs.isEmpty ? [norm.weight, norm.bias] : [])
        case .gradientSums(let norm): [norm.weight, norm.bias]
        case .residualGradient(let norm): [norm.weight, norm.bias]
        default: []
        }
    }

    /// Operations for one sample of everything that is no convolution.
    private func elementOperations(of node: Node) -> Int {
        let inputs = node.inputs.map { self[$0].shape.count }
        let output = node.output.map { self[$0].shape.count } ?? 0
        switch node.operation {
        case .convolution, .convolutionDataGradient, .convolutionWeightGradient: return 0
        // The sum of x and that of its squares.
        case .moments: return 3 * inputs[0]
        // Those, where the batch norm takes them itself, and y = scale * x + offset.
        case .batchNorm(let norm):
            let sums = purpose == .training && node.channelInputs.isEmpty && norm.parts.isEmpty ? 3 * inputs[0] : 0
            return sums + (2 + (norm.addsIdentity ? 1 : 0) + (norm.activation?.operations.forward ?? 0)) * output
        case .normalize(let norm):
            return (2 + (norm.addsIdentity ? 1 : 0) + (norm.activation?.operations.forward ?? 0)) * output
        // dx = scale * dy + slope * x + offset, or only the first term.
        case .batchNormGradient(let norm) where norm.isResidual: return (norm.defersShift ? 1 : 4) * output
        // The sums of dy and of dy * (x - mean), and dx; y again for the activation's mask.
        case .batchNormGradient(let norm):
            let sums = node.channelInputs.isEmpty ? 4 + maskOperations(norm) : 0
            return sums * inputs[0] + (norm.defersShift ? 1 : 4) * output
        case .gradientSums(let norm): return (4 + maskOperations(norm)) * inputs[0]
        case .allReduce: return 0
        case .normShift: return 4 * output
        case .residualGradient(let norm): return (4 + (norm.activation?.operations.gradient ?? 0)) * output
        case .add, .dropout, .dropoutGradient: return output
        case .activation(let activation): return activation.operations.forward * output
        case .activationGradient(let activation): return activation.operations.gradient * output
        case .scale, .scaleGradient: return output
        // A window's squares and their sum; scale, offset, power, division.
        case .localResponseNormalization(let size, _, _, _): return (2 * size + 4) * output
        // d and its power again; dy * y / d, the window's sum of it, and the two terms of dx.
        case .localResponseNormalizationGradient(let size, _, _, _): return (3 * size + 9) * output
        case .maxPool(let pooling), .averagePool(let pooling): return pooling.kernel * pooling.kernel * output
        // Each dy goes to one place, each x is compared once for each of its windows.
        case .maxPoolGradient(let pooling): return (pooling.kernel * pooling.kernel + 1) * inputs[2]
        case .averagePoolGradient(let pooling): return pooling.kernel * pooling.kernel * inputs[0]
        case .adaptiveAveragePool: return inputs[0]
        case .adaptiveAveragePoolGradient: return output
        case .concatenate, .slice: return 0
        // The maximum; differences, exponentials, their sum.
        case .softmaxCrossEntropy: return (node.output == nil ? 4 : 6) * inputs[0]
        case .softmaxCrossEntropyGradient: return 6 * inputs[0]
        }
    }
}

/// Operations for each number of dy of a mask that follows from x: y once more, and the activation's gradient.
private func maskOperations(_ norm: BatchNorm) -> Int { norm.activation.map { 2 + $0.operations.gradient } ?? 0 }

extension Activation {
    /// Operations a number, and for each number of dy; comparisons are joined by one.
    fileprivate var operations: (forward: Int, gradient: Int) {
        switch self {
        case .relu: (1, 1)
        case .relu6: (2, 3)
        // 1 / (1 + exp(-x)); y * (1 - y) * dy
        case .sigmoid: (3, 3)
        // dy * (1 - y * y)
        case .tanh: (1, 3)
        // x / 2 * (1 + erf(x / sqrt 2)); dy * (Phi(x) + x * exp(-x * x / 2) * constant)
        case .gelu: (5, 11)
        }
    }
}
