import Graphs

extension Graph {
    /// The batch norms that can be folded into the weights before them, by the index of the convolution's node: those
    /// whose input is a convolution or linear layer that no other node reads.
    var foldableNorms: [Int: FoldableNorm] {
        var readers: [ValueID: Int] = [logits: 1]
        var writers: [ValueID: Int] = [:]
        for (index, node) in nodes.enumerated() {
            for input in node.inputs { readers[input, default: 0] += 1 }
            if let output = node.output { writers[output] = index }
        }
        var norms: [Int: FoldableNorm] = [:]
        for (index, node) in nodes.enumerated() {
            guard case .batchNorm(let norm) = node.operation, let x = node.inputs.first, let y = node.output,
                readers[x] == 1, let writer = writers[x], case .convolution = nodes[writer].operation
            else { continue }
            norms[writer] = FoldableNorm(norm: norm, node: index, output: y)
        }
        return norms
    }
}

/// A batch norm right after a convolution or linear layer.
struct FoldableNorm {
    let norm: BatchNorm
    /// The index of its node.
    let node: Int
    let output: ValueID
}

/// A batch norm with fixed moments, which is an affine map: y = scale * x + shift, for each channel.
///
///     scale = weight / sqrt(variance + epsilon),  shift = bias - scale * mean
///
/// Computed in Double, so that folding rounds each weight once.
struct AffineNorm {
    let scale: [Double]
    let shift: [Double]

    /// - Parameters: one number a channel each.
    init(weight: [Float], bias: [Float], mean: [Float], variance: [Float], epsilon: Float) {
        let scale = zip(weight, variance).map { Double($0) / (Double($1) + Double(epsilon)).squareRoot() }
        self.scale = scale
        shift = scale.indices.map { Double(bias[$0]) - scale[$0] * Double(mean[$0]) }
    }

    /// Returns the weights of a layer that does the work of `weights` and then of the batch norm; output channels come
    /// first in them.
    func folded(weights: [Float]) -> [Float] {
        let perChannel = weights.count / scale.count
        precondition(perChannel * scale.count == weights.count, "\(weights.count) weights, \(scale.count) channels")
        return weights.indices.map { Float(Double(weights[$0]) * scale[$0 / perChannel]) }
    }

    /// Returns the bias of such a layer; nil is a layer without.
    func folded(bias: [Float]?) -> [Float] {
        scale.indices.map { Float(scale[$0] * Double(bias?[$0] ?? 0) + shift[$0]) }
    }
}
