import Graphs
import Networks
import Tensors
import Testing

@Suite("Heads")
struct HeadTests {
    @Test(
        "a 1x1 convolution as the head has 10,250 parameters where a linear layer on 8 x 8 x 1024 has 655,360 weights")
    func parameters() throws {
        let graph = try graph("densenet121_cifar", imageSize: 64, options: ["head": "conv1x1"])
        let head = graph.parameters.filter { $0.name.hasPrefix("classifier.") }
        #expect(head.map(\.shape) == [[10, 1024, 1, 1], [10]])
        #expect(head.reduce(0) { $0 + $1.count } == 10_250)
        let map = try #require(graph.values.first { $0.name == "features.norm5" }?.shape)
        #expect(map == Shape(height: 8, width: 8, channels: 1024))
        #expect(graph[graph.logits].shape == Shape(features: 10))
        #expect(graph.values.contains { $0.name == "classifier" && $0.shape.pixels == 64 })

        let flat = Network("flat", inputChannels: 1024, classes: 10) { $0.flatten().linear("classifier", to: 10) }
        let linear = try Graph(network: flat, imageSize: 8, purpose: .evaluation)
        #expect(linear.parameters[0].count == 655_360)
    }

    @Test("with a 1x1 convolution as the head, scores are averages of those at each pixel")
    func averaged() throws {
        for model in Zoo.models where model.options.contains(.head) {
            let graph = try graph(model.name, classes: 7, options: ["head": "conv1x1"])
            let last = try #require(graph.nodes.last)
            guard case .adaptiveAveragePool = last.operation else {
                Issue.record("\(model.name) ends in \(last.operation)")
                continue
            }
            #expect(graph[graph.logits].shape == Shape(features: 7))
            _ = try Graph(
                network: model.network(options: model.options(from: ["head": "conv1x1"])),
                imageSize: model.defaultImageSize, purpose: .training)
        }
    }

    @Test("AlexNet and VGG then lose their linear layers, which have most of their parameters")
    func withoutLinearLayers() throws {
        let alexnet = try graph("alexnet", options: ["head": "conv1x1"]).parameters
        #expect(alexnet.suffix(2).map(\.name) == ["classifier.1.weight", "classifier.1.bias"])
        #expect(alexnet.reduce(0) { $0 + $1.count } == 2_469_696 + 257_000)
    }
}
