import Graphs
import Networks
import Tensors
import Testing

/// `name 64x3x7x7`, as fixtures write it.
private func line(_ parameter: ParameterSpecification) -> String {
    "\(parameter.name) \(parameter.shape.map(String.init).joined(separator: "x"))"
}

private func graph(
    _ model: String, imageSize: Int? = nil, classes: Int? = nil, _ purpose: Graph.Purpose = .evaluation
) throws -> Graph {
    let description = try Zoo.model(named: model)
    return try Graph(
        network: description.network(classes: classes), imageSize: imageSize ?? description.defaultImageSize,
        purpose: purpose)
}

@Suite("The zoo as graphs")
struct ZooGraphTests {
    @Test(
        "parameters are counted as published",
        arguments: [
            ("lenet", 10, 61_706), ("resnet18", 1000, 11_689_512), ("resnet18_cifar", 10, 11_173_962),
            ("densenet121", 1000, 7_978_856), ("densenet121_cifar", 10, 6_956_298),
        ])
    func counts(model: String, classes: Int, expected: Int) throws {
        let graph = try graph(model)
        #expect(graph[graph.logits].shape == Shape(features: classes))
        #expect(graph.parameters.filter(\.isTrainable).reduce(0) { $0 + $1.count } == expected)
        let summary = try Summary(network: Zoo.model(named: model).network(), imageSize: 64)
        if model != "lenet" { #expect(summary.parameters == expected) }
    }

    @Test(
        "tensors have torchvision's names and shapes, in its order",
        arguments: [("lenet", StateDict.lenet), ("resnet18", .resnet18), ("densenet121", .densenet121)])
    func names(model: String, expected: StateDict) throws {
        let parameters = try graph(model).parameters
        #expect(parameters.filter(\.isTrainable).map(line) == expected.parameters)
        let buffers = parameters.filter { $0.role == .runningMean || $0.role == .runningVariance }
        #expect(buffers.map(line) == expected.buffers)
    }

    @Test("a norm's five tensors stand together, as in a state_dict", arguments: ["resnet18", "densenet121"])
    func normOrder(model: String) throws {
        let parameters = try graph(model).parameters
        let norms = parameters.indices.filter { parameters[$0].role == .normWeight }
        #expect(!norms.isEmpty)
        for index in norms {
            let five = parameters[index..<min(index + 5, parameters.count)]
            #expect(five.map(\.role) == [.normWeight, .normBias, .runningMean, .runningVariance, .batchesTracked])
            let module = parameters[index].name.dropLast("weight".count)
            let leaves = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
            #expect(five.map(\.name) == leaves.map { module + $0 })
            #expect(five.last?.shape == [])
        }
        #expect(parameters.count(where: { $0.role == .batchesTracked }) == norms.count)
    }

    @Test(
        "stages have the papers' shapes",
        arguments: [
            ("lenet", "0", "28x28x6"), ("lenet", "3", "10x10x16"), ("lenet", "5", "5x5x16"), ("lenet", "7", "120"),
            ("resnet18", "conv1", "112x112x64"), ("resnet18", "maxpool", "56x56x64"),
            ("resnet18", "layer1.1.relu", "56x56x64"), ("resnet18", "layer2.1.relu", "28x28x128"),
            ("resnet18", "layer3.1.relu", "14x14x256"), ("resnet18", "layer4.1.relu", "7x7x512"),
            ("resnet18_cifar", "conv1", "32x32x64"), ("resnet18_cifar", "layer4.1.relu", "4x4x512"),
            ("densenet121", "features.pool0", "56x56x64"), ("densenet121", "features.transition1.conv", "56x56x128"),
            ("densenet121", "features.transition1.pool", "28x28x128"),
            ("densenet121", "features.transition2.pool", "14x14x256"),
            ("densenet121", "features.transition3.pool", "7x7x512"), ("densenet121", "features.norm5", "7x7x1024"),
            ("densenet121_cifar", "features.conv0", "32x32x64"), ("densenet121_cifar", "features.norm5", "4x4x1024"),
        ])
    func stages(model: String, layer: String, shape: String) throws {
        let value = try #require(try graph(model).values.last { $0.name == layer })
        #expect("\(value.shape)" == shape)
    }

    @Test(
        "multiply-adds are the published ones",
        arguments: [("resnet18", 1_814_073_344), ("densenet121", 2_834_161_664)])
    func multiplyAdds(model: String, expected: Int) throws {
        #expect(try graph(model).multiplyAdds == expected)
        let description = try Zoo.model(named: model)
        #expect(try Summary(network: description.network(), imageSize: 224).multiplyAdds == expected)
    }

    @Test("evaluation and training graphs agree on parameters and forward nodes", arguments: Zoo.models.map(\.name))
    func purposesAgree(model: String) throws {
        let evaluation = try graph(model)
        let training = try graph(model, .training)
        #expect(evaluation.parameters == training.parameters)
        #expect(evaluation.logits == training.logits)
        let forward = training.nodes.prefix(evaluation.nodes.count)
        #expect(forward.map(\.layer) == evaluation.nodes.map(\.layer))
        #expect(forward.map(\.output) == evaluation.nodes.map(\.output))
        #expect(evaluation.gradients.isEmpty)
    }

    @Test(
        "initial values are drawn as torchvision's",
        arguments: [
            // Xavier over fans 25 and 150; PyTorch's bias within 1 / sqrt(25).
            ("lenet", "0.weight", InitialValues.uniform(bound: Float(6.0 / 175).squareRoot())),
            ("lenet", "0.bias", .uniform(bound: 0.2)),
            ("lenet", "7.weight", .uniform(bound: Float(6.0 / 520).squareRoot())),
            ("lenet", "7.bias", .uniform(bound: 0.05)),
            ("resnet18", "conv1.weight", .normal(deviation: Float(2.0 / 3136).squareRoot())),
            ("resnet18", "bn1.weight", .constant(1)), ("resnet18", "bn1.bias", .constant(0)),
            ("resnet18", "bn1.running_mean", .constant(0)), ("resnet18", "bn1.running_var", .constant(1)),
            ("resnet18", "bn1.num_batches_tracked", .constant(0)),
            ("resnet18", "fc.weight", .uniform(bound: 1 / Float(512).squareRoot())),
            ("resnet18", "fc.bias", .uniform(bound: 1 / Float(512).squareRoot())),
            ("densenet121", "features.conv0.weight", .normal(deviation: Float(2.0 / 147).squareRoot())),
            ("densenet121", "classifier.weight", .uniform(bound: 1 / 32)),
            ("densenet121", "classifier.bias", .constant(0)),
        ])
    func initialValues(model: String, name: String, expected: InitialValues) throws {
        let parameter = try #require(try graph(model).parameters.first { $0.name == name })
        #expect(parameter.initialValues == expected)
        let values = Initializer(seed: 5).values(of: parameter)
        #expect(values == Initializer(seed: 5).values(expected, of: name, shape: parameter.shape))
        #expect(values.count == parameter.count)
    }
}
