internal import Graphs
internal import KernelInterface
internal import Tensors

extension Graph {
    /// Whether each value's channels are padded to 8 instead of 16, by `ValueID.index`. Such a map has at most eight
    /// channels and an even number of pixels a row, and all nodes that write or read it support this layout
    /// (`KernelBody/Convolution/MapsPaddedTo8.swift`). It is half as large, and two pixels make one vector of 16 lanes.
    ///
    /// The padding changes only addresses, no numbers.
    ///
    /// - Parameter algorithms: the algorithms that will compute the graph's convolutions.
    func mapsPaddedTo8(_ algorithms: ConvolutionAlgorithms) -> [Bool] {
        var isPaddedTo8 = values.map { value in
            value.shape.channels <= MemoryPlan.smallGranule && value.shape.width % 2 == 0
        }
        isPaddedTo8[input.index] = false
        for node in nodes {
            let accepted = acceptedPaddedTo8(by: node, algorithms)
            for value in node.reads + [node.output].compactMap({ $0 }) where !accepted.contains(value) {
                isPaddedTo8[value.index] = false
            }
        }
        return isPaddedTo8
    }

    /// Returns the values of a node that may have their channels padded to 8.
    private func acceptedPaddedTo8(by node: Node, _ algorithms: ConvolutionAlgorithms) -> [ValueID] {
        guard node.addend == nil, node.load == nil, node.gradientLoad == nil, node.sums == nil else { return [] }
        let values = node.reads + [node.output].compactMap { $0 }
        switch node.operation {
        case .convolution, .convolutionDataGradient, .convolutionWeightGradient:
            switch problem(of: node).map({ algorithms.algorithm(for: $0).mapsPaddedTo8(of: $0) }) {
            case .all: return values
            case .source: return [node.inputs[0]]
            case .neither, nil: return []
            }
        case .averagePool: return values
        case .averagePoolGradient: return node.activated == nil ? [] : values
        default: return []
        }
    }

    /// Returns the node's convolution problem; nil for other nodes, and for convolutions in groups, which are several
    /// problems.
    private func problem(of node: Node) -> ConvolutionProblem? {
        let (product, convolution, input, output): (ConvolutionProduct, Convolution, ValueID?, ValueID?)
        switch node.operation {
        case .convolution(let it): (product, convolution, input, output) = (.forward, it, node.inputs[0], node.output)
        case .convolutionDataGradient(let it):
            (product, convolution, input, output) = (.dataGradient, it, node.output, node.inputs[0])
        case .convolutionWeightGradient(let it):
            (product, convolution, input, output) = (.weightGradient, it, node.inputs[0], node.inputs[1])
        default: return nil
        }
        guard convolution.groups == 1, let input, let output else { return nil }
        return ConvolutionProblem(
            product: product,
            geometry: ConvolutionGeometry(convolution, input: self[input].shape, output: self[output].shape),
            hasActivation: node.activation != nil)
    }
}
