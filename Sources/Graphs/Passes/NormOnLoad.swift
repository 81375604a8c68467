import Tensors

extension Graph {
    /// convolution(batchNorm(x)) -> convolution(x) that normalises x as it reads it, where no other node reads the
    /// batch norm. The same for the convolution's weight gradient, for max pools and their gradients, and for the
    /// identity that another batch norm adds.
    ///
    /// The normalised tensor is never stored: a convolution copies its source into a window anyway, a max pool reads a
    /// few rows at a time, and an identity is read as it is added.
    func foldingNormsIntoLoads() -> Graph {
        let uses = Uses(self)
        var folded = self
        for (index, node) in nodes.enumerated() {
            guard case .batchNorm(let norm) = node.operation, !norm.addsIdentity, let y = node.output, !outlivesRun(y),
                node.inputs[0] != input,
                uses.readers[y.index].allSatisfy({ canLoad(y, of: norm, in: folded.nodes[$0]) })
            else { continue }
            folded.nodes[index].output = nil
            for reader in uses.readers[y.index] {
                folded.nodes[reader].inputs[folded.nodes[reader].loadedInput] = node.inputs[0]
                folded.nodes[reader].load = norm
            }
        }
        return folded
    }

    /// Whether `reader` can normalise as it reads.
    ///
    /// Convolutions that make a map can, and so can their weight gradients. Those that make one pixel of an unpadded
    /// map, as linear layers do, read their input in place.
    private func canLoad(_ value: ValueID, of norm: BatchNorm, in reader: Node) -> Bool {
        switch reader.operation {
        case .convolution(let convolution), .convolutionWeightGradient(let convolution):
            self[reader.output ?? reader.inputs[1]].shape.pixels > 1 || convolution.padding > 0
        case .maxPool, .maxPoolGradient: true
        case .batchNorm: reader.loadedInput == 1 && reader.inputs[0] != value && norm.activation == nil
        default: false
        }
    }
}
