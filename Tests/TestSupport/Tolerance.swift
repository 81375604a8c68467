package import Graphs
import Tensors

/// The largest deviations of float32 results from exact ones, computed from the graph's own arithmetic.
///
/// **Rounding.** Each operation of float32 errs by at most u = 2^-24 of its result, independently. A chain of n
/// additions of numbers of random sign is a random walk. Its partial sums grow like sqrt(i), so the errors of all n add
/// up to about u sqrt(n / 6) of the sum's typical size. Operations in a row add in quadrature. So behind operations
/// with reductions of lengths n1, n2, … the typical relative error is e = u sqrt((n1 + n2 + …) / 6). `certainty` turns
/// the typical error into a bound: 4 for the worst of some thousand compared numbers, times 4 for sums that cancel (the
/// gradients of biases) and for batch norms of numbers whose mean exceeds their deviation.
package struct Tolerance: Sendable {
    /// u: half the distance from 1 to the next Float.
    package static let roundoff = 0x1p-24
    package static let certainty = 16.0

    /// The tolerance of logits, losses and running statistics, relative to the typical size of the compared numbers.
    package let forward: Double
    /// The tolerance of gradients, where no input of a ReLU or a maximum lies so close to a kink that rounding crosses
    /// it.
    package let backward: Double

    /// - Parameters:
    ///   - graph: for training.
    ///   - samples: in the batch.
    package init(_ graph: Graph, samples: Int) {
        let lengths = graph.nodes.map { graph.reductionLength($0, samples: samples) }
        let ahead = zip(graph.nodes, lengths).reduce(0) { $1.0.operation.isBackward ? $0 : $0 + $1.1 }
        forward = Self.certainty * Self.rounding(ahead)
        backward = Self.certainty * Self.rounding(lengths.reduce(0, +))
    }

    /// e
    private static func rounding(_ length: Int) -> Double { roundoff * (Double(length) / 6).squareRoot() }
}

extension Graph {
    /// Returns the number of roundings in a row behind one number that the node computes.
    fileprivate func reductionLength(_ node: Node, samples: Int) -> Int {
        guard let input = node.inputs.first else { return 0 }
        let x = values[input.index].shape
        switch node.operation {
        case .convolution(let layer), .convolutionDataGradient(let layer):
            return x.channels / layer.groups * layer.kernelHeight * layer.kernelWidth
        case .convolutionWeightGradient: return samples * values[node.inputs[1].index].shape.pixels
        case .batchNorm, .normalize, .batchNormGradient, .normShift, .residualGradient: return samples * x.pixels
        case .moments, .gradientSums, .allReduce, .maxPool, .maxPoolGradient, .concatenate, .slice: return 0
        case .averagePool(let window), .averagePoolGradient(let window): return window.kernel * window.kernel
        case .adaptiveAveragePool: return x.pixels
        case .softmaxCrossEntropy, .softmaxCrossEntropyGradient: return x.count
        // These are the squares, and the logarithm and the exponential that make a power.
        case .localResponseNormalization(let size, _, _, _), .localResponseNormalizationGradient(let size, _, _, _):
            return 2 * size + 12
        case .activation(let activation), .activationGradient(let activation): return activation.roundings
        case .scale, .scaleGradient: return 1
        case .dropout, .dropoutGradient, .add, .adaptiveAveragePoolGradient: return 6
        }
    }
}

extension Activation {
    /// The number of roundings in a row behind one number of the activation or of its gradient.
    fileprivate var roundings: Int {
        switch self {
        case .relu, .relu6: 0
        case .sigmoid, .tanh: 6
        // The roundings are exp of a product that errs by half a unit, times |x| <= 5 here; a quotient; eight products
        // and sums; and the polynomial's own error.
        case .gelu: 20
        }
    }
}
