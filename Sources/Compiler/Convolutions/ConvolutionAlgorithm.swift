internal import Graphs
internal import KernelInterface

/// The three products of a convolution.
package enum ConvolutionProduct {
    /// y of x and the weights.
    case forward
    /// dx of dy and the weights.
    case dataGradient
    /// dw of x and dy.
    case weightGradient
}

/// A product of a convolution with all that decides its algorithm. This follows from the layer alone, never from batch,
/// ranks, threads or CPU, because algorithms differ in their bits.
package struct ConvolutionProblem {
    var product: ConvolutionProduct
    var geometry: ConvolutionGeometry
    /// Whether an activation, or its gradient, is applied to the written numbers.
    var hasActivation: Bool
}

/// The maps of a product whose channels may be padded to 8 instead of 16.
enum MapsPaddedTo8 {
    case neither
    /// Only x, which is read through a copy.
    case source
    /// All maps that the product reads and writes.
    case all
}

/// A way to compute products of convolutions. A new one is a file with its type and a line in `ConvolutionAlgorithms`.
protocol ConvolutionAlgorithm {
    /// Whether the algorithm computes the problem. It is asked after all earlier ones in the list have declined.
    func accepts(_ problem: ConvolutionProblem) -> Bool

    /// Returns the maps that the algorithm can read or write with channels padded to 8.
    func mapsPaddedTo8(of problem: ConvolutionProblem) -> MapsPaddedTo8

    /// Appends the kernel calls that compute the problem on these tensors.
    ///
    /// - Returns: whether the sums of the part's epilogue are fused.
    func lower(_ problem: ConvolutionProblem, _ part: ConvolutionPart, in builder: inout PlanBuilder) -> Bool
}

extension ConvolutionAlgorithm {
    func mapsPaddedTo8(of problem: ConvolutionProblem) -> MapsPaddedTo8 { .neither }
}

/// The algorithms of an engine, in the order in which they are asked. Memory plan and lowering ask the same list.
package struct ConvolutionAlgorithms {
    private let all: [any ConvolutionAlgorithm]

    /// - Parameters:
    ///   - openBLAS: the library that computes all products that it can; nil for our own kernels.
    ///   - usesWinograd: whether convolutions of 3x3 may be computed by Winograd.
    package init(openBLAS: OpenBLAS?, usesWinograd: Bool) {
        var all: [any ConvolutionAlgorithm] = []
        if let openBLAS { all.append(OpenBLASProducts(library: openBLAS)) }
        all.append(LinearGradients())
        if usesWinograd { all.append(Winograd()) }
        all += [TwoPixelPacking(), ColumnSums(), DepthwiseConvolution(), DirectConvolution()]
        self.all = all
    }

    /// Returns the first algorithm that accepts the problem; `DirectConvolution` accepts all.
    func algorithm(for problem: ConvolutionProblem) -> any ConvolutionAlgorithm {
        all.first { $0.accepts(problem) } ?? DirectConvolution()
    }
}
