import Tensors

extension Graph {
    /// batchNorm(x) -> batchNorm(x, allReduce(moments(x))), and batchNormGradient(x, dy) -> batchNormGradient(x, dy,
    /// allReduce(gradientSums(x, dy))): what is summed over channels, and what batch norms compute from it, becomes
    /// values of the graph, and the sum over ranks a node.
    ///
    /// It comes behind all passes that rewrite batch norms. A sum that the epilogue of a value's writer takes
    /// (`OutputSums`) is an output of that writer.
    func exposingChannelValues() -> Graph {
        guard purpose == .training else { return self }
        var exposing = ExposedChannels(graph: self)
        for node in nodes { exposing.append(node) }
        return exposing.graph
    }
}

/// A graph while its values by channel are exposed.
private struct ExposedChannels {
    private(set) var graph: Graph
    /// The batch norms whose gradients are computed where they are read, by `BatchNorm.index`.
    private let loadedGradients: Set<Int>
    /// This rank's sums of x and x², and all ranks', by x.
    private var moments: [ValueID: ChannelValueID] = [:]
    private var totals: [ValueID: ChannelValueID] = [:]
    /// The statistics that a batch norm has computed from them, by `BatchNorm.index`.
    private var statistics: [Int: ChannelValueID] = [:]
    /// This rank's sums for a batch norm's gradient, and what that has computed from all ranks', by `BatchNorm.index`.
    private var gradientSums: [Int: ChannelValueID] = [:]
    private var gradientStatistics: [Int: ChannelValueID] = [:]

    init(graph: Graph) {
        self.graph = graph
        self.graph.nodes = []
        loadedGradients = Set(graph.nodes.compactMap { $0.gradientLoad?.norm.index })
    }

    /// Appends a node with its values by channel, and before it the nodes that compute those.
    mutating func append(_ node: Node) {
        var node = node
        readStatistics(&node)
        switch node.operation {
        case .moments:
            // The writer's epilogue may have taken them.
            guard moments[node.inputs[0]] == nil else { return }
            node.channelOutput = newValue("moments", of: node.inputs[0])
            moments[node.inputs[0]] = node.channelOutput
        case .batchNorm(let norm):
            let parts = norm.parts.isEmpty ? [node.inputs[0]] : norm.parts
            node.channelInputs += parts.map { total(of: $0, layer: node.layer) }
            node.channelOutput = newValue("statistics", of: node.inputs[0])
            statistics[norm.index] = node.channelOutput
        case .residualGradient(let norm):
            node.channelOutput = newValue("gradient sums", of: node.inputs[0])
            gradientSums[norm.index] = node.channelOutput
        case .batchNormGradient(let norm):
            let sums = gradientSums[norm.index] ?? appendGradientSums(node, norm)
            guard needsAllReduce(node, norm) else { break }
            node.channelInputs.append(appendAllReduce(of: sums, layer: node.layer))
            node.channelOutput = newValue("gradient statistics", of: node.inputs[0])
            gradientStatistics[norm.index] = node.channelOutput
        default: break
        }
        writeSums(&node)
        graph.nodes.append(node)
    }

    /// Whether anybody reads the batch norm's data gradient: else only those of its parameters are computed, from this
    /// rank's sums.
    private func needsAllReduce(_ node: Node, _ norm: BatchNorm) -> Bool {
        node.output != nil || norm.defersShift || loadedGradients.contains(norm.index)
    }

    // MARK: Values

    /// Has a node read what batch norms have computed: those that it normalises with, and those whose gradients it
    /// computes.
    private func readStatistics(_ node: inout Node) {
        var read: [ChannelValueID?] = [node.load.map { statistics[$0.index] } ?? nil]
        if let load = node.gradientLoad { read += [statistics[load.norm.index], gradientStatistics[load.norm.index]] }
        switch node.sums {
        case .gradient(let norm, _), .residualGradient(let norm, _, _, _), .scaledGradient(let norm, _):
            read.append(statistics[norm.index])
        case .moments, nil: break
        }
        switch node.operation {
        case .normalize(let norm), .residualGradient(let norm), .batchNormGradient(let norm):
            read.append(statistics[norm.index])
        case .normShift(let parts):
            read += parts.flatMap { [statistics[$0.norm], gradientStatistics[$0.norm]] }
        default: break
        }
        node.channelInputs = read.compactMap { $0 }
    }

    /// Names the sums that a node's epilogue takes. A residual block's are the output of its `residualGradient`, which
    /// takes them itself where the epilogue cannot.
    private mutating func writeSums(_ node: inout Node) {
        guard let output = node.output else { return }
        switch node.sums {
        case .moments:
            node.channelOutput = newValue("moments", of: output)
            moments[output] = node.channelOutput
        case .gradient(let norm, let x), .scaledGradient(let norm, let x):
            node.channelOutput = newValue("gradient sums", of: x)
            gradientSums[norm.index] = node.channelOutput
        case .residualGradient, nil: break
        }
    }

    private mutating func newValue(_ name: String, of map: ValueID) -> ChannelValueID {
        graph.channelValues.append(
            ChannelValue(channels: graph[map].shape.channels, name: "\(name) of \(graph[map].name)"))
        return ChannelValueID(index: graph.channelValues.count - 1)
    }

    // MARK: Nodes

    /// Returns all ranks' sums of x and x².
    private mutating func total(of x: ValueID, layer: String) -> ChannelValueID {
        if let total = totals[x] { return total }
        if moments[x] == nil { append(Node(.moments, inputs: [x], output: nil, layer: layer)) }
        guard let sums = moments[x] else { preconditionFailure("no moments of \(graph[x].name)") }
        let total = appendAllReduce(of: sums, layer: layer)
        totals[x] = total
        return total
    }

    private mutating func appendGradientSums(_ node: Node, _ norm: BatchNorm) -> ChannelValueID {
        let sums = newValue("gradient sums", of: node.inputs[0])
        var taking = Node(.gradientSums(norm), inputs: node.inputs, output: nil, layer: node.layer)
        taking.channelInputs = node.channelInputs
        taking.channelOutput = sums
        graph.nodes.append(taking)
        return sums
    }

    /// Appends the sum over ranks; returns its result.
    private mutating func appendAllReduce(of sums: ChannelValueID, layer: String) -> ChannelValueID {
        let total = ChannelValueID(index: graph.channelValues.count)
        graph.channelValues.append(graph.channelValues[sums.index])
        var allReduce = Node(.allReduce, inputs: [], output: nil, layer: layer)
        allReduce.channelInputs = [sums]
        allReduce.channelOutput = total
        graph.nodes.append(allReduce)
        return total
    }
}
