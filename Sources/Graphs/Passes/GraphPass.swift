/// A rewrite of graphs that leaves every number they compute as it is: what it saves is passes over memory.
///
/// They are applied in the order of their cases, each to what the one before has made.
package enum GraphPass: String, CaseIterable, Sendable {
    /// add(batchNorm(x), identity) -> batchNorm(x, identity)
    case normAddition = "norm-addition"
    /// relu(batchNorm(x)) -> batchNorm(x), for ReLU6 too; forward and backward
    case normActivation = "norm-activation"
    /// batchNorm(concatenate(a, b)) -> batchNorm(concatenate(a, b), moments(a), moments(b)), where other norms read a or b too
    case sharedMoments = "shared-moments"
    /// convolution(batchNorm(x)) -> convolution(x) that normalises what it reads, for maxima and identities too, where nobody else reads
    /// the norm
    case normOnLoad = "norm-on-load"
    /// relu(convolution(x)) -> convolution(x) that holds what it writes to bounds; linear layers, sigmoid and the like too
    case convolutionActivation = "convolution-activation"
    /// reluGradient(y, convolutionDataGradient(dy)) -> convolutionDataGradient(dy) that writes what passes
    case gradientActivation = "gradient-activation"
    /// reluGradient(x, maxPoolGradient(x, y, dy)) -> maxPoolGradient(x, y, dy) that writes what passes; averages too
    case poolingActivation = "pooling-activation"
    /// softmaxCrossEntropy(x), softmaxCrossEntropyGradient(x) -> softmaxCrossEntropy(x) that writes its gradient
    case lossGradient = "loss-gradient"
    /// convolution(x), moments(convolution(x)) -> convolution(x) that takes the sums along; for data gradients and the sums of a
    /// norm's gradient too, and what a residual block's activation lets pass
    case sumsOnStore = "sums-on-store"
    /// batchNormGradient(x, convolutionDataGradient(dy)), its shift deferred -> convolutionDataGradient(dy) that writes it
    case normGradientOnStore = "norm-gradient-on-store"
    /// convolutionDataGradient(batchNormGradient(x, dy)) -> convolutionDataGradient(dy) that computes it where it reads dy, and the same for
    /// its weights' gradient, where nobody else reads the norm's
    case normGradientOnLoad = "norm-gradient-on-load"
    /// …, batchNorm(a), …, batchNorm(b), … -> …, batchNorm(a), batchNorm(b), … where neither needs the other, forward and backward
    case normsTogether = "norms-together"
    /// gradient(…, f(x)) -> gradient(…, f(x) once more) where the most memory in use becomes less and f is cheap: the engine
    /// chooses, which knows what lives when
    case recomputation
}

extension Graph {
    /// The graph after some passes. Values keep their names; those that nobody computes any more have no gradient either.
    package func applying(_ passes: Set<GraphPass>) -> Graph {
        GraphPass.allCases.filter(passes.contains).reduce(self) { graph, pass in
            switch pass {
            case .normAddition: graph.fusingNormAdditions()
            case .normActivation: graph.fusingNormActivations()
            case .sharedMoments: graph.sharingMoments()
            case .normOnLoad: graph.foldingNormsIntoLoads()
            case .convolutionActivation: graph.fusingConvolutionActivations()
            case .gradientActivation: graph.fusingGradientActivations()
            case .poolingActivation: graph.fusingPoolingActivations()
            case .lossGradient: graph.fusingLossGradients()
            case .sumsOnStore: graph.foldingSumsIntoStores()
            case .normGradientOnStore: graph.foldingNormGradientsIntoStores()
            case .normGradientOnLoad: graph.foldingNormGradientsIntoLoads()
            case .normsTogether: graph.gatheringNorms()
            case .recomputation: graph
            }
        }
    }
}

/// Who reads and writes the values of a graph.
struct Uses {
    /// By value: the index of the node that writes it; nil for the images, and for what a pass has removed.
    private(set) var writer: [Int?]
    /// By value: the indices of the nodes that read it, once for each time.
    private(set) var readers: [[Int]]

    init(_ graph: Graph) {
        writer = Array(repeating: nil, count: graph.values.count)
        readers = Array(repeating: [], count: graph.values.count)
        for (index, node) in graph.nodes.enumerated() {
            if let output = node.output { writer[output.index] = index }
            for value in node.reads { readers[value.index].append(index) }
        }
    }

    /// The one node that reads `value`; nil where there are none or several.
    func onlyReader(of value: ValueID) -> Int? {
        readers[value.index].count == 1 ? readers[value.index][0] : nil
    }
}

extension Graph {
    /// Whether somebody reads the value after a run.
    func outlivesRun(_ value: ValueID) -> Bool { value == logits || kept.contains(value) }

    /// The batch norm that computes `value` for nobody but one reader, by its node's index.
    func ownNorm(behind value: ValueID, _ uses: Uses) -> (index: Int, norm: BatchNorm)? {
        guard !outlivesRun(value), uses.onlyReader(of: value) != nil, let index = uses.writer[value.index],
            case .batchNorm(let norm) = nodes[index].operation
        else { return nil }
        return (index, norm)
    }

    /// Tells the norm's backward nodes what the norm has become.
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

    /// Takes out the nodes with these indices, and the gradients of values that are no longer there.
    mutating func removeNodes(_ indices: Set<Int>) {
        nodes = nodes.enumerated().filter { !indices.contains($0.offset) }.map(\.element)
        let written = Set(nodes.compactMap(\.output))
        gradients = gradients.filter { written.contains($0.key) && written.contains($0.value) }
    }
}
