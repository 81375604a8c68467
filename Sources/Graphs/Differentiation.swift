import Tensors

extension Graph {
    /// Appends the losses of `heads` and the backward pass: reverse-mode differentiation, node by node from the last to
    /// the first.
    ///
    /// A value's gradient is the sum of its consumers' contributions. The first contribution is the sum so far; each
    /// later one is computed by a node with the sum so far as its addend, so that sums need no passes of their own.
    /// Contributions without a computation (of `add`: dy itself; of `concatenate`: a slice of dy) therefore come first,
    /// and other nodes wait for them; only two such contributions are joined by an `add`.
    ///
    /// The gradient of a batch norm is scale * dy + slope * (x - mean) + offset, where scale is known from the forward
    /// pass, and slope and offset follow from sums over dy. In a dense block x is a concatenation that several batch
    /// norms read. Each adds only the first term to the gradient's sum. The deferred affine term, slope * (x - mean) +
    /// offset, is added once for all of them, to each part of x when its sum is complete.
    ///
    /// The gradient of a convolution's weight comes before that of its input, so that its sum over ranks can begin
    /// earlier.
    mutating func appendBackward(from heads: [Head]) {
        var backward = Backward(graph: self)
        let forward = nodes
        for head in heads { backward.startLoss(of: head) }
        for node in forward.reversed() { backward.visit(node) }
        self = backward.finished()
    }
}

/// The backward pass while it grows.
private struct Backward {
    private var graph: Graph
    /// Whether a value depends on a parameter, by forward value.
    private let needsGradient: [Bool]
    /// The sum of the contributions so far to a value's gradient, by forward value.
    private var sums: [ValueID?]
    /// The number of contributions still to come that need no computation, by forward value.
    private var expected: [Int]
    /// The nodes that wait for contributions without a computation, by forward value.
    private var held: [[Node]]
    /// The batch norms whose deferred affine terms are still to be added to a gradient, by forward value.
    private var shifts: [[NormPart]]
    /// Whether a value is a concatenation, by forward value.
    private let isConcatenation: [Bool]

    init(graph: Graph) {
        let count = graph.values.count
        var needsGradient = [Bool](repeating: false, count: count)
        var expected = [Int](repeating: 0, count: count)
        var isConcatenation = [Bool](repeating: false, count: count)
        for node in graph.nodes {
            guard let output = node.output else { continue }
            if case .concatenate = node.operation { isConcatenation[output.index] = true }
            let dependsOnOne = node.operation.hasParameters || node.inputs.contains { needsGradient[$0.index] }
            needsGradient[output.index] = dependsOnOne
            guard node.operation.passesGradientThrough else { continue }
            for input in node.inputs where needsGradient[input.index] { expected[input.index] += 1 }
        }
        self.graph = graph
        self.needsGradient = needsGradient
        self.expected = expected
        self.sums = [ValueID?](repeating: nil, count: count)
        self.held = [[Node]](repeating: [], count: count)
        self.shifts = [[NormPart]](repeating: [], count: count)
        self.isConcatenation = isConcatenation
    }

    /// Returns the graph with its gradients registered. The gradient of a concatenation lacks the deferred affine
    /// terms, which the gradients of its parts have taken instead.
    consuming func finished() -> Graph {
        for (index, sum) in sums.enumerated() {
            precondition(held[index].isEmpty, "\(graph.values[index].name) waits for a gradient that never came")
            precondition(sum != nil || !needsGradient[index], "\(graph.values[index].name) has no gradient")
            if let sum { graph.gradients[ValueID(index: index)] = sum }
        }
        return graph
    }

    mutating func startLoss(of head: Head) {
        let loss = Operation.softmaxCrossEntropy(weight: head.weight)
        graph.nodes.append(Node(loss, inputs: [head.logits], output: nil, layer: head.layer))
        contribute(.softmaxCrossEntropyGradient(weight: head.weight), [head.logits], to: head.logits, layer: head.layer)
    }

    /// Appends the backward operations of `node`. All consumers of its output have been visited.
    mutating func visit(_ node: Node) {
        // No parameter precedes this node, so its gradient is not needed: images that are pooled first, say.
        guard let y = node.output, let dy = completeSum(of: y, layer: node.layer) else { return }
        let x = node.inputs[0]
        let layer = node.layer
        switch node.operation {
        case .convolution(let convolution):
            let gradient = Operation.convolutionWeightGradient(convolution)
            graph.nodes.append(Node(gradient, inputs: [x, dy], output: nil, layer: layer))
            contribute(.convolutionDataGradient(convolution), [dy], to: x, layer: layer)
        case .batchNorm(let norm):
            if needsGradient[x.index] {
                contribute(.batchNormGradient(norm), [x, dy], to: x, layer: layer)
            } else {
                graph.nodes.append(Node(.batchNormGradient(norm), inputs: [x, dy], output: nil, layer: layer))
            }
        case .activation(let activation):
            let read = activation.gradientReadsInput ? x : y
            contribute(.activationGradient(activation), [read, dy], to: x, layer: layer)
        case .scale(let factor): contribute(.scaleGradient(factor), [dy], to: x, layer: layer)
        case .localResponseNormalization(let size, let alpha, let beta, let k):
            let gradient = Operation.localResponseNormalizationGradient(size: size, alpha: alpha, beta: beta, k: k)
            contribute(gradient, [x, y, dy], to: x, layer: layer)
        case .maxPool(let pooling): contribute(.maxPoolGradient(pooling), [x, y, dy], to: x, layer: layer)
        case .averagePool(let pooling): contribute(.averagePoolGradient(pooling), [dy], to: x, layer: layer)
        case .adaptiveAveragePool: contribute(.adaptiveAveragePoolGradient, [dy], to: x, layer: layer)
        case .dropout(let rate, let index):
            contribute(.dropoutGradient(rate: rate, index: index), [dy], to: x, layer: layer)
        case .add:
            for input in node.inputs { passThrough(dy, to: input, layer: layer) }
        case .concatenate:
            visitConcatenation(node, y: y, dy: dy)
        default:
            preconditionFailure("\(layer) is no forward operation")
        }
    }

    private mutating func visitConcatenation(_ node: Node, y: ValueID, dy: ValueID) {
        var offset = 0
        for input in node.inputs {
            if needsGradient[input.index] {
                let output = newGradient(of: input)
                graph.nodes.append(Node(.slice(offset: offset), inputs: [dy], output: output, layer: node.layer))
                shifts[input.index] += shifts[y.index].map {
                    NormPart(norm: $0.norm, firstChannel: $0.firstChannel + offset)
                }
                passThrough(output, to: input, layer: node.layer)
            }
            offset += graph[input].shape.channels
        }
    }

    // MARK: Sums

    /// Returns the gradient of `value`, deferred affine terms included. Those of a concatenation are added to the
    /// gradients of its parts instead.
    private mutating func completeSum(of value: ValueID, layer: String) -> ValueID? {
        guard let sum = sums[value.index], !shifts[value.index].isEmpty, !isConcatenation[value.index] else {
            return sums[value.index]
        }
        let output = newGradient(of: value)
        let shift = Operation.normShift(shifts[value.index])
        graph.nodes.append(Node(shift, inputs: [value, sum], output: output, layer: layer))
        sums[value.index] = output
        return output
    }

    /// Adds a node's contribution to the gradient of `value`. The node waits while contributions that must come before
    /// are missing.
    private mutating func contribute(_ operation: Operation, _ inputs: [ValueID], to value: ValueID, layer: String) {
        guard needsGradient[value.index] else { return }
        let node = Node(operation, inputs: inputs, output: nil, layer: layer)
        if expected[value.index] > 0 {
            held[value.index].append(node)
        } else {
            emit(node, to: value)
        }
    }

    /// Adds `gradient`, which exists already, to the gradient of `value`.
    private mutating func passThrough(_ gradient: ValueID, to value: ValueID, layer: String) {
        guard needsGradient[value.index] else { return }
        if let sum = sums[value.index] {
            let output = newGradient(of: value)
            graph.nodes.append(Node(.add, inputs: [sum, gradient], output: output, layer: layer))
            sums[value.index] = output
        } else {
            sums[value.index] = gradient
        }
        expected[value.index] -= 1
        guard expected[value.index] == 0 else { return }
        for node in held[value.index] { emit(node, to: value) }
        held[value.index] = []
    }

    private mutating func emit(_ node: Node, to value: ValueID) {
        var node = node
        if case .batchNormGradient(var norm) = node.operation,
            isConcatenation[value.index] || !shifts[value.index].isEmpty
        {
            norm.defersShift = true
            node.operation = .batchNormGradient(norm)
            shifts[value.index].append(NormPart(norm: norm.index, firstChannel: 0))
        }
        node.addend = sums[value.index]
        node.output = newGradient(of: value)
        sums[value.index] = node.output
        graph.nodes.append(node)
    }

    private mutating func newGradient(of value: ValueID) -> ValueID {
        let forward = graph[value]
        graph.values.append(Value(shape: forward.shape, name: "d " + forward.name))
        return ValueID(index: graph.values.count - 1)
    }
}

extension Operation {
    /// Whether a forward operation has parameters.
    fileprivate var hasParameters: Bool {
        switch self {
        case .convolution, .batchNorm: true
        default: false
        }
    }

    /// Whether the gradients of the inputs are that of the output, or slices of it, without a computation.
    fileprivate var passesGradientThrough: Bool {
        switch self {
        case .add, .concatenate: true
        default: false
        }
    }
}
