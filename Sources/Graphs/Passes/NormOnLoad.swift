import Tensors

extension Graph {
    /// convolution(batchNorm(x)) -> convolution(x) that normalises what it reads, and the same for its weight gradient, where only
    /// convolutions read the norm.
    ///
    /// The normalised tensor is never stored: a convolution copies its source into a window anyway.
    func foldingNormsIntoLoads() -> Graph {
        let uses = Uses(self)
        var folded = self
        for (index, node) in nodes.enumerated() {
            guard case .batchNorm(let norm) = node.operation, !norm.addsIdentity, let y = node.output, y != logits,
                node.inputs[0] != input, uses.readers[y.index].allSatisfy({ copiesFirstInput(nodes[$0]) })
            else { continue }
            folded.nodes[index].output = nil
            for reader in uses.readers[y.index] {
                folded.nodes[reader].inputs[0] = node.inputs[0]
                folded.nodes[reader].load = norm
            }
            folded.gradients[y] = nil
        }
        return folded
    }

    /// Whether it is a convolution that makes a map, or its weight gradient: those that make one pixel of an unpadded map, as linear
    /// layers do, read their input in place.
    private func copiesFirstInput(_ node: Node) -> Bool {
        switch node.operation {
        case .convolution(let convolution), .convolutionWeightGradient(let convolution):
            self[node.output ?? node.inputs[1]].shape.pixels > 1 || convolution.padding > 0
        default: false
        }
    }
}
