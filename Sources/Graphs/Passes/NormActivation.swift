extension Graph {
    /// relu(batchNorm(x)) -> batchNorm(x) with an activation, and batchNormGradient(x, reluGradient(y, dy)) ->
    /// batchNormGradient(x, dy), where no other node reads the batch norm; the same for ReLU6.
    ///
    /// The activation's mask follows from x, so that the backward pass does not read y. This does not hold where the
    /// batch norm adds an identity: there reluGradient(y, dy), which is the identity's gradient too, becomes a
    /// `residualGradient`.
    func fusingNormActivations() -> Graph {
        let uses = Uses(self)
        var fused = self
        var removed: Set<Int> = []
        for (index, node) in nodes.enumerated() {
            guard case .activation(let activation) = node.operation, activation.isClamp, let y = node.output,
                let (place, found) = ownNorm(behind: node.inputs[0], uses), found.activation == nil
            else { continue }
            var norm = found
            let inputs = nodes[place].inputs
            let layer = nodes[place].layer
            norm.activation = activation
            fused.nodes[index] = Node(.batchNorm(norm), inputs: inputs, output: y, layer: layer)
            fused.replaceGradient(of: norm)
            removed.insert(place)
            guard let mask = uses.readers[y.index].first(where: { nodes[$0].operation.isGradient(of: activation) }),
                let masked = nodes[mask].output, let dy = nodes[mask].inputs.last
            else { continue }
            if norm.addsIdentity {
                fused.nodes[mask] = Node(
                    .residualGradient(norm), inputs: [inputs[0], y, dy], output: masked, layer: layer)
            } else {
                for reader in uses.readers[masked.index] { fused.nodes[reader].inputs[1] = dy }
                removed.insert(mask)
            }
        }
        fused.removeNodes(removed)
        return fused
    }
}

extension Operation {
    fileprivate func isGradient(of activation: Activation) -> Bool {
        if case .activationGradient(activation) = self { true } else { false }
    }
}
