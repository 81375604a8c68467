package import Graphs
import Kernels
import Networks
import Tensors

/// An interpreter that runs a graph node by node with the scalar references in Double. Engines' results are compared
/// with its results.
package struct GraphInterpreter {
    /// The results of one run.
    package struct Outcome {
        /// Samples x classes.
        package internal(set) var logits: [Double] = []
        /// The mean of the samples' losses, all heads weighed in; 0 in evaluation.
        package internal(set) var loss = 0.0
        /// The gradients by `ParameterID.index`, in torch's layout; empty for buffers and in evaluation.
        package internal(set) var gradients: [[Double]] = []
        /// For the gradient of a bias or of a batch norm's weight, which is a sum over pixels, the sum of the terms'
        /// magnitudes, by `ParameterID.index`. Where the terms cancel, rounding is relative to this sum and not to the
        /// gradient. Empty for all other parameters.
        package internal(set) var termSums: [[Double]] = []
        /// The parameters by `ParameterID.index`, with the running statistics as they are after the run.
        package internal(set) var parameters: [[Double]] = []
        /// The values that the graph keeps besides the logits: samples x height x width x channels.
        package internal(set) var kept: [ValueID: [Double]] = [:]
    }

    /// Whether dropout layer `index` keeps `element` (in H x W x C) of `sample` (in the batch).
    package typealias DropoutMask = (_ index: Int, _ sample: Int, _ element: Int) -> Bool

    private let graph: Graph

    package init(_ graph: Graph) {
        self.graph = graph
    }

    /// Runs the graph on one batch; its moments and mean loss are those of all samples.
    ///
    /// - Parameters:
    ///   - images: N x H x W x C.
    ///   - labels: One a sample; how many samples there are.
    ///   - parameters: By `ParameterID.index`, in torch's layout.
    ///   - isKept: Draws dropout; keeps everything where not given.
    package func run(
        images: [Double], labels: [Int], parameters: [[Double]], isKept: @escaping DropoutMask = { _, _, _ in true }
    ) -> Outcome {
        for (specification, values) in zip(graph.parameters, parameters) {
            precondition(
                values.count == specification.count, "\(values.count) values for \(specification.name)")
        }
        precondition(parameters.count == graph.parameters.count, "\(parameters.count) parameters")
        var run = Run(graph: graph, images: images, labels: labels, parameters: parameters, isKept: isKept)
        for node in graph.nodes { run.execute(node) }
        run.outcome.logits = run[graph.logits].values
        for id in graph.kept { run.outcome.kept[id] = run[id].values }
        return run.outcome
    }
}

/// One run while it goes on.
struct Run {
    let graph: Graph
    let labels: [Int]
    var targets: [Target] { labels.map { Target(Int32($0)) } }
    let isKept: GraphInterpreter.DropoutMask
    var outcome = GraphInterpreter.Outcome()
    /// The values by `ValueID.index`, as far as they are computed.
    var values: [Reference.Maps?]
    /// The gradients of batch norms that the reader of dy computes, by `BatchNorm.index`.
    var gradients: [Int: Reference.Maps] = [:]
    /// The deferred affine terms of batch norms' gradients, by `BatchNorm.index`.
    var shifts: [Int: Reference.Maps] = [:]
    /// The moments by which the forward pass normalised, by `BatchNorm.index`.
    var moments: [Int: Reference.Moments] = [:]

    init(
        graph: Graph, images: [Double], labels: [Int], parameters: [[Double]],
        isKept: @escaping GraphInterpreter.DropoutMask
    ) {
        self.graph = graph
        self.labels = labels
        self.isKept = isKept
        self.values = Array(repeating: nil, count: graph.values.count)
        outcome.parameters = parameters
        outcome.gradients = Array(repeating: [], count: parameters.count)
        outcome.termSums = outcome.gradients
        let shape = graph.values[graph.input.index].shape
        var images = images
        if let transform = graph.inputTransform {
            for place in images.indices {
                let channel = place % shape.channels
                images[place] = images[place] * Double(transform.scales[channel]) + Double(transform.shifts[channel])
            }
        }
        values[graph.input.index] = Reference.Maps(samples: labels.count, shape: shape, values: images)
    }

    subscript(id: ValueID) -> Reference.Maps {
        guard let maps = values[id.index] else {
            preconditionFailure("\(graph.values[id.index].name) is read before it is computed")
        }
        return maps
    }

    subscript(id: ParameterID) -> [Double] { outcome.parameters[id.index] }

    /// Computes the node and adds its addend.
    mutating func execute(_ node: Node) {
        switch node.operation {
        // Each batch norm computes its own sums here, of all samples: the same numbers.
        case .moments, .gradientSums, .allReduce: return
        default: break
        }
        var inputs = node.inputs.map { self[$0] }
        if let norm = node.load { inputs[node.loadedInput] = loaded(norm, inputs[node.loadedInput]) }
        if let load = node.gradientLoad {
            guard let dx = gradients[load.norm.index] else { preconditionFailure("\(node.layer) has no gradient yet") }
            inputs[inputs.count - 1] = dx
        }
        let shape = node.output.map { graph.values[$0.index].shape }
        var result =
            node.operation.isBackward
            ? backward(node.operation, inputs, shape: shape) : forward(node.operation, inputs, shape: shape)
        guard let output = node.output else {
            if case .batchNormGradient(let norm) = node.operation { gradients[norm.index] = result }
            return
        }
        // The convolution computes the batch norm's gradient too; the batch norm's own node has nothing left to do.
        if case .scaledGradient(let norm, let x)? = node.sums {
            result = result.map { batchNormGradient(norm, self[x], $0) }
        }
        if let addend = node.addend { result = result.map { Reference.add($0, self[addend]) } }
        if let activation = node.activation {
            result = result.map { result in
                node.activated.map { Reference.activationGradient(activation, y: self[$0], result) }
                    ?? Reference.activation(activation, result)
            }
        }
        precondition(values[output.index] == nil, "\(node.layer) writes \(graph.values[output.index].name) again")
        precondition(result?.shape == shape, "\(node.layer) computes \(String(describing: result?.shape))")
        values[output.index] = result
    }

    /// Adds to a parameter's gradient so far.
    mutating func accumulate(_ gradient: [Double], to id: ParameterID) {
        outcome.gradients[id.index] = Self.sum(outcome.gradients[id.index], gradient)
    }

    /// Adds to a parameter's gradient so far, which is the sum of `terms` over pixels.
    mutating func accumulate(_ gradient: [Double], to id: ParameterID, terms: Reference.Maps) {
        accumulate(gradient, to: id)
        var sizes = [Double](repeating: 0, count: gradient.count)
        for (place, value) in terms.values.enumerated() { sizes[place % gradient.count] += abs(value) }
        outcome.termSums[id.index] = Self.sum(outcome.termSums[id.index], sizes)
    }

    private static func sum(_ known: [Double], _ more: [Double]) -> [Double] {
        known.isEmpty ? more : zip(known, more).map(+)
    }
}
