import Tensors

extension Graph {
    /// batchNormGradient(x, convolutionDataGradient(dy)) -> convolutionDataGradient(dy) that adds scale * its masked
    /// sums to the addend. The mask is that of the batch norm's activation. The pass applies where the affine term is
    /// deferred and the convolution sums its output anyway.
    ///
    /// The convolution's unscaled gradient is never stored. The batch norm's node stays, and computes the affine term
    /// from the sums.
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
        }
        return folded
    }

    /// Whether the node is the data gradient of a 1x1 convolution of a map, without an addend, whose epilogue sums for
    /// the batch norm's gradient: its tasks write whole row blocks.
    private func writes(_ node: Node, gradientOf norm: BatchNorm) -> Bool {
        guard case .convolutionDataGradient(let convolution) = node.operation,
            case .gradient(let summed, _)? = node.sums, summed.index == norm.index
        else { return false }
        return convolution.isPointwise && node.addend == nil && node.activation == nil
            && self[node.inputs[0]].shape.pixels > 1
    }
}
