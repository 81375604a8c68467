import Tensors

extension Graph {
    /// batchNormGradient(x, convolutionDataGradient(dy)) -> convolutionDataGradient(dy) that adds scale * what the norm's activation lets pass
    /// of its sums to the addend, where the norm defers its shift and the convolution takes the sums along anyway.
    ///
    /// What the convolution's gradient used to write is never stored. The norm's node stays, and makes a shift of the sums.
    func foldingNormGradientsIntoStores() -> Graph {
        guard purpose == .training else { return self }
        let uses = Uses(self)
        var folded = self
        for (index, node) in nodes.enumerated() {
            guard case .batchNormGradient(let norm) = node.operation, norm.defersShift, norm.activation != nil,
                let dx = node.output, let dy = node.inputs.last, uses.onlyReader(of: dy) != nil,
                let writer = uses.writer[dy.index], writes(nodes[writer], gradientOf: norm),
                node.addend.map({ (uses.writer[$0.index] ?? 0) < writer }) ?? true
            else { continue }
            let x = node.inputs[0]
            folded.nodes[writer].output = dx
            folded.nodes[writer].addend = node.addend
            folded.nodes[writer].sums = .scaledGradient(of: norm, x: x)
            folded.nodes[index].inputs = [x]
            folded.nodes[index].addend = nil
            folded.nodes[index].output = nil
            folded.gradients = folded.gradients.filter { $0.value != dy }
        }
        return folded
    }

    /// Whether it is the data gradient of a 1x1 convolution of a map, with nothing added, that takes the sums of the norm's gradient along:
    /// such tasks write whole runs of pixels.
    private func writes(_ node: Node, gradientOf norm: BatchNorm) -> Bool {
        guard case .convolutionDataGradient(let convolution) = node.operation,
            case .gradient(let summed, _)? = node.sums, summed.index == norm.index
        else { return false }
        return convolution.isPointwise && node.addend == nil && node.activation == nil
            && self[node.inputs[0]].shape.pixels > 1
    }
}
