internal import Graphs
internal import KernelInterface
internal import Tensors

extension Graph {
    /// Whether the channels of a map are padded to 8 and not to 16, by `ValueID.index`. Such a map has eight channels
    /// at most and an even number of pixels a row, and all nodes that write or read it can do so
    /// (`KernelBody/Convolution/NarrowMaps.swift`). It is half as large, and two pixels make one vector of sixteen
    /// lanes.
    ///
    /// The padding changes places alone, no numbers.
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

    /// The values of a node whose maps may have their channels padded to 8.
    private func acceptedNarrow(by node: Node) -> [ValueID] {
        guard node.addend == nil, node.load == nil, node.gradientLoad == nil, node.sums == nil else { return [] }
        let values = node.reads + [node.output].compactMap { $0 }
        switch node.operation {
        // y is written two pixels at a time, and so is dy read; x goes through a copy.
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

    /// The geometry of a convolution whose rows of pixels go through a copy where their channels are padded to 8; nil
    /// for linear, pointwise and grouped ones.
    private func geometry(_ convolution: Convolution, input: ValueID, output: ValueID) -> ConvolutionGeometry? {
        let geometry = ConvolutionGeometry(
            input: self[input].shape, output: self[output].shape, kernelHeight: convolution.kernelHeight,
            kernelWidth: convolution.kernelWidth, stride: convolution.stride, padding: convolution.padding)
        return convolution.groups == 1 && geometry.axis == .mapRow ? geometry : nil
    }
}
