extension Graph {
    /// softmaxCrossEntropy(x), softmaxCrossEntropyGradient(x) -> softmaxCrossEntropy(x) that writes its gradient: both
    /// need the same exponentials.
    func fusingLossGradients() -> Graph {
        var fused = self
        var removed: Set<Int> = []
        for (index, node) in nodes.enumerated() {
            guard case .softmaxCrossEntropyGradient(let weight) = node.operation, node.addend == nil,
                let place = nodes.firstIndex(where: { other in
                    guard case .softmaxCrossEntropy(weight) = other.operation else { return false }
                    return other.inputs == node.inputs && other.layer == node.layer
                })
            else { continue }
            fused.nodes[place].output = node.output
            removed.insert(index)
        }
        fused.removeNodes(removed)
        return fused
    }
}
