package import Graphs
import Tensors

/// How far float32 results may lie from exact ones, computed from the graph's own arithmetic.
///
/// **Rounding.** Each operation of float32 errs by at most u = 2^-24 of its result, independently. A chain of n
/// additions of numbers of random sign is a random walk: its partial sums grow like sqrt(i), so the errors of all n
/// add up to about u sqrt(n / 6) of the sum's typical size. Operations in a row add in quadrature, so behind
/// operations with reductions of lengths n1, n2, … the typical relative error is e = u sqrt((n1 + n2 + …) / 6).
/// `certainty` turns what is typical into a bound: 4 for the worst of some thousand numbers compared, times 4 for sums
/// that cancel (the gradients of biases) and for norms of numbers whose mean exceeds their deviation.
///
/// **Kinks.** A ReLU or a maximum is not differentiable where its input is within e of a tie: there, two correct
/// programs differ by a whole element of the gradient. Of N inputs of about normal distribution 0.8 e N lie that
/// close, each moving the N-vector that flows back by 1 / sqrt(N) of its length: L such layers between a parameter
/// and the loss move its gradient by sqrt(0.8 e L), whatever N. (Exact arithmetic and PyTorch, on DenseNet-121's
/// golden run: gradients agree to 3e-5 from the loss back to denseblock4.denselayer11.relu2, where one input is
/// 4.8e-6 from zero. There they part by up to 0.027 of their length, and with that one sign changed they agree again,
/// down to the next such input.)
package struct Tolerance: Sendable {
    /// u: half the distance from 1 to the next Float.
    package static let roundoff = 0x1p-24
    package static let certainty = 16.0

    /// Of logits, losses and running statistics, relative to the typical size of what is compared.
    package let forward: Double
    /// Of gradients, kinks aside.
    package let backward: Double
    /// By `ParameterID.index`: of a gradient's length, kinks included.
    private let gradients: [Double]

    /// - Parameters:
    ///   - graph: for training.
    ///   - samples: in the batch.
    package init(_ graph: Graph, samples: Int) {
        let lengths = graph.nodes.map { graph.reductionLength($0, samples: samples) }
        let ahead = zip(graph.nodes, lengths).reduce(0) { $1.0.operation.isBackward ? $0 : $0 + $1.1 }
        forward = Self.certainty * Self.rounding(ahead)
        backward = Self.certainty * Self.rounding(lengths.reduce(0, +))
        let kink = 0.8 * Self.rounding(ahead)
        var gradients = Array(repeating: 0.0, count: graph.parameters.count)
        var kinksAbove = 0.0
        for node in graph.nodes.reversed() where !node.operation.isBackward {
            for id in node.operation.parameters {
                gradients[id.index] = backward + Self.kinkCertainty * (kink * kinksAbove).squareRoot()
            }
            if node.operation.hasKinks { kinksAbove += 1 }
        }
        self.gradients = gradients
    }

    /// Kinks are few and large where rounding errors are many and small: the count of a handful doubles easily.
    private static let kinkCertainty = 3.0

    /// e
    private static func rounding(_ length: Int) -> Double { roundoff * (Double(length) / 6).squareRoot() }

    /// Of the gradient of a parameter, as a part of the gradient's length, kinks included.
    package func gradient(of id: ParameterID) -> Double { gradients[id.index] }
}

extension Graph {
    /// How many roundings lie in a row behind one number that the node computes.
    fileprivate func reductionLength(_ node: Node, samples: Int) -> Int {
        let x = values[node.inputs[0].index].shape
        switch node.operation {
        case .convolution(let layer), .convolutionDataGradient(let layer):
            return x.channels / layer.groups * layer.kernelHeight * layer.kernelWidth
        case .convolutionWeightGradient: return samples * values[node.inputs[1].index].shape.pixels
        case .batchNorm, .batchNormGradient: return samples * x.pixels
        case .maxPool, .maxPoolGradient, .concatenate, .slice: return 0
        case .averagePool(let window), .averagePoolGradient(let window): return window.kernel * window.kernel
        case .adaptiveAveragePool: return x.pixels
        case .softmaxCrossEntropy, .softmaxCrossEntropyGradient: return x.count
        // Their squares, and the logarithm and the exponential that make a power.
        case .localResponseNormalization(let size, _, _, _), .localResponseNormalizationGradient(let size, _, _, _):
            return 2 * size + 12
        case .relu, .reluGradient, .relu6, .relu6Gradient: return 0
        case .sigmoid, .sigmoidGradient, .tanh, .tanhGradient, .dropout, .dropoutGradient, .add,
            .adaptiveAveragePoolGradient:
            return 6
        }
    }
}

extension Graphs.Operation {
    fileprivate var parameters: [ParameterID] {
        switch self {
        case .convolution(let layer): [layer.weight] + (layer.bias.map { [$0] } ?? [])
        case .batchNorm(let norm): [norm.weight, norm.bias]
        default: []
        }
    }

    fileprivate var hasKinks: Bool {
        switch self {
        case .relu, .relu6, .maxPool: true
        default: false
        }
    }
}
