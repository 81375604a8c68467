import Tensors

extension Graph {
    /// convolutionDataGradient(batchNormGradient(x, dy)), convolutionWeightGradient(z, batchNormGradient(x, dy)) ->
    /// both gradients with dy as input, where no other node reads the batch norm's gradient. They compute it as they
    /// read dy and x.
    ///
    /// The batch norm's gradient is never stored. For a large map, that saves writing it to memory once and reading it
    /// twice.
    func foldingNormGradientsIntoLoads() -> Graph {
        guard purpose == .training else { return self }
        let uses = Uses(self)
        var folded = self
        for (index, node) in nodes.enumerated() {
            guard case .batchNormGradient(let norm) = node.operation, !norm.defersShift, node.addend == nil,
                let dx = node.output, let dy = node.inputs.last, self[dx].shape.count >= Self.largeMap,
                uses.readers[dx.index].allSatisfy({ computes(dx, in: nodes[$0]) })
            else { continue }
            folded.nodes[index].output = nil
            for reader in uses.readers[dx.index] {
                folded.nodes[reader].inputs[nodes[reader].inputs.count - 1] = dy
                folded.nodes[reader].gradientLoad = GradientLoad(norm: norm, x: node.inputs[0])
            }
        }
        return folded
    }

    /// Whether `reader` can compute `dy` while it reads: gradients of 1x1 convolutions of a map, which pack it pixel by
    /// pixel.
    private func computes(_ dy: ValueID, in reader: Node) -> Bool {
        switch reader.operation {
        case .convolutionDataGradient(let convolution), .convolutionWeightGradient(let convolution):
            convolution.isPointwise && convolution.bias == nil
                && self[convolution.weight].shape[1] >= Self.enoughInputs && self[dy].shape.pixels > 1
                && reader.reads.count { $0 == dy } == 1 && reader.inputs.last == dy
        default: false
        }
    }

    /// Inputs of a convolution from which on packing dy is little beside its products.
    private static var enoughInputs: Int { 64 }
    /// Floats of a sample from which on a pass over memory takes longer than computing it twice.
    private static var largeMap: Int { 98_304 }
}
