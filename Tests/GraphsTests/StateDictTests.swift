import Graphs
import Networks
import Testing

@Suite("State dicts")
struct StateDictTests {
    @Test("every model has a list, and every list a model")
    func complete() throws {
        #expect(try StateDict.models() == Set(Zoo.models.map(\.name)))
    }

    @Test("tensors have PyTorch's names and shapes, in its order", arguments: Zoo.models.map(\.name))
    func tensors(model: String) throws {
        let parameters = try graph(model).parameters
        let found = parameters.map { "\($0.name) \($0.shape.map(String.init).joined(separator: "x"))" }
        let expected = try StateDict(model: model).tensors
        #expect(found.count == expected.count)
        let first = zip(found, expected).first { $0 != $1 }
        #expect(first == nil, "\(first?.0 ?? "") is not \(first?.1 ?? "")")
    }

    @Test("a norm's five tensors stand together, as in a state_dict", arguments: ["resnet18", "lenet_bn"])
    func normOrder(model: String) throws {
        let parameters = try graph(model).parameters
        let norms = parameters.indices.filter { parameters[$0].role == .normWeight }
        #expect(!norms.isEmpty)
        for index in norms {
            let five = parameters[index..<min(index + 5, parameters.count)]
            #expect(five.map(\.role) == [.normWeight, .normBias, .runningMean, .runningVariance, .batchesTracked])
        }
        #expect(parameters.count(where: { $0.role == .batchesTracked }) == norms.count)
    }

    @Test(
        "parameters are counted as published",
        arguments: [
            ("lenet", 61_706), ("lenet_bn", 44_878), ("alexnet", 61_100_840), ("vgg11", 132_863_336),
            ("vgg11_bn", 132_868_840), ("vgg13", 133_047_848), ("vgg13_bn", 133_053_736), ("vgg16", 138_357_544),
            ("vgg16_bn", 138_365_992), ("vgg19", 143_667_240), ("vgg19_bn", 143_678_248), ("googlenet", 13_004_888),
            ("resnet18", 11_689_512), ("resnet34", 21_797_672), ("resnet50", 25_557_032), ("resnet101", 44_549_160),
            ("resnet152", 60_192_808), ("wide_resnet50_2", 68_883_240), ("resnext50_32x4d", 25_028_904),
            ("densenet121", 7_978_856), ("densenet161", 28_681_000), ("densenet169", 14_149_480),
            ("densenet201", 20_013_928), ("mobilenet_v2", 3_504_872), ("mobilenet_v1", 4_231_976),
            // The authors' 6,998,552 and two heads of 3,188,840 and 3,190,888.
            ("googlenet_lrn", 13_378_280),
            // The paper's table 2 says 0.8 M.
            ("densenet_bc_100_12", 769_162), ("resnet18_cifar", 11_173_962), ("resnet50_cifar", 23_520_842),
            ("densenet121_cifar", 6_956_298),
            // The book's, of one channel and ten classes.
            ("alexnet_d2l", 46_764_746), ("googlenet_d2l", 5_977_530), ("resnet18_d2l", 11_178_378),
            ("densenet_d2l", 758_226),
            // 24 * 12 + 24, three groups of nine taps and four norms' numbers, and the head.
            ("airbench94", 1_972_792),
            // The shortcuts of resnet18_cifar are three projections of 2 * 128 * (64 + 2 * 128 + 4 * 256) weights.
            ("plain18_cifar", 11_173_962 - 173_824),
        ])
    func counts(model: String, expected: Int) throws {
        let graph = try graph(model)
        #expect(graph.parameters.filter(\.isTrainable).reduce(0) { $0 + $1.count } == expected)
        let description = try Zoo.model(named: model)
        let summary = try Summary(network: description.network(), imageSize: description.defaultImageSize)
        #expect(summary.parameters == expected)
    }

    @Test("GoogLeNet without its auxiliary heads has what is published", arguments: [("googlenet", 6_624_904)])
    func mainHead(model: String, expected: Int) throws {
        let main = try graph(model).parameters.filter { $0.isTrainable && !$0.name.hasPrefix("aux") }
        #expect(main.reduce(0) { $0 + $1.count } == expected)
    }
}

/// The graph of a model of the zoo at the size it is made for.
func graph(
    _ model: String, imageSize: Int? = nil, classes: Int? = nil, options: [String: String] = [:],
    _ purpose: Graph.Purpose = .evaluation
) throws -> Graph {
    let description = try Zoo.model(named: model)
    let network = try description.network(classes: classes, options: description.options(from: options))
    return try Graph(network: network, imageSize: imageSize ?? description.defaultImageSize, purpose: purpose)
}
