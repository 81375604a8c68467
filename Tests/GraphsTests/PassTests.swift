import Graphs
import Networks
import Tensors
import Testing

@Suite("Passes") struct PassTests {
    /// Layers and operations of a model's nodes, without what the operations are told.
    private func nodes(
        _ model: String, _ passes: Set<GraphPass>, _ purpose: Graph.Purpose = .training
    ) throws -> [Node] {
        let network = try Zoo.model(named: model).network(classes: 10, inputChannels: 3)
        return try Graph(network: network, imageSize: 64, purpose: purpose).applying(passes).nodes
    }

    private func count(_ nodes: [Node], _ name: String) -> Int {
        nodes.count { $0.operation.name == name }
    }

    @Test("ReLUs behind norms are part of them, forward and backward")
    func activations() throws {
        // Dense layers and transitions begin with a norm, 58 layers have two; the stem and the end have one.
        let norms = 2 * 58 + 3 + 2
        let plain = try nodes("densenet121", [])
        #expect(count(plain, "relu") == norms && count(plain, "reluGradient") == norms)
        let fused = try nodes("densenet121", [.normActivation])
        #expect(count(fused, "relu") == 0 && count(fused, "reluGradient") == 0)
        #expect(count(fused, "batchNorm") == norms && count(fused, "batchNormGradient") == norms)
        #expect(plain.count - fused.count == 2 * norms)
        #expect(count(try nodes("mobilenet_v2", [.normActivation]), "relu6Gradient") == 0)
        #expect(count(try nodes("densenet121", [.normActivation], .evaluation), "relu") == 0)
    }

    @Test("a residual block's addition is part of its last norm; its ReLU's gradient takes the norm's sums along")
    func residuals() throws {
        let blocks = 3 + 4 + 6 + 3
        let plain = try nodes("resnet50", [])
        #expect(count(plain, "add") == blocks)
        let added = try nodes("resnet50", [.normAddition])
        #expect(count(added, "add") == 0 && count(added, "relu") == count(plain, "relu"))
        let fused = try nodes("resnet50", [.normAddition, .normActivation])
        #expect(count(fused, "residualGradient") == blocks && count(fused, "reluGradient") == 0)
        // Without the first pass the second finds sums before these ReLUs, and no norms.
        #expect(count(try nodes("resnet50", [.normActivation]), "relu") == blocks)
        // Its blocks end without an activation.
        let mobile = try nodes("mobilenet_v2", [.normAddition, .normActivation])
        #expect(count(mobile, "add") == 0 && count(mobile, "residualGradient") == 0)
    }

    @Test("each channel of a dense block is summed once, where it has been written")
    func moments() throws {
        let graph = try Graph(
            network: Zoo.model(named: "densenet121").network(classes: 10, inputChannels: 3), imageSize: 64,
            purpose: .training
        ).applying([.sharedMoments])
        // Of a block: what it begins with, and what each of its layers adds. The others are of the second norm of each
        // layer, and of the stem's.
        #expect(count(graph.nodes, "moments") == 4 + 58 + 58 + 1)
        #expect(count(try nodes("densenet121", []), "moments") == 58 + 58 + 1 + 3 + 1)
        let shared = Set(
            graph.nodes.flatMap { node -> [ValueID] in
                if case .batchNorm(let norm) = node.operation { norm.parts } else { [] }
            })
        #expect(shared.count == 4 + 58)
        for (index, node) in graph.nodes.enumerated() {
            if case .moments = node.operation, shared.contains(node.inputs[0]) {
                #expect(graph.nodes[index - 1].output == node.inputs[0])
            }
            guard case .batchNorm(let norm) = node.operation, !norm.parts.isEmpty else { continue }
            let channels = norm.parts.reduce(0) { $0 + graph[$1].shape.channels }
            #expect(channels == graph[node.inputs[0]].shape.channels)
        }
        #expect(count(try nodes("densenet121", [.sharedMoments], .evaluation), "moments") == 0)
        // No value has two norms.
        #expect(count(try nodes("resnet50", [.sharedMoments]), "moments") == 53)
    }

    @Test("sums go along with the convolutions that write what is summed")
    func sums() throws {
        func summing(
            _ model: String, _ passes: Set<GraphPass>, _ purpose: Graph.Purpose = .training
        ) throws -> [Node] {
            try nodes(model, passes, purpose).filter { $0.sums != nil }
        }
        let all = Set(GraphPass.allCases)
        // Every norm of it is behind a convolution, and before one or the last pooling.
        let mobile = try summing("mobilenet_v2", all)
        #expect(count(mobile, "convolution") == 52)
        #expect(count(mobile, "convolutionDataGradient") == 51)
        #expect(try summing("mobilenet_v2", all.subtracting([.sumsOnStore])).isEmpty)
        #expect(try summing("mobilenet_v2", all, .evaluation).isEmpty)
        // What the last norm of a residual block passes on is written with its sums, but where no convolution comes
        // behind the block.
        let residual = try summing("resnet50", all)
        #expect(count(residual, "convolution") == 53)
        for case .gradient(let norm, _)? in residual.map(\.sums) { #expect(!norm.isResidual) }
        let blocks = residual.filter { if case .residualGradient? = $0.sums { true } else { false } }
        #expect(blocks.count == 15 && count(blocks, "convolutionDataGradient") == 15)
        #expect(Set(blocks.compactMap(\.addend)).count == 15)
    }

    @Test("a dense block's norms write their gradients with the convolutions behind them, and are shifted once a part")
    func shifts() throws {
        let all = Set(GraphPass.allCases)
        let dense = try nodes("densenet121", all)
        let writers = dense.filter { if case .scaledGradient? = $0.sums { true } else { false } }
        // Those of the layers and transitions; no convolution comes behind the last norm.
        #expect(writers.count == 58 + 3 && count(writers, "convolutionDataGradient") == 58 + 3)
        // A transition's comes first; it has nothing to be added to.
        #expect(writers.count { $0.addend != nil } == 58)
        // What a block begins with, and what each of its layers adds.
        #expect(count(dense, "normShift") == 4 + 58)
        for case .normShift(let parts) in dense.map(\.operation) { #expect(!parts.isEmpty) }
        let plain = try nodes("densenet121", all.subtracting([.normGradientOnStore]))
        #expect(count(plain, "normShift") == 4 + 58)
        #expect(plain.allSatisfy { if case .scaledGradient? = $0.sums { false } else { true } })
        // A norm behind a convolution alone is not split.
        #expect(count(try nodes("resnet50", all), "normShift") == 0)
    }

    @Test("gradients of norms on large maps are computed by the 1x1 convolutions that read them")
    func gradientLoads() throws {
        let network = try Zoo.model(named: "resnet50").network(classes: 10, inputChannels: 3)
        let graph = try Graph(network: network, imageSize: 224, purpose: .training)
        let folded = graph.applying(Set(GraphPass.allCases)).nodes
        let loads = folded.filter { $0.gradientLoad != nil }
        // Each has two readers, and is not there.
        let norms = Dictionary(grouping: loads) { $0.gradientLoad?.norm.index }
        #expect(norms.values.allSatisfy { count($0, "convolutionDataGradient") == 1 && $0.count == 2 })
        for node in folded {
            guard case .batchNormGradient(let norm) = node.operation else { continue }
            #expect((node.output == nil) == (norms[norm.index] != nil), "\(node.layer)")
        }
        // Every bn3, bn1 of the first two stages and where the other stages begin, and the shortcut that keeps its
        // map's size.
        #expect(norms.count == 16 + 3 + 4 + 2 + 1)
        // At 64 pixels all maps are small.
        #expect(try nodes("resnet50", Set(GraphPass.allCases)).allSatisfy { $0.gradientLoad == nil })
        // A bias has its own gradient to take of it, and a 3x3 convolution packs it otherwise.
        #expect(try nodes("vgg11_bn", Set(GraphPass.allCases)).allSatisfy { $0.gradientLoad == nil })
    }

    @Test("norms that only convolutions and maxima read are never stored")
    func loads() throws {
        let fused: Set<GraphPass> = [.normActivation, .normOnLoad]
        let dense = try nodes("densenet121", fused)
        for node in dense {
            guard case .batchNorm(let norm) = node.operation else { continue }
            // The last one is averaged.
            #expect((node.output == nil) == (node.layer != "features.norm5"))
            let readers = dense.filter { $0.load?.index == norm.index }
            #expect(readers.map(\.inputs[0]).allSatisfy { $0 == node.inputs[0] })
            #expect(readers.count == (node.output == nil ? 2 : 0))
        }
        #expect(try nodes("densenet121", fused, .evaluation).filter { $0.load != nil }.count == 1 + 2 * 58 + 3)
        // Without the activation in the norm there is something between norm and convolution.
        #expect(try nodes("densenet121", [.normOnLoad]).allSatisfy { $0.load == nil })
        // By convolutions or maxima, forward and back.
        #expect(try nodes("vgg11_bn", fused).count { $0.load != nil } == 2 * 8)
        #expect(try nodes("vgg11_bn", fused).allSatisfy { count([$0], "batchNorm") == 0 || $0.output == nil })
    }

    @Test("no pass about norms changes a model without them")
    func withoutNorms() throws {
        let plain = try nodes("vgg11", [])
        let passes: Set<GraphPass> = [
            .normAddition, .normActivation, .sharedMoments, .normOnLoad, .sumsOnStore, .normsTogether, .recomputation,
        ]
        #expect(try nodes("vgg11", passes).map(\.layer) == plain.map(\.layer))
    }

    @Test("activations behind convolutions and linear layers are part of them; their gradients, of what comes before")
    func activationsOfProducts() throws {
        let plain = try nodes("vgg11", [])
        #expect(count(plain, "relu") == 8 + 2 && count(plain, "reluGradient") == 8 + 2)
        let forward = try nodes("vgg11", [.convolutionActivation])
        #expect(count(forward, "relu") == 0 && count(forward, "reluGradient") == 8 + 2)
        #expect(forward.count { $0.activation == .relu && $0.activated == nil } == 8 + 2)
        // Five convolutions are pooled, three meet the next one; a dropout stands behind both of the linear layers.
        #expect(count(try nodes("vgg11", [.gradientActivation]), "reluGradient") == 5 + 2)
        #expect(count(try nodes("vgg11", [.poolingActivation]), "reluGradient") == 3 + 2)
        let both = try nodes("vgg11", [.gradientActivation, .poolingActivation])
        #expect(count(both, "reluGradient") == 2 && both.count { $0.activated != nil } == 8)
        #expect(plain.count - both.count == 8)
        let lenet = try nodes("lenet", Set(GraphPass.allCases))
        #expect(count(lenet, "sigmoid") == 0 && count(lenet, "sigmoidGradient") == 0)
        #expect(count(try nodes("lenet", Set(GraphPass.allCases), .evaluation), "sigmoid") == 0)
        // Norms stand between these.
        #expect(try nodes("resnet18", [.convolutionActivation]).allSatisfy { $0.activation == nil })
    }

    @Test("a loss leaves its gradient, of each head")
    func losses() throws {
        let fused = try nodes("googlenet", [.lossGradient])
        #expect(count(fused, "softmaxCrossEntropyGradient") == 0)
        #expect(
            fused.count { node in
                if case .softmaxCrossEntropy = node.operation { node.output != nil } else { false }
            } == 3)
    }

    @Test(
        "values of a rewritten graph are written once, before they are read",
        arguments: ["resnet50", "densenet121", "mobilenet_v2", "alexnet", "googlenet"])
    func order(model: String) throws {
        let network = try Zoo.model(named: model).network(classes: 10, inputChannels: 3)
        let graph = try Graph(network: network, imageSize: 64, purpose: .training).applying(Set(GraphPass.allCases))
        var written: Set<ValueID> = [graph.input]
        var channels: Set<ChannelValueID> = []
        for node in graph.nodes {
            for value in node.channelInputs {
                #expect(channels.contains(value), "\(node.layer) reads \(graph.channelValues[value.index].name)")
            }
            if let output = node.channelOutput {
                #expect(channels.insert(output).inserted, "\(graph.channelValues[output.index].name)")
            }
            for value in node.reads {
                #expect(written.contains(value), "\(node.layer) reads \(graph[value].name)")
            }
            if let output = node.output { #expect(written.insert(output).inserted, "\(graph[output].name)") }
        }
        #expect(graph.gradients.allSatisfy { written.contains($0) && written.contains($1) })
        #expect(channels.count == graph.channelValues.count)
    }

    @Test("batch norms and their gradients read all ranks' sums, which all-reduces make of this rank's, each once")
    func allReduces() throws {
        for model in ["resnet50", "densenet121", "googlenet"] {
            for passes in [[], Set(GraphPass.allCases)] {
                let nodes = try nodes(model, passes)
                let allReduces = nodes.filter { if case .allReduce = $0.operation { true } else { false } }
                let totals = Set(allReduces.compactMap(\.channelOutput))
                var finished: [Int: ChannelValueID] = [:]
                #expect(
                    totals.count == allReduces.count && Set(allReduces.map(\.channelInputs)).count == allReduces.count)
                for node in nodes {
                    if let load = node.gradientLoad {
                        #expect(node.channelInputs.contains { $0 == finished[load.norm.index] }, "\(node.layer)")
                    }
                    switch node.operation {
                    case .batchNorm(let norm):
                        let read = node.channelInputs.filter(totals.contains)
                        #expect(read.count == max(norm.parts.count, 1), "\(node.layer)")
                    case .batchNormGradient(let norm):
                        finished[norm.index] = node.channelOutput
                        #expect(node.channelInputs.count(where: totals.contains) == 1, "\(node.layer)")
                    case .normShift(let parts):
                        let read = Set(node.channelInputs)
                        #expect(parts.allSatisfy { finished[$0.norm].map(read.contains) ?? false }, "\(node.layer)")
                    default: #expect(!node.channelInputs.contains(where: totals.contains), "\(node.layer)")
                    }
                }
            }
        }
    }
}
