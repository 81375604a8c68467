import Graphs
import Networks
import Tensors

/// One layer of the zoo, to be measured on its own.
struct Subject {
    /// As profiles group it: `convolution`, `max pooling`.
    let family: String
    /// `3x3/2`; empty for what has no window.
    let window: String
    let operation: Graphs.Operation
    let input: Shape
    let output: Shape
    /// Whether it reads the images, to which nobody wants a gradient.
    let readsImages: Bool
    /// Weights that the optimizer moves.
    let weights: Int
    /// That have such a layer.
    fileprivate(set) var models: [String]

    /// `convolution 3x3/2`
    var name: String { window.isEmpty ? family : "\(family) \(window)" }

    /// The layer in a network as small as can be: something ahead of it that has weights, so that a gradient is wanted
    /// of its input, and class scores behind it.
    var network: Network {
        let isLoss = family == "loss"
        return Network(
            name, inputChannels: readsImages ? input.channels : 1, classes: isLoss ? input.channels : 2
        ) { images in
            let x = readsImages ? images : images.convolution("ahead", to: input.channels, kernel: 1)
            if isLoss { return x.flatten().linear(Self.layer, to: input.channels) }
            return applied(to: x).adaptiveAveragePool("behind", to: 1).flatten().linear("scores", to: 2)
        }
    }

    private static let layer = "subject"
    private static let scaffold = ["ahead", "behind", "scores"]

    /// Whether a node of `network`'s graph is the layer's.
    func owns(_ node: Node, of kind: OperationKind) -> Bool {
        kind.family == family && !Self.scaffold.contains(node.layer)
    }

    private func applied(to x: Features) -> Features {
        switch operation {
        case .convolution where family == "linear": x.flatten().linear(Self.layer, to: output.channels)
        case .convolution(let convolution):
            x.convolution(
                Self.layer, to: output.channels, kernel: convolution.kernelHeight, stride: convolution.stride,
                padding: convolution.padding, groups: convolution.groups, bias: convolution.bias != nil)
        case .batchNorm: x.batchNorm(Self.layer)
        case .activation(.relu): x.relu(Self.layer)
        case .activation(.relu6): x.relu6(Self.layer)
        case .activation(.sigmoid): x.sigmoid(Self.layer)
        case .activation(.tanh): x.tanh(Self.layer)
        case .activation(.gelu): x.gelu(Self.layer)
        case .scale(let factor): x.scaled(by: factor)
        case .localResponseNormalization(let size, let alpha, let beta, let k):
            x.localResponseNormalization(Self.layer, size: size, alpha: alpha, beta: beta, k: k)
        case .maxPool(let pooling):
            x.maxPool(
                Self.layer, kernel: pooling.kernel, stride: pooling.stride, padding: pooling.padding,
                ceilMode: pooling.ceilMode)
        case .averagePool(let pooling):
            x.averagePool(
                Self.layer, kernel: pooling.kernel, stride: pooling.stride, padding: pooling.padding,
                ceilMode: pooling.ceilMode)
        case .adaptiveAveragePool: x.adaptiveAveragePool(Self.layer, to: output.height)
        case .dropout(let rate, _): x.dropout(Self.layer, rate: rate)
        case .add: x.add(x.tanh())
        default: preconditionFailure("\(family) is not measured on its own")
        }
    }
}

extension Subject {
    /// The subjects of `models`, at the sizes of images that they are made for: every convolution and linear layer of
    /// another shape, and of everything else the largest.
    static func all(of models: [String]) throws -> [Subject] {
        var products = Distinct()
        var others = Distinct()
        for model in models {
            let description = try Zoo.model(named: model)
            let graph = try Graph(
                network: description.network(), imageSize: description.defaultImageSize, purpose: .training)
            for (node, kind) in zip(graph.nodes, graph.kinds) where kind.pass == .forward {
                let subject = Subject(node, family: kind.family, of: graph, model: model)
                switch node.operation {
                case .convolution:
                    products.add(subject, as: "\(subject.name) \(subject.input) \(subject.output)")
                // Tensors are planned to stand in place already.
                case .concatenate: break
                default: others.add(subject, as: subject.name)
                }
            }
        }
        return products.subjects + others.subjects
    }

    private init(_ node: Node, family: String, of graph: Graph, model: String) {
        self.family = family
        window = graph.window(of: node)
        operation = node.operation
        input = graph[node.inputs[0]].shape
        output = node.output.map { graph[$0].shape } ?? input
        readsImages = node.inputs[0] == graph.input
        weights = if case .convolution(let convolution) = node.operation { graph[convolution.weight].count } else { 0 }
        models = [model]
    }

    /// Subjects that have something in common once, in the order in which they came: the largest of them.
    private struct Distinct {
        private(set) var subjects: [Subject] = []
        private var places: [String: Int] = [:]

        mutating func add(_ subject: Subject, as key: String) {
            guard let place = places[key] else {
                places[key] = subjects.count
                subjects.append(subject)
                return
            }
            let models = subjects[place].models
            if subject.input.count > subjects[place].input.count { subjects[place] = subject }
            subjects[place].models = models + subject.models.filter { !models.contains($0) }
        }
    }
}
