import Graphs
import Networks
import Tensors
import Testing

@Suite("Work")
struct WorkTests {
    /// Returns the operations and bytes of the node of a kind in a layer, for a batch of two.
    private func work(_ graph: Graph, _ layer: String, _ kind: String) throws -> [Int] {
        let matches = zip(graph.nodes, graph.kinds).filter { $0.layer == layer && $1.description == kind }
        let node = try #require(matches.first?.0, "\(layer) has no \(kind)")
        let work = graph.work(of: node, samples: 2)
        return [work.operations, work.bytes]
    }

    @Test("the work of a small network is the work computed by hand")
    func small() throws {
        let network = Network("small", inputChannels: 3, classes: 5) {
            $0.convolution("first", to: 3, kernel: 1).convolution("conv", to: 4, kernel: 3, padding: 1, bias: true)
                .batchNorm("norm").relu("relu").maxPool("pool", kernel: 2).flatten().linear("fc", to: 5)
        }
        let graph = try Graph(network: network, imageSize: 6, purpose: .training)
        // 36 pixels of 3 channels in, of 4 out; 108 weights and 4 biases.
        #expect(try work(graph, "conv", "convolution forward") == [2 * 2 * 108 * 36, 4 * (2 * 36 * (3 + 4) + 108 + 4)])
        #expect(
            try work(graph, "conv", "convolution data gradient") == [2 * 2 * 108 * 36, 4 * (2 * 36 * (3 + 4) + 108)])
        #expect(
            try work(graph, "conv", "convolution weight gradient")
                == [2 * 2 * 108 * 36, 4 * (2 * 36 * (3 + 4) + 108 + 4)])
        // x and y; weight, bias, running mean and variance read, the latter two written.
        #expect(try work(graph, "norm", "batch norm") == [2 * 5 * 144, 4 * (2 * 2 * 144 + 6 * 4)])
        // x, dy, dx; the weight read, gradients of weight and bias written.
        #expect(try work(graph, "norm", "batch norm gradient") == [2 * 8 * 144, 4 * (2 * 3 * 144 + 3 * 4)])
        #expect(try work(graph, "relu", "ReLU") == [2 * 144, 4 * 2 * 2 * 144])
        #expect(try work(graph, "relu", "ReLU gradient") == [2 * 144, 4 * 2 * 3 * 144])
        #expect(try work(graph, "pool", "max pooling") == [2 * 4 * 36, 4 * 2 * (144 + 36)])
        #expect(try work(graph, "pool", "max pooling gradient") == [2 * 5 * 36, 4 * 2 * 2 * (144 + 36)])
        #expect(try work(graph, "fc", "linear forward") == [2 * 2 * 36 * 5, 4 * (2 * (36 + 5) + 36 * 5 + 5)])
        #expect(try work(graph, "fc", "loss")[1] == 4 * 2 * 5)
        // 9 + 3 of the first, 108 + 4, 4 + 4, 180 + 5
        #expect(graph.optimizerWork == Work(operations: 6 * 317, bytes: 20 * 317))
    }

    @Test("a step takes as long as a pass over memory for each sixteen of its products, forward and twice backward")
    func stepPasses() throws {
        let network = Network("small", inputChannels: 3, classes: 5) {
            $0.convolution("conv", to: 4, kernel: 3, padding: 1).maxPool("pool", kernel: 2).flatten()
                .linear("fc", to: 5)
        }
        let graph = try Graph(network: network, imageSize: 6, purpose: .training)
        #expect(graph.stepPasses == 3 * Double(108 * 36 + 36 * 5) / 16)
    }

    @Test("an addend is one more tensor to read and one more operation an element, but none for a product")
    func addends() throws {
        let network = Network("addends", inputChannels: 1, classes: 4) {
            let x = $0.convolution("first", to: 2, kernel: 1)
            return x.convolution("conv", to: 2, kernel: 1).add(x.relu("relu").add(x)).flatten().linear("fc", to: 4)
        }
        let graph = try Graph(network: network, imageSize: 3, purpose: .training)
        let joined = graph.nodes.filter { $0.addend != nil }
        #expect(!joined.isEmpty)
        for node in joined {
            var alone = node
            alone.addend = nil
            let (with, without) = (graph.work(of: node, samples: 7), graph.work(of: alone, samples: 7))
            #expect(with.bytes - without.bytes == 4 * 7 * 18)
            let isProduct = graph.multiplyAdds(of: node) > 0
            #expect(with.operations - without.operations == (isProduct ? 0 : 7 * 18))
        }
    }

    @Test("a ReLU that is part of a node takes an operation an element, but none for a product")
    func activations() throws {
        let network = Network("activations", inputChannels: 1, classes: 4) {
            $0.convolution("first", to: 2, kernel: 1).relu("relu").averagePool("pool", kernel: 2)
                .convolution("conv", to: 3, kernel: 3).relu("relu2").flatten().linear("fc", to: 4)
        }
        let graph = try Graph(network: network, imageSize: 8, purpose: .training).applying(Set(GraphPass.allCases))
        let fused = graph.nodes.filter { $0.activation != nil }
        #expect(fused.contains { graph.multiplyAdds(of: $0) > 0 } && fused.contains { graph.multiplyAdds(of: $0) == 0 })
        for node in fused {
            var alone = node
            alone.activation = nil
            let elements = graph.multiplyAdds(of: node) > 0 ? 0 : node.output.map { graph[$0].shape.count } ?? 0
            let (with, without) = (graph.work(of: node, samples: 5), graph.work(of: alone, samples: 5))
            #expect(with.operations - without.operations == 5 * elements, "\(node.layer)")
        }
    }

    @Test(
        "products take six operations for each multiply-add of the summary, less those of data gradients not needed",
        arguments: Specimen.all.filter { $0.network.heads.count == 1 })
    func products(specimen: Specimen) throws {
        let graph = try Graph(network: specimen.network, imageSize: specimen.imageSize, purpose: .training)
        let summary = try Summary(network: specimen.network, imageSize: specimen.imageSize)
        var total = 0
        var unneeded = 0
        var differentiated: Set<ParameterID> = []
        for node in graph.nodes where graph.multiplyAdds(of: node) > 0 {
            total += graph.work(of: node, samples: 3).operations
            if case .convolutionDataGradient(let convolution) = node.operation {
                differentiated.insert(convolution.weight)
            }
        }
        for node in graph.nodes {
            guard case .convolution(let convolution) = node.operation, !differentiated.contains(convolution.weight)
            else { continue }
            // These are the nodes that read the images themselves.
            #expect(graph.gradients[node.inputs[0]] == nil, "\(node.layer)")
            unneeded += graph.work(of: node, samples: 3).operations
        }
        #expect(unneeded > 0)
        #expect(total + unneeded == 3 * 6 * summary.multiplyAdds)
    }

    @Test("work takes as long as the slower of arithmetic and memory")
    func roofline() {
        let work = Work(operations: 600, bytes: 100)
        #expect(work.leastSeconds(peak: 100, bandwidth: 50) == 6)
        #expect(work.leastSeconds(peak: 1000, bandwidth: 50) == 2)
        // Where the two meet, the intensity is peak / bandwidth.
        #expect(work.leastSeconds(peak: 300, bandwidth: 50) == 2)
        #expect(Work().leastSeconds(peak: 1, bandwidth: 1) == 0)
    }

    @Test("every node has a kind, whose pass is forward up to the losses", arguments: Specimen.all)
    func kinds(specimen: Specimen) throws {
        let graph = try Graph(network: specimen.network, imageSize: specimen.imageSize, purpose: .training)
        let evaluation = try Graph(network: specimen.network, imageSize: specimen.imageSize, purpose: .evaluation)
        #expect(evaluation.kinds.allSatisfy { $0.pass == .forward })
        for (node, kind) in zip(graph.nodes, graph.kinds) {
            switch node.operation {
            case .softmaxCrossEntropy: #expect(kind.pass == .forward)
            case .convolutionWeightGradient: #expect(kind.pass == .weightGradient)
            default:
                let isGradient = node.output.map { graph[$0].name.hasPrefix("d ") } ?? true
                #expect(kind.pass == (isGradient ? .dataGradient : .forward), "\(node.layer): \(kind)")
            }
        }
    }
}
