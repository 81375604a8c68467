extension Graph {
    /// batchNorm(concatenate(a, b)) -> batchNorm(concatenate(a, b), moments(a), moments(b)), where other batch norms
    /// read a or b too.
    ///
    /// Moments belong to values, not to batch norms: a dense block's channels are normalised by each later layer, but
    /// summed once. The sums are taken right after the value has been written.
    func sharingMoments() -> Graph {
        guard purpose == .training else { return self }
        let uses = Uses(self)
        var norms: [(index: Int, norm: BatchNorm, parts: [ValueID])] = []
        var readers: [ValueID: Int] = [:]
        for (index, node) in nodes.enumerated() {
            guard case .batchNorm(let norm) = node.operation else { continue }
            let parts = parts(of: node.inputs[0], uses)
            norms.append((index, norm, parts))
            for part in Set(parts) { readers[part, default: 0] += 1 }
        }
        var shared = self
        var summed: Set<ValueID> = []
        for (index, norm, parts) in norms where parts.contains(where: { readers[$0, default: 0] > 1 }) {
            var sharing = norm
            sharing.parts = parts
            shared.nodes[index].operation = .batchNorm(sharing)
            shared.replaceGradient(of: sharing)
            summed.formUnion(parts)
        }
        shared.nodes = shared.nodes.flatMap { node -> [Node] in
            guard let value = node.output, summed.contains(value) else { return [node] }
            return [node, Node(.moments, inputs: [value], output: nil, layer: node.layer)]
        }
        if summed.contains(input) {
            shared.nodes.insert(Node(.moments, inputs: [input], output: nil, layer: self[input].name), at: 0)
        }
        return shared
    }

    /// Returns the values that `value` is concatenated of, through concatenations of concatenations.
    private func parts(of value: ValueID, _ uses: Uses) -> [ValueID] {
        guard let writer = uses.writer[value.index], case .concatenate = nodes[writer].operation else { return [value] }
        return nodes[writer].inputs.flatMap { parts(of: $0, uses) }
    }
}
