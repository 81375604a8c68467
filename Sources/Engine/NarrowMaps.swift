internal import Graphs
internal import KernelInterface
internal import Tensors

extension Graph {
    /// Maps whose pixels lie eight floats apart and not sixteen, by `ValueID.index`: of eight channels at most and an even number of pixels a row,
    /// where all who write or read them know how (`KernelBody/NarrowMaps.swift`). They are half as large, and two pixels make one vector of
    /// sixteen lanes.
    ///
    /// It changes places alone, no numbers.
    var narrowMaps: [Bool] {
        var isNarrow = values.map { value in
            value.shape.channels <= MemoryPlan.narrowPixel && value.shape.width % 2 == 0
        }
        isNarrow[input.index] = false
        for node in nodes {
            let accepted = acceptedNarrow(by: node)
            for value in node.reads + [node.output].compactMap({ $0 }) where !accepted.contains(value) {
                isNarrow[value.index] = false
            }
        }
        return isNarrow
    }

    /// What of its values a node may find or leave in narrow maps.
    private func acceptedNarrow(by node: Node) -> [ValueID] {
        guard node.addend == nil, node.load == nil, node.gradientLoad == nil, node.sums == nil else { return [] }
        let values = node.reads + [node.output].compactMap { $0 }
        switch node.operation {
        // y is written pair by pair, and so is dy read; x goes through a copy.
        case .convolution(let convolution):
            guard let output = node.output,
                let geometry = geometry(convolution, input: node.inputs[0], output: output)
            else { return [] }
            return geometry.isPaired ? values : [node.inputs[0]]
        case .convolutionWeightGradient(let convolution):
            guard let geometry = geometry(convolution, input: node.inputs[0], output: node.inputs[1]) else { return [] }
            return geometry.isPaired ? values : [node.inputs[0]]
        case .convolutionDataGradient(let convolution):
            guard let output = node.output, node.activation == nil,
                let geometry = geometry(convolution, input: output, output: node.inputs[0]), geometry.isSheared
            else { return [] }
            return values
        case .averagePool: return values
        case .averagePoolGradient: return node.activated == nil ? [] : values
        default: return []
        }
    }

    /// Of a convolution whose rows of pixels go through a copy where they are narrow: nil of linear, pointwise and grouped ones.
    private func geometry(_ convolution: Convolution, input: ValueID, output: ValueID) -> ConvolutionGeometry? {
        let geometry = ConvolutionGeometry(
            input: self[input].shape, output: self[output].shape, kernelHeight: convolution.kernelHeight,
            kernelWidth: convolution.kernelWidth, stride: convolution.stride, padding: convolution.padding)
        return convolution.groups == 1 && geometry.axis == .mapRow ? geometry : nil
    }
}
