extension Graph {
    /// …, batchNorm(a), …, batchNorm(b), … -> …, batchNorm(a), batchNorm(b), … where neither needs the other, forward
    /// and backward. The engine sums the moments of consecutive batch norms over ranks in one message.
    ///
    /// Nodes keep their order, except that batch norms wait until no other node is ready. Then all ready batch norms
    /// follow. So the number of messages is the length of the longest chain of dependent batch norms: an inception
    /// block of six batch norms sends two.
    func gatheringNorms() -> Graph {
        guard purpose == .training else { return self }
        var gathered = self
        var order = GatheredOrder(self)
        gathered.nodes = order.take().map { nodes[$0] }
        return gathered
    }
}

/// An order of a graph's nodes in which batch norms come as late, and as many at a time, as they can.
private struct GatheredOrder {
    /// The number of a node's prerequisites that have not come yet, by node.
    private var missing: [Int]
    /// The nodes that wait for a node, by node.
    private var waiting: [[Int]]
    private let isNorm: [Bool]
    /// Nodes that are ready, in falling order.
    private var ready: [Int] = []
    private var norms: [Int] = []

    init(_ graph: Graph) {
        missing = Array(repeating: 0, count: graph.nodes.count)
        waiting = Array(repeating: [], count: graph.nodes.count)
        isNorm = graph.nodes.map(\.operation.isNorm)
        for (index, needed) in graph.prerequisites.enumerated() {
            for other in needed {
                waiting[other].append(index)
                missing[index] += 1
            }
        }
        for index in missing.indices where missing[index] == 0 { release(index) }
    }

    mutating func take() -> [Int] {
        var order: [Int] = []
        while !(ready.isEmpty && norms.isEmpty) {
            let next = ready.isEmpty ? norms.sorted() : [ready.removeLast()]
            if next.count > 1 || isNorm[next[0]] { norms = [] }
            order += next
            for done in next {
                for index in waiting[done] {
                    missing[index] -= 1
                    if missing[index] == 0 { release(index) }
                }
            }
        }
        precondition(order.count == missing.count, "\(order.count) of \(missing.count) nodes can be put in order")
        return order
    }

    private mutating func release(_ index: Int) {
        guard !isNorm[index] else { return norms.append(index) }
        ready.insert(index, at: ready.firstIndex { $0 < index } ?? ready.count)
    }
}

extension Operation {
    fileprivate var isNorm: Bool {
        switch self {
        case .batchNorm, .batchNormGradient: true
        default: false
        }
    }
}

extension Graph {
    /// The nodes that must come before a node in every order, by node.
    fileprivate var prerequisites: [Set<Int>] {
        let uses = Uses(self)
        var norms: [Int: Int] = [:]
        var residuals: [Int: Int] = [:]
        // By batch norm: the node that has taken the sums of its gradient, and the node that computes from them
        // everything that its gradient needs.
        var scaled: [Int: Int] = [:]
        var finished: [Int: Int] = [:]
        var moments: [ValueID: Int] = [:]
        var losses: [Int] = []
        return nodes.enumerated().map { index, node in
            var needed = Set(node.reads.compactMap { uses.writer[$0.index] })
            // Found by the batch norm's number, not as a value.
            if let norm = node.load { needed.formUnion([norms[norm.index]].compactMap { $0 }) }
            if let load = node.gradientLoad { needed.formUnion([finished[load.norm.index]].compactMap { $0 }) }
            if case .scaledGradient(let norm, _)? = node.sums { scaled[norm.index] = index }
            switch node.operation {
            case .batchNorm(let norm):
                norms[norm.index] = index
                needed.formUnion(norm.parts.compactMap { moments[$0] })
            case .moments: moments[node.inputs[0]] = index
            case .residualGradient(let norm):
                residuals[norm.index] = index
                needed.formUnion([norms[norm.index]].compactMap { $0 })
            case .batchNormGradient(let norm):
                needed.formUnion([norms[norm.index], residuals[norm.index], scaled[norm.index]].compactMap { $0 })
                finished[norm.index] = index
            case .normShift(let parts): needed.formUnion(parts.compactMap { finished[$0.norm] })
            // The backward pass begins after the whole forward pass, and a sample's loss is the sum of its heads' in
            // their order.
            case .softmaxCrossEntropy:
                needed = Set(0..<index)
                losses.append(index)
            case .softmaxCrossEntropyGradient: needed.formUnion(losses)
            default: break
            }
            return needed
        }
    }
}
