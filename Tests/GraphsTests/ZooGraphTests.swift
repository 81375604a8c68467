import Graphs
import Networks
import Tensors
import Testing

@Suite("The zoo as graphs")
struct ZooGraphTests {
    /// Layers, and the shapes of their outputs in the papers.
    private static let shapes: [(model: String, layer: String, shape: String)] = [
        ("lenet", "0", "28x28x6"), ("lenet", "3", "10x10x16"), ("lenet", "5", "5x5x16"), ("lenet", "7", "120"),
        ("lenet_bn", "7", "4x4x16"), ("alexnet", "features.12", "6x6x256"),
        ("alexnet_bn", "features.0", "55x55x96"),
        ("alexnet_bn", "features.3", "27x27x96"), ("alexnet_bn", "features.7", "11x11x256"),
        ("alexnet_bn", "features.15", "2x2x256"), ("vgg16", "features.30", "7x7x512"),
        ("vgg_small", "features.20", "7x7x128"), ("nin", "6", "26x26x96"), ("nin", "13", "12x12x256"),
        ("nin", "20", "5x5x384"), ("nin", "28", "1000"),
        ("googlenet", "inception3b.concatenate", "28x28x480"),
        ("googlenet", "inception4e.concatenate", "14x14x832"),
        ("googlenet", "inception5b.concatenate", "7x7x1024"),
        ("googlenet_lrn", "conv3.relu", "56x56x192"), ("googlenet_lrn", "inception5b.concatenate", "7x7x1024"),
        ("resnet18", "conv1", "112x112x64"), ("resnet18", "maxpool", "56x56x64"),
        ("resnet18", "layer1.1.relu", "56x56x64"), ("resnet18", "layer2.1.relu", "28x28x128"),
        ("resnet18", "layer3.1.relu", "14x14x256"), ("resnet18", "layer4.1.relu", "7x7x512"),
        ("plain34", "layer4.2.relu", "7x7x512"), ("resnet50", "layer4.2.relu", "7x7x2048"),
        ("wide_resnet50_2", "layer4.2.conv2", "7x7x1024"), ("resnext50_32x4d", "layer1.0.conv2", "56x56x128"),
        ("resnet18_cifar", "conv1", "32x32x64"), ("resnet18_cifar", "layer4.1.relu", "4x4x512"),
        ("resnet34_keras", "bn1", "16x16x64"), ("resnet50_keras", "layer1.2.relu", "16x16x256"),
        ("resnet50_keras", "layer4.2.relu", "2x2x2048"), ("resnet50_keras", "dense", "512"),
        ("plain34_keras", "layer4.2.bn2", "2x2x512"),
        ("densenet121", "features.pool0", "56x56x64"), ("densenet121", "features.transition1.conv", "56x56x128"),
        ("densenet121", "features.transition1.pool", "28x28x128"),
        ("densenet121", "features.transition2.pool", "14x14x256"),
        ("densenet121", "features.transition3.pool", "7x7x512"), ("densenet121", "features.norm5", "7x7x1024"),
        ("densenet121_cifar", "features.conv0", "32x32x64"), ("densenet121_cifar", "features.norm5", "4x4x1024"),
        ("densenet161", "features.norm5", "7x7x2208"), ("densenet_bc_100_12", "features.norm5", "8x8x342"),
        ("alexnet_d2l", "0", "54x54x96"), ("alexnet_d2l", "12", "5x5x256"), ("alexnet_d2l", "14", "4096"),
        ("googlenet_d2l", "0.2", "24x24x64"), ("googlenet_d2l", "1.4", "12x12x192"),
        ("googlenet_d2l", "2.2", "6x6x480"), ("googlenet_d2l", "3.5", "3x3x832"), ("googlenet_d2l", "4.2", "1024"),
        ("resnet18_d2l", "0.3", "24x24x64"), ("resnet18_d2l", "b2.1.relu", "24x24x64"),
        ("resnet18_d2l", "b5.1.relu", "3x3x512"), ("densenet_d2l", "0.3", "24x24x64"),
        ("densenet_d2l", "tran_blk1.3", "12x12x96"), ("densenet_d2l", "tran_blk3.3", "3x3x120"),
        ("densenet_d2l", "last.1", "3x3x248"),
        ("plain18_cifar", "conv1", "32x32x64"), ("plain34_cifar", "layer4.2.relu", "4x4x512"),
        ("airbench94", "whiten", "31x31x24"), ("airbench94", "layers.1.gelu", "15x15x64"),
        ("airbench94", "layers.3.conv2", "3x3x256"),
        ("mobilenet_v1", "features.13.5", "7x7x1024"), ("mobilenet_v2", "features.18.2", "7x7x1280"),
    ]

    @Test("stages have the papers' shapes", arguments: shapes)
    func stages(model: String, layer: String, shape: String) throws {
        let value = try #require(try graph(model).values.last { $0.name == layer })
        // A vector is a map of one pixel here.
        #expect("\(value.shape)" == shape || shape == "\(value.shape.channels)" && value.shape.pixels == 1)
    }

    @Test(
        "multiply-adds are the published ones, in hundredths of 10^9",
        arguments: [
            ("alexnet", 71), ("vgg11", 761), ("vgg13", 1131), ("vgg16", 1547), ("vgg19", 1963), ("googlenet", 150),
            ("resnet18", 181), ("resnet34", 366), ("resnet50", 409), ("resnet101", 780), ("resnet152", 1151),
            ("densenet121", 283), ("densenet161", 773), ("densenet169", 336), ("densenet201", 429),
            ("resnext50_32x4d", 423), ("wide_resnet50_2", 1140), ("mobilenet_v2", 30), ("mobilenet_v1", 57),
        ])
    func multiplyAdds(model: String, hundredths: Int) throws {
        let found = try graph(model, imageSize: 224).multiplyAdds
        #expect((found + 5_000_000) / 10_000_000 == hundredths, "\(found)")
        let description = try Zoo.model(named: model)
        #expect(try Summary(network: description.network(), imageSize: 224).multiplyAdds == found)
    }

    @Test(
        "multiply-adds are exactly those that were counted by hand",
        arguments: [
            ("resnet18", 1_814_073_344), ("densenet121", 2_834_161_664), ("mobilenet_v1", 568_740_352),
            ("mobilenet_v2", 300_774_272),
        ])
    func exactMultiplyAdds(model: String, expected: Int) throws {
        #expect(try graph(model).multiplyAdds == expected)
    }

    @Test("evaluation and training graphs agree on parameters and forward nodes", arguments: Zoo.models.map(\.name))
    func purposesAgree(model: String) throws {
        let evaluation = try graph(model, options: [:])
        let training = try graph(model, .training)
        #expect(evaluation.parameters == training.parameters)
        #expect(evaluation[evaluation.logits].name == training[training.logits].name)
        let isAside = { (layer: String) in layer.contains("dropout") || layer.hasPrefix("aux") }
        let dropouts = Set(
            training.nodes.compactMap { node in if case .dropout = node.operation { node.layer } else { nil } })
        let forward = training.nodes.map(\.layer).filter { !isAside($0) && !dropouts.contains($0) }
        let expected = evaluation.nodes.map(\.layer).filter { !isAside($0) }
        #expect(Array(forward.prefix(expected.count)) == expected)
        #expect(evaluation.gradients.isEmpty)
    }

    @Test("GoogLeNets train three heads and evaluate one", arguments: ["googlenet", "googlenet_lrn"])
    func heads(model: String) throws {
        let training = try graph(model, .training)
        let losses = training.nodes.compactMap { node -> String? in
            if case .softmaxCrossEntropy(let weight) = node.operation { "\(node.layer) \(weight)" } else { nil }
        }
        #expect(losses == ["fc 1.0", "aux1.fc2 0.3", "aux2.fc2 0.3"])
        let evaluation = try graph(model)
        #expect(!evaluation.nodes.contains { $0.layer.hasPrefix("aux") })
    }

    @Test("only GoogLeNet's norms have torchvision's larger epsilon, and the Keras forms Keras's numbers")
    func norms() throws {
        let expected: [(String, Float, Float)] = [
            ("googlenet", 1e-3, 0.1), ("resnet50", 1e-5, 0.1), ("vgg11_bn", 1e-5, 0.1), ("mobilenet_v2", 1e-5, 0.1),
            ("resnet34_keras", 1e-3, 0.01), ("alexnet_bn", 1e-3, 0.01), ("lenet_bn", 1e-5, 0.1),
        ]
        for (model, epsilon, momentum) in expected {
            for node in try graph(model).nodes {
                guard case .batchNorm(let norm) = node.operation else { continue }
                #expect(norm.epsilon == epsilon && norm.momentum == momentum, "\(model): \(node.layer)")
            }
        }
    }

    @Test("ResNeXt has 32 groups, MobileNets as many as channels, and nothing else has any")
    func groups() throws {
        for model in Zoo.models.map(\.name) {
            let graph = try graph(model)
            for node in graph.nodes {
                guard case .convolution(let convolution) = node.operation, convolution.groups > 1 else { continue }
                let channels = graph[node.inputs[0]].shape.channels
                #expect(model == "resnext50_32x4d" || model.hasPrefix("mobilenet"), "\(model): \(node.layer)")
                #expect(convolution.groups == (model == "resnext50_32x4d" ? 32 : channels), "\(model): \(node.layer)")
                #expect(graph[convolution.weight].shape[1] * convolution.groups == channels)
            }
        }
        #expect(
            try graph("resnext50_32x4d").parameters.contains {
                $0.name == "layer1.0.conv2.weight" && $0.shape == [128, 4, 3, 3]
            })
    }
}
