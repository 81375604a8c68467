import Testing

@testable import Networks

@Suite("Writing networks down")
struct FeaturesTests {
    @Test("a scope prefixes names, a sequence numbers layers without one, and both nest")
    func names() {
        let network = Network("names", inputChannels: 1, classes: 2) { images in
            images
                .convolution("stem", to: 4, kernel: 1)
                .sequence("features") { x in
                    x.convolution(to: 4, kernel: 1).relu()
                        .scope { $0.convolution("conv1", to: 4, kernel: 1).relu() }
                        .convolution("named", to: 4, kernel: 1)
                        .scope("inner") { $0.sequence("deep") { $0.batchNorm() } }
                        .maxPool(kernel: 1)
                }
                .adaptiveAveragePool(to: 1).flatten().linear("fc", to: 2)
        }
        #expect(
            network.layers.map(\.name) == [
                "input", "stem", "features.0", "features.1", "features.2.conv1", "features.2.relu", "features.named",
                "features.inner.deep.0", "features.3", "avgpool", "flatten", "fc",
            ])
    }

    @Test("the network's rules reach its layers, and a convolution without bias has none")
    func initialization() {
        let rules = Initialization(
            convolutionWeight: .kaimingNormal(.fanOut), convolutionBias: .constant(0.5), linearWeight: .xavierUniform,
            linearBias: .constant(0.25))
        let network = Network("rules", inputChannels: 1, classes: 2, initialization: rules) { images in
            images.convolution("a", to: 1, kernel: 1).convolution("b", to: 1, kernel: 1, bias: false)
                .flatten().linear("c", to: 2)
        }
        let convolution = Layer.Convolution(
            outputs: 1, kernel: 1, stride: 1, padding: 0, groups: 1, weight: .kaimingNormal(.fanOut),
            bias: .constant(0.5))
        var biasless = convolution
        biasless.bias = nil
        #expect(network.layers[1].operation == .convolution(convolution))
        #expect(network.layers[2].operation == .convolution(biasless))
        #expect(
            network.layers[4].operation
                == .linear(Layer.Linear(outputs: 2, weight: .xavierUniform, bias: .constant(0.25))))
    }

    @Test("channels follow convolutions and concatenations")
    func channels() {
        _ = Network("channels", inputChannels: 3, classes: 2) { images in
            #expect(images.channels == 3)
            let a = images.convolution("a", to: 5, kernel: 1)
            let b = images.convolution("b", to: 7, kernel: 1).relu().batchNorm()
            #expect(b.channels == 7)
            let c = a.concatenate(b, images)
            #expect(c.channels == 15)
            return c.adaptiveAveragePool(to: 1).flatten().linear(to: 2)
        }
    }

    @Test("an auxiliary head is listed after the main one, and what a head needs is found")
    func heads() {
        let network = Network("heads", inputChannels: 1, classes: 2) { images in
            let trunk = images.convolution("trunk", to: 4, kernel: 1)
            trunk.flatten().linear("aux", to: 2).auxiliaryHead(weight: 0.3)
            return trunk.adaptiveAveragePool(to: 1).flatten().linear("fc", to: 2)
        }
        #expect(network.heads == [Network.Head(layer: 6, weight: 1), Network.Head(layer: 3, weight: 0.3)])
        #expect(network.contributing(to: [6]) == [true, true, false, false, true, true, true])
        #expect(network.contributing(to: [3]) == [true, true, true, true, false, false, false])
    }

    @Test("a layer that nothing uses is refused")
    func unused() async {
        await #expect(processExitsWith: .failure) {
            _ = Network("unused", inputChannels: 1, classes: 2) { images in
                _ = images.convolution("lost", to: 4, kernel: 1)
                return images.flatten().linear("fc", to: 2)
            }
        }
    }

    @Test("two layers with parameters and one name are refused")
    func twice() async {
        await #expect(processExitsWith: .failure) {
            _ = Network("twice", inputChannels: 1, classes: 2) { images in
                images.convolution("a", to: 4, kernel: 1).convolution("a", to: 4, kernel: 1).flatten().linear(
                    "fc", to: 2)
            }
        }
    }
}
