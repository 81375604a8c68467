import Tensors

extension Graph {
    /// Returns the multiply-adds of `node` for one sample: those of convolutions and linear layers and of their
    /// gradients, including taps on padding, as papers count. 0 for all other operations.
    package func multiplyAdds(of node: Node) -> Int {
        // Each weight meets each output pixel once, in the forward pass as in either gradient.
        switch node.operation {
        case .convolution(let convolution):
            self[convolution.weight].count * (node.output.map { self[$0].shape.pixels } ?? 0)
        case .convolutionDataGradient(let convolution):
            self[convolution.weight].count * self[node.inputs[0]].shape.pixels
        case .convolutionWeightGradient(let convolution):
            self[convolution.weight].count * self[node.inputs[1]].shape.pixels
        default: 0
        }
    }

    /// Multiply-adds of the whole graph for one sample: of a forward pass, and for training of the backward pass too.
    package var multiplyAdds: Int { nodes.reduce(0) { $0 + multiplyAdds(of: $1) } }
}
