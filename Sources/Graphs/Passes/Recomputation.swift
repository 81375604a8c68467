import Tensors

// gradient(…, f(x)) -> gradient(…, f(x) once more): a value that the backward pass reads need not be kept from the
// forward pass on. (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016.)

/// A value that is cheap to compute again.
package struct Recomputable: Sendable {
    package let value: ValueID
    /// Floats of a sample.
    package let count: Int
    /// The cost of computing it once more, in passes over memory as large as the value.
    package let passes: Double

    /// The cost of computing it once more, in floats of a sample that passes over memory read or write.
    package var cost: Double { passes * Double(count) }
}

extension Graph {
    /// The values that both passes read and that are cheap to compute again from other kept values.
    ///
    /// Cheap are outputs of batch norms, and of max pools with a stride above 1. So are outputs of convolutions with so
    /// few products for each output that writing them takes as long.
    package var recomputable: [Recomputable] {
        guard let border = firstLoss else { return [] }
        let uses = Uses(self)
        return nodes[..<border].compactMap { node in
            guard let value = node.output, value != logits, let passes = passes(toRepeat: node),
                let last = uses.readers[value.index].last, last > border
            else { return nil }
            return Recomputable(value: value, count: self[value].shape.count, passes: passes)
        }
    }

    /// Returns the graph in which the backward pass computes these values once more, each before its first use there.
    package func recomputing(_ values: Set<ValueID>) -> Graph {
        guard let border = firstLoss, !values.isEmpty else { return self }
        var graph = self
        graph.nodes = Array(nodes[..<border])
        var repeats = Repeats(values: values, writers: Uses(self).writer)
        func place(_ value: ValueID) -> ValueID { repeats.place(of: value, in: &graph, from: self) }
        for node in nodes[border...] {
            var reader = node
            reader.inputs = node.inputs.map(place)
            reader.gradientLoad = node.gradientLoad.map { GradientLoad(norm: $0.norm, x: place($0.x)) }
            reader.activated = node.activated.map(place)
            switch node.sums {
            case .gradient(let norm, let x): reader.sums = .gradient(of: norm, x: place(x))
            case .scaledGradient(let norm, let x): reader.sums = .scaledGradient(of: norm, x: place(x))
            case .residualGradient(let norm, let x, let y, let dz):
                reader.sums = .residualGradient(of: norm, x: place(x), y: place(y), dz: dz)
            case .moments, nil: break
            }
            graph.nodes.append(reader)
        }
        return graph
    }

    private var firstLoss: Int? {
        nodes.firstIndex { if case .softmaxCrossEntropy = $0.operation { true } else { false } }
    }

    /// Returns the number of passes over memory that repeating the node takes; nil where it is not cheap, or would give
    /// another result.
    private func passes(toRepeat node: Node) -> Double? {
        guard let output = node.output, node.addend == nil else { return nil }
        switch node.operation {
        case .batchNorm: return Double(node.inputs.count + 1)
        case .maxPool(let pooling) where pooling.stride > 1:
            // Each of a window's inputs takes a comparison, most from a cache, which is as long as a pass.
            return Double(pooling.stride * pooling.stride + pooling.kernel * pooling.kernel + 1)
        case .convolution where self[output].shape.pixels > 1:
            let products = multiplyAdds(of: node) / self[output].shape.count
            return products <= Self.cheapProducts ? 1 + Double(products) / Self.productsOfPass : nil
        default: return nil
        }
    }

    /// Products an output that a convolution may have.
    private static var cheapProducts: Int { 64 }
    /// Products that take as long as a pass over the output.
    private static var productsOfPass: Double { 16 }

    /// The least time of a training step, in floats of a sample that a pass over memory reads or writes. It counts
    /// products alone, three for each of the forward pass.
    package var stepPasses: Double {
        let products = nodes.reduce(0) { sum, node in
            if case .convolution = node.operation { sum + multiplyAdds(of: node) } else { sum }
        }
        return 3 * Double(products) / Self.productsOfPass
    }
}

/// The second copies of values while they are put into a graph.
private struct Repeats {
    /// The values to compute again.
    let values: Set<ValueID>
    let writers: [Int?]
    var copies: [ValueID: ValueID] = [:]

    /// Returns the value to read in place of `value` in the backward pass. Computes it again now, where that has not
    /// been done yet.
    mutating func place(of value: ValueID, in graph: inout Graph, from original: Graph) -> ValueID {
        guard values.contains(value), let writer = writers[value.index] else { return value }
        if let copy = copies[value] { return copy }
        var node = original.nodes[writer]
        node.inputs = node.inputs.map { place(of: $0, in: &graph, from: original) }
        let copy = ValueID(index: graph.values.count)
        graph.values.append(Value(shape: original[value].shape, name: original[value].name))
        node.output = copy
        // Moments are there already, and running statistics must not move twice.
        if case .batchNorm(let norm) = node.operation {
            node.operation = .normalize(norm)
            node.channelInputs.removeLast(max(norm.parts.count, 1))
            node.channelInputs += [node.channelOutput].compactMap { $0 }
        }
        // Sums over it have been taken.
        node.sums = nil
        node.channelOutput = nil
        graph.nodes.append(node)
        copies[value] = copy
        return copy
    }
}
