extension Graph {
    /// reluGradient(y, convolutionDataGradient(dy)) -> convolutionDataGradient(dy) with a mask as its epilogue, where
    /// no other node reads the convolution's gradient; the same for other activations, and for linear layers.
    func fusingGradientActivations() -> Graph {
        fusingActivationGradients { node, _, _ in
            if case .convolutionDataGradient = node.operation { true } else { false }
        }
    }

    /// Fuses gradients of activations with the node that writes their input, where `takes` allows it.
    func fusingActivationGradients(
        _ takes: (_ node: Node, _ activation: Activation, _ activated: ValueID) -> Bool
    ) -> Graph {
        let uses = Uses(self)
        var fused = self
        var removed: Set<Int> = []
        for (index, node) in nodes.enumerated() {
            guard case .activationGradient(let activation) = node.operation, node.addend == nil,
                let dy = node.inputs.last,
                uses.onlyReader(of: dy) != nil, let place = uses.writer[dy.index], nodes[place].activation == nil,
                takes(nodes[place], activation, node.inputs[0])
            else { continue }
            fused.nodes[place].output = node.output
            fused.nodes[place].activation = activation
            fused.nodes[place].activated = node.inputs[0]
            removed.insert(index)
        }
        fused.removeNodes(removed)
        return fused
    }
}
