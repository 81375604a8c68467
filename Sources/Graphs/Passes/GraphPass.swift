/// A rewrite of graphs that saves passes over memory and changes no computed number.
///
/// Passes are applied in the order of their cases, each to the result of the previous one.
package enum GraphPass: String, CaseIterable, Sendable {
    /// add(batchNorm(x), identity) -> batchNorm(x, identity)
    case normAddition = "norm-addition"
    /// relu(batchNorm(x)) -> batchNorm(x), for ReLU6 too; forward and backward
    case normActivation = "norm-activation"
    /// batchNorm(concatenate(a, b)) -> batchNorm(concatenate(a, b), moments(a), moments(b)), where other batch norms
    /// read a or b too
    case sharedMoments = "shared-moments"
    /// convolution(batchNorm(x)) -> convolution(x) that normalises x as it reads it, where no other node reads the
    /// batch norm; for max pools and added identities too
    case normOnLoad = "norm-on-load"
    /// relu(convolution(x)) -> convolution(x) that clamps its output; linear layers, sigmoid and the like too
    case convolutionActivation = "convolution-activation"
    /// reluGradient(y, convolutionDataGradient(dy)) -> convolutionDataGradient(dy) with a mask as its epilogue
    case gradientActivation = "gradient-activation"
    /// reluGradient(x, maxPoolGradient(x, y, dy)) -> maxPoolGradient(x, y, dy) with a mask as its epilogue; averages
    /// too
    case poolingActivation = "pooling-activation"
    /// softmaxCrossEntropy(x), softmaxCrossEntropyGradient(x) -> softmaxCrossEntropy(x) that writes its gradient
    case lossGradient = "loss-gradient"
    /// convolution(x), moments(convolution(x)) -> convolution(x) with the sums as its epilogue; for data gradients and
    /// the sums of a batch norm's gradient too, and for the mask of a residual block's activation
    case sumsOnStore = "sums-on-store"
    /// batchNormGradient(x, convolutionDataGradient(dy)), its affine term deferred -> convolutionDataGradient(dy) that
    /// writes it
    case normGradientOnStore = "norm-gradient-on-store"
    /// convolutionDataGradient(batchNormGradient(x, dy)) -> convolutionDataGradient(dy) that computes the batch norm's
    /// gradient as it reads dy, where no other node reads that; the weights' gradient too
    case normGradientOnLoad = "norm-gradient-on-load"
    /// …, allReduce(a), …, allReduce(b), … -> …, allReduce(a), allReduce(b), … where neither needs the other, forward
    /// and backward
    case normsTogether = "norms-together"
    /// gradient(…, f(x)) -> gradient(…, f(x) once more) where that lowers the peak of memory and f is cheap; chosen by
    /// the engine, which knows the lifetimes
    case recomputation
}

extension Graph {
    /// Returns the graph after some passes, its values by channel exposed. Values keep their names; values that no node
    /// computes any more have no gradient either.
    package func applying(_ passes: Set<GraphPass>) -> Graph {
        let ofNorms = GraphPass.allCases.filter { passes.contains($0) && $0 != .normsTogether }
        let exposed = ofNorms.reduce(self) { $0.applying($1) }.exposingChannelValues()
        var result = passes.contains(.normsTogether) ? exposed.gatheringAllReduces() : exposed
        let written = Set(result.nodes.compactMap(\.output))
        result.gradients = result.gradients.filter { written.contains($0.key) && written.contains($0.value) }
        return result
    }

    private func applying(_ pass: GraphPass) -> Graph {
        switch pass {
        case .normAddition: fusingNormAdditions()
        case .normActivation: fusingNormActivations()
        case .sharedMoments: sharingMoments()
        case .normOnLoad: foldingNormsIntoLoads()
        case .convolutionActivation: fusingConvolutionActivations()
        case .gradientActivation: fusingGradientActivations()
        case .poolingActivation: fusingPoolingActivations()
        case .lossGradient: fusingLossGradients()
        case .sumsOnStore: foldingSumsIntoStores()
        case .normGradientOnStore: foldingNormGradientsIntoStores()
        case .normGradientOnLoad: foldingNormGradientsIntoLoads()
        case .normsTogether, .recomputation: self
        }
    }
}

/// The readers and the writer of each value of a graph.
struct Uses {
    /// The index of the node that writes a value, by value; nil for the images, and for values that a pass has removed.
    private(set) var writer: [Int?]
    /// The indices of the nodes that read a value, by value; a node is there once for each time that it reads it.
    private(set) var readers: [[Int]]

    init(_ graph: Graph) {
        writer = Array(repeating: nil, count: graph.values.count)
        readers = Array(repeating: [], count: graph.values.count)
        for (index, node) in graph.nodes.enumerated() {
            if let output = node.output { writer[output.index] = index }
            for value in node.reads { readers[value.index].append(index) }
        }
    }

    /// Returns the one node that reads `value`; nil where there are none or several.
    func onlyReader(of value: ValueID) -> Int? {
        readers[value.index].count == 1 ? readers[value.index][0] : nil
    }
}

extension Graph {
    /// Returns whether a value is read after a run.
    func outlivesRun(_ value: ValueID) -> Bool { value == logits || kept.contains(value) }

    /// Returns the batch norm that computes `value`, with its node's index, where only one node reads the value; else
    /// nil.
    func ownNorm(behind value: ValueID, _ uses: Uses) -> (index: Int, norm: BatchNorm)? {
        guard !outlivesRun(value), uses.onlyReader(of: value) != nil, let index = uses.writer[value.index],
            case .batchNorm(let norm) = nodes[index].operation
        else { return nil }
        return (index, norm)
    }

    /// Replaces a batch norm in its backward nodes by its new form.
    mutating func replaceGradient(of norm: BatchNorm) {
        for index in nodes.indices {
            switch nodes[index].operation {
            case .batchNormGradient(let old) where old.index == norm.index:
                var norm = norm
                norm.defersShift = old.defersShift
                nodes[index].operation = .batchNormGradient(norm)
            case .residualGradient(let old) where old.index == norm.index:
                nodes[index].operation = .residualGradient(norm)
            default: break
            }
        }
    }

    /// Removes the nodes with these indices.
    mutating func removeNodes(_ indices: Set<Int>) {
        nodes = nodes.enumerated().filter { !indices.contains($0.offset) }.map(\.element)
    }
}
