extension Graph {
    /// convolution(x), moments(convolution(x)) -> convolution(x) with the sums as its epilogue; for data gradients and
    /// the sums of a batch norm's gradient too. So it is with residualGradient(x, y, convolutionDataGradient(dy)),
    /// which is written over its input.
    ///
    /// A convolution's output is still in a cache when its epilogue reads it. The nodes that need the sums stay, and
    /// take them themselves where the convolution's tasks do not fit.
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
            case .residualGradient(let norm):
                guard let dy = node.inputs.last, let dz = node.output, uses.onlyReader(of: dy) != nil else { continue }
                annotate(dy, .residualGradient(of: norm, x: node.inputs[0], y: node.inputs[1], dz: dz))
            default: break
            }
        }
        return folded
    }
}
