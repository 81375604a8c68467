import Checkpoints
@testable import Exports
import Graphs
import Networks
import Tensors

/// A network with parameters like those of a trained one: nothing is 0 or 1.
struct Specimen: Sendable {
    let graph: Graph
    var tensors: [NamedTensor]

    init(_ network: Network, imageSize: Int) throws {
        let graph = try Graph(network: network, imageSize: imageSize, purpose: .evaluation)
        self.graph = graph
        tensors = graph.parameters.map { parameter in
            guard parameter.role != .batchesTracked else {
                return NamedTensor(name: parameter.name, shape: [], storage: .int64([7]))
            }
            return NamedTensor(
                name: parameter.name, shape: parameter.shape,
                storage: .float32(Self.numbers(parameter.name, parameter.count, role: parameter.role)))
        }
    }

    init(
        inputChannels: Int = 2, classes: Int = 3, imageSize: Int = 6, _ body: (Features) -> Features
    ) throws {
        try self.init(
            Network("specimen", inputChannels: inputChannels, classes: classes, body), imageSize: imageSize)
    }

    func export(foldsBatchNorm: Bool = false) throws -> ONNXExport {
        try ONNXExport(graph, name: "specimen", tensors: tensors, foldsBatchNorm: foldsBatchNorm)
    }

    /// Variances are in 0.5 ... 1.5, all else within 0.5 of 0, or of 1 for a norm's weight.
    static func numbers(_ name: String, _ count: Int, role: ParameterSpecification.Role? = nil) -> [Float] {
        let random = CounterRandom(seed: 1, stream: name)
        let centre: Float = role == .runningVariance || role == .normWeight ? 1 : 0
        return (0..<count).map { random.uniform(UInt64($0)) - 0.5 + centre }
    }
}

extension ONNXExport {
    /// The nodes in a line each: `Conv(input, conv.weight) -> conv`.
    var lines: [String] {
        model.graph.node.map { "\($0.opType)(\($0.input.joined(separator: ", "))) -> \($0.output.joined())" }
    }

    /// A node's attributes as text, by name.
    func attributes(of type: String) -> [String: String] {
        let attributes = model.graph.node.first { $0.opType == type }?.attribute ?? []
        return Dictionary(
            uniqueKeysWithValues: attributes.map { attribute in
                switch attribute.type {
                case .float: (attribute.name, "\(attribute.f)")
                case .int: (attribute.name, "\(attribute.i)")
                default: (attribute.name, "\(attribute.ints)")
                }
            })
    }

    var initializerNames: [String] { model.graph.initializer.map(\.name) }
}
