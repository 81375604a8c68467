extension Graph {
    /// relu(convolution(x)) -> convolution(x) with an activation, where no other node reads the convolution; the same
    /// for ReLU6, sigmoid and tanh, and for linear layers. GELU's gradient reads its input, so GELU is fused only in
    /// evaluation.
    ///
    /// The activation is the convolution's epilogue: its numbers are still in the first-level cache.
    func fusingConvolutionActivations() -> Graph {
        let uses = Uses(self)
        var fused = self
        var removed: Set<Int> = []
        for (index, node) in nodes.enumerated() {
            guard case .activation(let activation) = node.operation, node.addend == nil, !outlivesRun(node.inputs[0]),
                uses.onlyReader(of: node.inputs[0]) != nil, let place = uses.writer[node.inputs[0].index],
                case .convolution = nodes[place].operation, nodes[place].activation == nil
            else { continue }
            fused.nodes[place].output = node.output
            fused.nodes[place].activation = activation
            removed.insert(index)
        }
        fused.removeNodes(removed)
        return fused
    }
}
