import Graphs
import Networks
import Tensors
import Testing

/// Small networks, each with a joint of its own, and one model of each kind of the zoo.
struct Specimen: Sendable, CustomTestStringConvertible {
    let network: Network
    let imageSize: Int
    var testDescription: String { network.name }

    static let all: [Specimen] =
        small
        + Zoo.models.filter { kinds.contains($0.name) }.compactMap { model in
            (try? model.network(classes: 10)).map { Specimen(network: $0, imageSize: model.defaultImageSize) }
        }

    private static let kinds = [
        "lenet_bn", "alexnet_bn", "vgg_small", "nin", "googlenet", "googlenet_lrn", "plain18", "resnet18",
        "resnext50_32x4d", "resnet34_keras", "densenet121_cifar", "mobilenet_v1", "mobilenet_v2",
        "alexnet_d2l", "googlenet_d2l", "resnet18_d2l", "densenet_d2l",
    ]

    static let small: [Specimen] = [
        make("chain") {
            $0.convolution("a", to: 4, kernel: 3).batchNorm("n").relu().maxPool(kernel: 2)
                .convolution("b", to: 4, kernel: 1).sigmoid().averagePool(kernel: 2).dropout(rate: 0.5)
        },
        // The sum is the last consumer: its pass-through comes first by itself.
        make("residual") {
            let x = $0.convolution("a", to: 4, kernel: 1)
            return x.convolution("b", to: 4, kernel: 1).relu().add(x)
        },
        // The sum is an earlier consumer than the convolution, whose gradient has to wait.
        make("early sum") {
            let x = $0.convolution("a", to: 4, kernel: 1)
            let sum = x.add(x.relu("r"))
            return sum.add(x.convolution("b", to: 4, kernel: 1))
        },
        // Two pass-throughs meet at x: an add joins them.
        make("two sums") {
            let x = $0.convolution("a", to: 4, kernel: 1)
            return x.add(x.relu("r")).add(x)
        },
        make("double") {
            let x = $0.convolution("a", to: 4, kernel: 1)
            return x.add(x)
        },
        // Four branches read x; no pass-through at all.
        make("inception") { images in
            let x = images.convolution("a", to: 4, kernel: 1)
            return x.convolution("b1", to: 3, kernel: 1).concatenate(
                x.convolution("b2", to: 5, kernel: 3, padding: 1),
                x.maxPool(kernel: 3, stride: 1, padding: 1).convolution("b3", to: 2, kernel: 1), x.relu())
        },
        make("dense") { images in
            (1...3).reduce(images.convolution("a", to: 4, kernel: 1)) { x, layer in
                x.concatenate(x.batchNorm("n\(layer)").relu().convolution("c\(layer)", to: 2, kernel: 3, padding: 1))
            }
        },
        make("concatenated twice") {
            let x = $0.convolution("a", to: 4, kernel: 1)
            return x.concatenate(x)
        },
        // The images themselves are pooled, joined and normalised.
        make("images as features") { images in
            images.maxPool(kernel: 3, stride: 1, padding: 1).concatenate(
                images, images.convolution("a", to: 2, kernel: 1)
            )
            .add(images.concatenate(images, images.batchNorm("n").convolution("b", to: 2, kernel: 1)))
        },
        make("auxiliary head") { images in
            let x = images.convolution("a", to: 4, kernel: 1)
            x.adaptiveAveragePool("auxpool", to: 1).flatten().linear("aux", to: 2).auxiliaryHead(weight: 0.3)
            return x.relu().add(x)
        },
        make("vocabulary") {
            $0.convolution("a", to: 6, kernel: 3, groups: 3).relu6().localResponseNormalization(size: 5)
                .convolution("b", to: 6, kernel: 3, groups: 6).tanh().scaled(by: 3).gelu()
        },
    ]

    private static func make(_ name: String, _ body: (Features) -> Features) -> Specimen {
        let network = Network(name, inputChannels: 3, classes: 2) { body($0).flatten().linear("fc", to: 2) }
        return Specimen(network: network, imageSize: 9)
    }

    func graph() throws -> Graph { try Graph(network: network, imageSize: imageSize, purpose: .training) }
}

/// Nodes by what they compute, without what they compute it with.
private enum Kind { case dataGradient, weightGradient, normGradient, lossGradient, slice, add, other }

extension Operation {
    fileprivate var kind: Kind {
        switch self {
        case .convolutionDataGradient: .dataGradient
        case .convolutionWeightGradient: .weightGradient
        case .batchNormGradient: .normGradient
        case .softmaxCrossEntropyGradient: .lossGradient
        case .slice: .slice
        case .add: .add
        default: .other
        }
    }

    /// The parameters whose gradients it produces.
    fileprivate var producedGradients: [ParameterID] {
        switch self {
        case .convolutionWeightGradient(let convolution): [convolution.weight] + (convolution.bias.map { [$0] } ?? [])
        case .batchNormGradient(let norm): [norm.weight, norm.bias]
        default: []
        }
    }
}

extension Operation {
    fileprivate var isLoss: Bool { if case .softmaxCrossEntropy = self { true } else { false } }

    fileprivate var isJoint: Bool {
        switch self {
        case .add, .concatenate: true
        default: false
        }
    }
}

extension [Node] {
    fileprivate var forward: ArraySlice<Node> { prefix { !$0.operation.isLoss } }
    /// The losses and what comes behind them.
    fileprivate var backward: ArraySlice<Node> { drop { !$0.operation.isLoss } }
}

@Suite("Differentiation")
struct DifferentiationTests {
    @Test("each trainable parameter has exactly one producer of its gradient", arguments: Specimen.all)
    func parameterGradients(specimen: Specimen) throws {
        let graph = try specimen.graph()
        var producers = [Int](repeating: 0, count: graph.parameters.count)
        for node in graph.nodes { for id in node.operation.producedGradients { producers[id.index] += 1 } }
        for (parameter, count) in zip(graph.parameters, producers) {
            #expect(count == (parameter.isTrainable ? 1 : 0), "\(parameter.name)")
        }
    }

    @Test("every gradient has the shape of its value, and so has every addend", arguments: Specimen.all)
    func shapes(specimen: Specimen) throws {
        let graph = try specimen.graph()
        for (value, gradient) in graph.gradients {
            #expect(graph[value].shape == graph[gradient].shape, "\(graph[value].name)")
        }
        for node in graph.nodes {
            guard let output = node.output, let addend = node.addend else { continue }
            #expect(graph[output].shape == graph[addend].shape, "\(node.layer)")
        }
    }

    @Test("the operands of gradients fit each other", arguments: Specimen.all)
    func operands(specimen: Specimen) throws {
        let graph = try specimen.graph()
        for node in graph.nodes {
            let shapes = node.inputs.map { graph[$0].shape }
            switch node.operation {
            case .activationGradient, .batchNormGradient:
                #expect(shapes[0] == shapes[1], "\(node.layer)")
            case .maxPoolGradient:
                #expect(shapes[1] == shapes[2], "\(node.layer)")
            case .localResponseNormalizationGradient:
                #expect(shapes[0] == shapes[1] && shapes[1] == shapes[2], "\(node.layer)")
            case .slice(let offset):
                let output = try #require(node.output)
                #expect(offset >= 0 && offset + graph[output].shape.channels <= shapes[0].channels, "\(node.layer)")
            case .add:
                #expect(shapes[0] == shapes[1], "\(node.layer)")
            default: break
            }
        }
    }

    @Test("a concatenation's gradient is cut where its inputs were joined", arguments: Specimen.all)
    func slices(specimen: Specimen) throws {
        let graph = try specimen.graph()
        for node in graph.nodes {
            guard case .concatenate = node.operation, let output = node.output else { continue }
            let dy = try #require(graph.gradients[output])
            var expected: [[Int]] = []
            var offset = 0
            for input in node.inputs {
                let channels = graph[input].shape.channels
                if graph.gradients[input] != nil { expected.append([offset, channels]) }
                offset += channels
            }
            let found = graph.nodes.backward.compactMap { node -> [Int]? in
                guard case .slice(let offset) = node.operation, node.inputs == [dy], let part = node.output else {
                    return nil
                }
                return [offset, graph[part].shape.channels]
            }
            // Where a sum hands its gradient on, two concatenations cut the same one.
            #expect(found.starts(with: expected) || found.suffix(expected.count).elementsEqual(expected))
        }
    }

    @Test("values are written once, before they are read", arguments: Specimen.all)
    func singleAssignment(specimen: Specimen) throws {
        let graph = try specimen.graph()
        var isWritten = [Bool](repeating: false, count: graph.values.count)
        isWritten[graph.input.index] = true
        for node in graph.nodes {
            for read in node.inputs + (node.addend.map { [$0] } ?? []) {
                #expect(isWritten[read.index], "\(node.layer) reads \(graph[read].name)")
            }
            guard let output = node.output else { continue }
            #expect(!isWritten[output.index], "\(graph[output].name) is written twice")
            isWritten[output.index] = true
        }
        #expect(!isWritten.contains(false))
    }

    @Test("every value that is made is read", arguments: Specimen.all)
    func nothingInVain(specimen: Specimen) throws {
        let graph = try specimen.graph()
        var isRead = [Bool](repeating: false, count: graph.values.count)
        for node in graph.nodes {
            for read in node.inputs + (node.addend.map { [$0] } ?? []) { isRead[read.index] = true }
        }
        for (index, value) in graph.values.enumerated() { #expect(isRead[index], "\(value.name)") }
    }

    @Test("the images and what depends on no parameter have no gradient, all else has", arguments: Specimen.all)
    func whoHasGradients(specimen: Specimen) throws {
        let graph = try specimen.graph()
        #expect(graph.gradients[graph.input] == nil)
        for index in graph.values.indices where !graph.values[index].name.hasPrefix("d ") {
            let value = graph.values[index]
            // Of all specimens only one pools or joins bare images.
            let isBare = specimen.network.name == "images as features" && value.name == "maxpool"
            let hasNone = index == graph.input.index || isBare
            #expect((graph.gradients[ValueID(index: index)] == nil) == hasNone, "\(value.name)")
        }
        for (_, gradient) in graph.gradients { #expect(graph[gradient].name.hasPrefix("d ")) }
    }

    @Test("a weight's gradient comes before the gradient of that layer's input", arguments: Specimen.all)
    func weightsFirst(specimen: Specimen) throws {
        let graph = try specimen.graph()
        var weightGradients: [String: Int] = [:]
        for (position, node) in graph.nodes.enumerated() {
            if node.operation.kind == .weightGradient { weightGradients[node.layer] = position }
            if node.operation.kind == .dataGradient {
                #expect(weightGradients[node.layer].map { $0 < position } == true, "\(node.layer)")
            }
        }
    }

    /// The chain rule in one dimension: were each layer to multiply by a number of its own, a value's gradient would be
    /// the sum of the products along all paths to a loss. Integers that wrap around make it exact.
    @Test("a gradient is the sum over all paths to a loss", arguments: Specimen.all)
    func chainRule(specimen: Specimen) throws {
        let graph = try specimen.graph()
        func factor(_ layer: String) -> UInt64 {
            layer.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        }

        var expected = [UInt64](repeating: 0, count: graph.values.count)
        for node in graph.nodes where node.operation.kind == .lossGradient {
            expected[node.inputs[0].index] &+= factor(node.layer)
        }
        for node in graph.nodes.forward.reversed() {
            guard let output = node.output else { continue }
            let slope = node.operation.isJoint ? 1 : factor(node.layer)
            for input in node.inputs { expected[input.index] &+= slope &* expected[output.index] }
        }

        var computed = [UInt64](repeating: 0, count: graph.values.count)
        // By gradient: what it lacks, and by norm, what that has deferred of it.
        var lacking = computed
        var deferred: [Int: UInt64] = [:]
        for node in graph.nodes.backward {
            guard let output = node.output, let last = node.inputs.last else { continue }
            let dy = computed[last.index]
            let addend = node.addend.map { computed[$0.index] } ?? 0
            lacking[output.index] = node.addend.map { lacking[$0.index] } ?? 0
            switch node.operation {
            case .batchNormGradient(let norm) where norm.defersShift:
                let scale = factor("scale of " + node.layer)
                let shift = (factor(node.layer) &- scale) &* dy
                deferred[norm.index] = shift
                lacking[output.index] &+= shift
                computed[output.index] = scale &* dy &+ addend
            case .normShift(let parts):
                let shifts = parts.reduce(UInt64(0)) { $0 &+ (deferred[$1.norm] ?? 0) }
                #expect(shifts == lacking[last.index], "\(graph[last].name)")
                computed[output.index] = dy &+ shifts
            case .slice:
                computed[output.index] = dy
                lacking[output.index] = lacking[last.index]
            case .add:
                computed[output.index] = node.inputs.reduce(0) { $0 &+ computed[$1.index] }
                lacking[output.index] = node.inputs.reduce(0) { $0 &+ lacking[$1.index] }
            case .softmaxCrossEntropyGradient: computed[output.index] = factor(node.layer) &+ addend
            default:
                #expect(lacking[last.index] == 0, "\(node.layer) reads what is not complete")
                computed[output.index] = factor(node.layer) &* dy &+ addend
            }
        }
        let concatenations = Set(
            graph.nodes.compactMap { node in
                if case .concatenate = node.operation { node.output } else { nil }
            })
        for (value, gradient) in graph.gradients {
            let whole = computed[gradient.index] &+ lacking[gradient.index]
            #expect(whole == expected[value.index], "\(graph[value].name)")
            // What a concatenation's gradient lacks, the gradients of its parts have.
            #expect(lacking[gradient.index] == 0 || concatenations.contains(value), "\(graph[value].name)")
        }
    }
}

@Suite("Sums of gradients")
struct GradientSumTests {
    private func backward(_ name: String) throws -> [String] {
        let specimen = try #require(Specimen.small.first { $0.network.name == name })
        let graph = try specimen.graph()
        return graph.nodes.backward.map { node in
            "\(node.layer): \(node.operation.name)" + (node.addend.map { " + \(graph[$0].name)" } ?? "")
        }
    }

    @Test("a residual's pass-through is the addend of the convolution it leads around")
    func residual() throws {
        #expect(
            try backward("residual") == [
                "fc: softmaxCrossEntropy", "fc: softmaxCrossEntropyGradient", "fc: convolutionWeightGradient",
                "fc: convolutionDataGradient", "relu: reluGradient", "b: convolutionWeightGradient",
                "b: convolutionDataGradient + d add", "a: convolutionWeightGradient",
            ])
    }

    @Test("a gradient waits for a pass-through that comes later")
    func earlySum() throws {
        #expect(
            try backward("early sum") == [
                "fc: softmaxCrossEntropy", "fc: softmaxCrossEntropyGradient", "fc: convolutionWeightGradient",
                "fc: convolutionDataGradient", "b: convolutionWeightGradient",
                "b: convolutionDataGradient + d add", "r: reluGradient + d a", "a: convolutionWeightGradient",
            ])
    }

    @Test("two pass-throughs are joined by an add, which a computed gradient then takes as its addend")
    func twoSums() throws {
        #expect(
            try backward("two sums") == [
                "fc: softmaxCrossEntropy", "fc: softmaxCrossEntropyGradient", "fc: convolutionWeightGradient",
                "fc: convolutionDataGradient", "add: add", "r: reluGradient + d a", "a: convolutionWeightGradient",
            ])
    }

    @Test("branches add to each other as they come")
    func inception() throws {
        let nodes = try backward("inception")
        #expect(nodes.filter { $0.contains("slice") }.count == 4)
        #expect(nodes.filter { $0.contains(" + d a") }.count == 3)
        #expect(!nodes.contains { $0.hasSuffix(": add") })
    }

    @Test("in a dense block the slice of what was handed on is the addend of the norm's gradient")
    func dense() throws {
        let nodes = try backward("dense")
        #expect(
            nodes.filter { $0.contains("batchNormGradient") } == [
                "n3: batchNormGradient + d concatenate", "n2: batchNormGradient + d concatenate",
                "n1: batchNormGradient + d a",
            ])
        #expect(!nodes.contains { $0.hasSuffix(": add") })
        // Each part is shifted once, before anybody reads its gradient; the last one's has none.
        #expect(nodes.filter { $0.contains("normShift") } == ["c2: normShift", "c1: normShift", "a: normShift"])
    }

    @Test("the zoo needs no add of gradients", arguments: Zoo.models.map(\.name))
    func zoo(model: String) throws {
        let graph = try graph(model, .training)
        #expect(!graph.nodes.backward.contains { $0.operation.kind == .add })
    }
}
