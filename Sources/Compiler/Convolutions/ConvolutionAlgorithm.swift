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

/// All that decides by which algorithm a product of a convolution is computed. It follows from the layer alone, never
/// from batch, ranks, threads or CPU, for algorithms differ in their bits.
package struct ConvolutionProblem {
    var product: ConvolutionProduct
    var geometry: ConvolutionGeometry
    /// Whether what is written goes through an activation, or its gradient.
    var hasActivation: Bool
}

/// Maps of a product whose channels may be padded to 8 and not to 16.
enum MapsPaddedTo8 {
    case neither
    /// The one that is read through a copy: x.
    case source
    /// All that it reads and writes.
    case all
}

/// A way to compute products of convolutions. A new one is a file with such a type and a line in
/// `ConvolutionAlgorithms`.
protocol ConvolutionAlgorithm {
    /// Whether this computes the problem. It is asked after all that come before it in the list have declined.
    func accepts(_ problem: ConvolutionProblem) -> Bool

    /// Maps that this reads or writes where their channels are padded to 8; neither if nothing else is said.
    func mapsPaddedTo8(of problem: ConvolutionProblem) -> MapsPaddedTo8

    /// Appends the kernel calls that compute the problem on these tensors.
    ///
    /// - Returns: whether the sums of the part's epilogue are fused.
    func lower(_ problem: ConvolutionProblem, _ part: ConvolutionPart, in builder: inout PlanBuilder) -> Bool
}

extension ConvolutionAlgorithm {
    func mapsPaddedTo8(of problem: ConvolutionProblem) -> MapsPaddedTo8 { .neither }
}

/// The algorithms of an engine in the order in which they are asked. Memory plan and lowering ask the same list.
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

    /// The first of the list that accepts the problem; `DirectConvolution` accepts all.
    func algorithm(for problem: ConvolutionProblem) -> any ConvolutionAlgorithm {
        all.first { $0.accepts(problem) } ?? DirectConvolution()
    }
}
