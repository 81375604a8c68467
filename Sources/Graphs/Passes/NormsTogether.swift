extension Graph {
    /// …, allReduce(a), …, allReduce(b), … -> …, allReduce(a), allReduce(b), … where neither needs the other, forward
    /// and backward. Sums whose all-reduces stand together go to other ranks in one message.
    ///
    /// Nodes keep their order, except that all-reduces wait until no other node is ready. Then all ready all-reduces
    /// come, and right behind them the batch norms that read them. So a network sends as many messages as batch norms
    /// depend on each other in a chain: an inception block of six batch norms sends two.
    func gatheringAllReduces() -> Graph {
        guard purpose == .training else { return self }
        var gathered = self
        var order = GatheredOrder(self)
        gathered.nodes = order.take().map { nodes[$0] }
        return gathered
    }
}

/// An order of a graph's nodes in which all-reduces come as late, and as many at a time, as they can.
private struct GatheredOrder {
    /// The number of a node's prerequisites that have not come yet, by node.
    private var missing: [Int]
    /// The nodes that wait for a node, by node.
    private var waiting: [[Int]]
    private let operations: [Operation]
    /// Nodes that are ready, the first one last.
    private var ready: [Int] = []
    private var allReduces: [Int] = []

    init(_ graph: Graph) {
        missing = Array(repeating: 0, count: graph.nodes.count)
        waiting = Array(repeating: [], count: graph.nodes.count)
        operations = graph.nodes.map(\.operation)
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
        while !(ready.isEmpty && allReduces.isEmpty) {
            let next = ready.isEmpty ? allReduces.sorted() : [ready.removeLast()]
            if operations[next[0]].isAllReduce { allReduces = [] }
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
        guard !operations[index].isAllReduce else { return allReduces.append(index) }
        ready.insert(index, at: ready.firstIndex { comes(index, after: $0) } ?? ready.count)
    }

    /// Whether a node that is ready comes after another: batch norms come first.
    private func comes(_ index: Int, after other: Int) -> Bool {
        let (isNorm, otherIsNorm) = (operations[index].readsAllReduce, operations[other].readsAllReduce)
        return isNorm == otherIsNorm ? other < index : otherIsNorm
    }
}

extension Operation {
    fileprivate var isAllReduce: Bool { if case .allReduce = self { true } else { false } }

    fileprivate var readsAllReduce: Bool {
        switch self {
        case .batchNorm, .batchNormGradient: true
        default: false
        }
    }
}

extension Graph {
    /// The nodes that must come before a node in every order, by node.
    fileprivate var prerequisites: [Set<Int>] {
        let writer = Uses(self).writer
        var channelWriter: [ChannelValueID: Int] = [:]
        for (index, node) in nodes.enumerated() {
            if let output = node.channelOutput { channelWriter[output] = index }
        }
        var losses: [Int] = []
        return nodes.enumerated().map { index, node in
            var needed = Set(node.reads.compactMap { writer[$0.index] })
            needed.formUnion(node.channelInputs.compactMap { channelWriter[$0] })
            switch node.operation {
            // The backward pass begins behind all of the forward pass, and a sample's loss is the sum of its heads' in
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
