import Graphs
import Networks
import Tensors
import Testing

@Suite("Lowering")
struct LoweringTests {
    @Test("a linear layer behind a map is a convolution over the whole map with a flat weight")
    func flattening() throws {
        let network = Network("flat", inputChannels: 3, classes: 4) {
            $0.maxPool(kernel: 2).flatten().dropout(rate: 0.5).relu().linear("fc1", to: 6).linear("fc2", to: 4)
        }
        let graph = try Graph(network: network, imageSize: 11, purpose: .training)
        let convolutions = graph.nodes.compactMap { node -> (Convolution, ValueID)? in
            if case .convolution(let convolution) = node.operation { (convolution, node.inputs[0]) } else { nil }
        }
        try #require(convolutions.count == 2)
        let (first, map) = convolutions[0]
        #expect(graph[map].shape == Shape(height: 5, width: 5, channels: 3))
        #expect([first.kernelHeight, first.kernelWidth, first.stride, first.padding] == [5, 5, 1, 0])
        #expect(graph[first.weight].shape == [6, 75])
        #expect(graph[first.weight].role == .linearWeight)
        #expect(convolutions[1].0.kernelHeight == 1)
        #expect(graph[graph.logits].shape == Shape(features: 4))
        // Elementwise layers behind the flattening work on the map.
        for name in ["dropout", "relu"] {
            #expect(graph.values.first { $0.name == name }?.shape == graph[map].shape)
        }
        #expect(!graph.nodes.contains { $0.layer == "flatten" })
    }

    @Test("dropout stays where it acts and keeps its number where it does not")
    func dropout() throws {
        let network = Network("dropout", inputChannels: 1, classes: 2) {
            $0.convolution("conv", to: 2, kernel: 1).dropout("a", rate: 0).flatten()
                .dropout("b", rate: 0.5).linear("fc", to: 2)
        }
        let training = try Graph(network: network, imageSize: 2, purpose: .training)
        let dropouts = training.nodes.compactMap { node -> String? in
            switch node.operation {
            case .dropout(let rate, let index): "\(node.layer) \(rate) \(index)"
            case .dropoutGradient(let rate, let index): "d \(node.layer) \(rate) \(index)"
            default: nil
            }
        }
        #expect(dropouts == ["b 0.5 1", "d b 0.5 1"])
        let evaluation = try Graph(network: network, imageSize: 2, purpose: .evaluation)
        #expect(evaluation.nodes.map(\.layer) == ["conv", "fc"])
    }

    @Test("auxiliary heads train, are no part of an evaluation, and change no number of a norm or a tensor")
    func auxiliaryHeads() throws {
        let network = Network("heads", inputChannels: 1, classes: 2) { images in
            let trunk = images.convolution("trunk", to: 4, kernel: 1)
            trunk.batchNorm("auxnorm").flatten0().linear("aux", to: 2).auxiliaryHead(weight: 0.3)
            return trunk.batchNorm("norm").adaptiveAveragePool(to: 1).flatten().linear("fc", to: 2)
        }
        let training = try Graph(network: network, imageSize: 3, purpose: .training)
        let evaluation = try Graph(network: network, imageSize: 3, purpose: .evaluation)
        #expect(training.parameters == evaluation.parameters)
        #expect(evaluation.nodes.map(\.layer) == ["trunk", "norm", "avgpool", "fc"])
        #expect(evaluation[evaluation.logits].name == "fc" && training[training.logits].name == "fc")
        for graph in [training, evaluation] {
            for node in graph.nodes {
                guard case .batchNorm(let norm) = node.operation else { continue }
                #expect(norm.index == (node.layer == "auxnorm" ? 0 : 1))
            }
        }
        let weights = training.nodes.compactMap { node -> Float? in
            if case .softmaxCrossEntropy(let weight) = node.operation { weight } else { nil }
        }
        #expect(weights == [1, 0.3])
    }
}

extension Features {
    fileprivate func flatten0() -> Features { adaptiveAveragePool("auxpool", to: 1).flatten() }
}

@Suite("Summary")
struct SummaryTests {
    @Test("rows speak torchsummary's language")
    func rows() throws {
        let summary = try Summary(network: Zoo.model(named: "lenet").network(), imageSize: 28)
        let rows = summary.rows.map { "\($0.layer) \($0.type) \($0.output) \($0.parameters) \($0.multiplyAdds)" }
        #expect(
            rows == [
                "0 Conv2d 28x28x6 156 117600", "1 Sigmoid 28x28x6 0 0", "2 AvgPool2d 14x14x6 0 0",
                "3 Conv2d 10x10x16 2416 240000", "4 Sigmoid 10x10x16 0 0", "5 AvgPool2d 5x5x16 0 0",
                "6 Flatten 400 0 0", "7 Linear 120 48120 48000", "8 Sigmoid 120 0 0", "9 Linear 84 10164 10080",
                "10 Sigmoid 84 0 0", "11 Linear 10 850 840",
            ])
        #expect(summary.parameters == 61_706)
        #expect(summary.multiplyAdds == 416_520)
    }

    @Test("totals are the sums of the rows and agree with the graph", arguments: Zoo.models.map(\.name))
    func totals(model: String) throws {
        let description = try Zoo.model(named: model)
        let network = try description.network()
        let summary = try Summary(network: network, imageSize: description.defaultImageSize)
        let graph = try Graph(network: network, imageSize: description.defaultImageSize, purpose: .evaluation)
        #expect(summary.rows.count == network.layers.count(where: \.isModule))
        #expect(summary.parameters == summary.rows.reduce(0) { $0 + $1.parameters })
        #expect(summary.parameters == graph.parameters.filter(\.isTrainable).reduce(0) { $0 + $1.count })
        let isMain = { (row: Summary.Row) in !row.layer.hasPrefix("aux") }
        #expect(summary.multiplyAdds == summary.rows.filter(isMain).reduce(0) { $0 + $1.multiplyAdds })
        #expect(summary.multiplyAdds == graph.multiplyAdds)
    }

    @Test("AlexNet with 10 classes at 256 px has the 21 rows that torchsummary prints, and 57,044,810 parameters")
    func alexnet() throws {
        let summary = try Summary(network: Zoo.model(named: "alexnet").network(classes: 10), imageSize: 256)
        #expect(
            summary.rows.map { "\($0.type) \($0.output) \($0.parameters)" } == [
                "Conv2d 63x63x64 23296", "ReLU 63x63x64 0", "MaxPool2d 31x31x64 0", "Conv2d 31x31x192 307392",
                "ReLU 31x31x192 0", "MaxPool2d 15x15x192 0", "Conv2d 15x15x384 663936", "ReLU 15x15x384 0",
                "Conv2d 15x15x256 884992", "ReLU 15x15x256 0", "Conv2d 15x15x256 590080", "ReLU 15x15x256 0",
                "MaxPool2d 7x7x256 0", "AdaptiveAvgPool2d 6x6x256 0", "Dropout 9216 0", "Linear 4096 37752832",
                "ReLU 4096 0", "Dropout 4096 0", "Linear 4096 16781312", "ReLU 4096 0", "Linear 10 40970",
            ])
        #expect(summary.rows.count == 21)
        #expect(summary.parameters == 57_044_810)
    }

    @Test("what is a function in PyTorch has no row")
    func functions() throws {
        let rows = try Summary(network: Zoo.model(named: "mobilenet_v2").network(), imageSize: 224).rows
        #expect(Set(rows.map(\.type)) == ["Conv2d", "BatchNorm2d", "ReLU6", "Dropout", "Linear"])
        let googlenet = try Summary(network: Zoo.model(named: "googlenet_lrn").network(), imageSize: 224).rows
        #expect(
            Set(googlenet.map(\.type))
                == ["Conv2d", "MaxPool2d", "LocalResponseNorm", "AdaptiveAvgPool2d", "Dropout", "Linear"])
    }

    @Test("a norm is BatchNorm2d on maps, of one pixel too, and BatchNorm1d on vectors")
    func norms() throws {
        let network = Network("norms", inputChannels: 1, classes: 2) {
            $0.batchNorm("map").adaptiveAveragePool(to: 1).batchNorm("pixel").flatten().linear("fc1", to: 3)
                .batchNorm("vector").relu().batchNorm("later").linear("fc2", to: 2)
        }
        let rows = try Summary(network: network, imageSize: 4).rows.filter { $0.type.hasPrefix("BatchNorm") }
        #expect(rows.map(\.type) == ["BatchNorm2d", "BatchNorm2d", "BatchNorm1d", "BatchNorm1d"])
    }
}
