extension Graph {
    /// add(batchNorm(x), identity) -> batchNorm(x, identity), in the place of the addition, where no other node reads
    /// the batch norm.
    ///
    /// The gradients of batch norm and identity are dy itself, before and after.
    func fusingNormAdditions() -> Graph {
        let uses = Uses(self)
        var fused = self
        var removed: Set<Int> = []
        for (index, node) in nodes.enumerated() {
            guard case .add = node.operation, node.addend == nil, let output = node.output else { continue }
            for (summand, identity) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
                guard let (place, found) = ownNorm(behind: summand, uses), !found.addsIdentity, found.activation == nil
                else { continue }
                var norm = found
                norm.addsIdentity = true
                fused.nodes[index] = Node(
                    .batchNorm(norm), inputs: [nodes[place].inputs[0], identity], output: output,
                    layer: nodes[place].layer)
                fused.replaceGradient(of: norm)
                removed.insert(place)
                break
            }
        }
        fused.removeNodes(removed)
        return fused
    }
}
