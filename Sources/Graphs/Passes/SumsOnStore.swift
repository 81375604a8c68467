extension Graph {
    /// convolution(x), moments(convolution(x)) -> convolution(x) that takes the sums along; for data gradients and the sums of a norm's
    /// gradient too.
    ///
    /// What a convolution has just written is still in a cache. The nodes that need the sums stay, and take them
    /// themselves where the convolution's tasks turn out not to fit.
    func foldingSumsIntoStores() -> Graph {
        guard purpose == .training else { return self }
        let uses = Uses(self)
        var folded = self
        func annotate(_ value: ValueID, _ sums: OutputSums) {
            guard let writer = uses.writer[value.index] else { return }
            switch nodes[writer].operation {
            case .convolution, .convolutionDataGradient: folded.nodes[writer].sums = sums
            default: break
            }
        }
        for node in nodes {
            switch node.operation {
            case .moments: annotate(node.inputs[0], .moments)
            case .batchNorm(let norm) where norm.parts.isEmpty: annotate(node.inputs[0], .moments)
            case .batchNormGradient(let norm) where !norm.isResidual:
                guard let dy = node.inputs.last else { continue }
                annotate(dy, .gradient(of: norm, x: node.inputs[0]))
            default: break
            }
        }
        return folded
    }
}
