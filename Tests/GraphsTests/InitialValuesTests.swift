import Graphs
import Networks
import Testing

@Suite("The zoo's initial values")
struct InitialValuesTests {
    /// Parameters, and the distributions that their references draw them from.
    private static let references: [(model: String, name: String, values: InitialValues)] = [
        // Xavier over fans 25 and 150; PyTorch's bias within 1 / sqrt(25).
        ("lenet", "0.weight", .uniform(bound: Float(6.0 / 175).squareRoot())),
        ("lenet", "0.bias", .uniform(bound: 0.2)),
        ("lenet", "7.weight", .uniform(bound: Float(6.0 / 520).squareRoot())),
        ("lenet", "7.bias", .uniform(bound: 0.05)),
        ("nin", "2.weight", .uniform(bound: Float(6.0 / 192).squareRoot())),
        ("alexnet", "features.3.weight", .uniform(bound: 0.025)),
        ("alexnet", "classifier.4.bias", .uniform(bound: 1.0 / 64)),
        ("alexnet_bn", "classifier.0.bias", .constant(0)),
        ("alexnet_bn", "classifier.3.weight", .uniform(bound: Float(6.0 / 8192).squareRoot())),
        ("vgg16_bn", "features.0.weight", .normal(deviation: Float(2.0 / 576).squareRoot())),
        ("vgg16_bn", "features.0.bias", .constant(0)), ("vgg16_bn", "features.1.weight", .constant(1)),
        ("vgg16", "classifier.0.weight", .normal(deviation: 0.01)), ("vgg16", "classifier.0.bias", .constant(0)),
        ("googlenet", "conv1.conv.weight", .normal(deviation: 0.01)),
        ("googlenet", "fc.weight", .normal(deviation: 0.01)), ("googlenet", "fc.bias", .uniform(bound: 1.0 / 32)),
        ("googlenet_lrn", "conv1.conv.weight", .uniform(bound: Float(3.0 / 147).squareRoot())),
        ("googlenet_lrn", "conv1.conv.bias", .constant(0.2)),
        ("resnet18", "conv1.weight", .normal(deviation: Float(2.0 / 3136).squareRoot())),
        ("resnet18", "bn1.weight", .constant(1)), ("resnet18", "bn1.bias", .constant(0)),
        ("resnet18", "bn1.running_mean", .constant(0)), ("resnet18", "bn1.running_var", .constant(1)),
        ("resnet18", "bn1.num_batches_tracked", .constant(0)),
        ("resnet18", "fc.weight", .uniform(bound: 1 / Float(512).squareRoot())),
        ("resnet18", "fc.bias", .uniform(bound: 1 / Float(512).squareRoot())),
        // PyTorch's fan out does not know groups: 128 outputs of 3x3.
        ("resnext50_32x4d", "layer1.0.conv2.weight", .normal(deviation: Float(2.0 / 1152).squareRoot())),
        ("densenet121", "features.conv0.weight", .normal(deviation: Float(2.0 / 147).squareRoot())),
        ("densenet121", "classifier.weight", .uniform(bound: 1 / 32)),
        ("densenet121", "classifier.bias", .constant(0)),
        ("mobilenet_v2", "features.0.0.weight", .normal(deviation: Float(2.0 / 288).squareRoot())),
        ("mobilenet_v2", "features.1.conv.0.0.weight", .normal(deviation: Float(2.0 / 288).squareRoot())),
        ("mobilenet_v2", "classifier.1.weight", .normal(deviation: 0.01)),
        ("mobilenet_v2", "classifier.1.bias", .constant(0)),
    ]

    @Test("initial values are drawn as the references'", arguments: references)
    func initialValues(model: String, name: String, expected: InitialValues) throws {
        let parameter = try #require(try graph(model).parameters.first { $0.name == name })
        #expect(parameter.initialValues == expected)
    }

    /// Models of d2l, and the names of some weights with their fans.
    private static let d2lWeights: [(model: String, name: String, fanIn: Int, fanOut: Int)] = [
        ("nin", "2.weight", 96, 96), ("vgg_small", "classifier.6.weight", 4096, 10),
        ("alexnet_d2l", "0.weight", 121, 96 * 121), ("alexnet_d2l", "20.weight", 4096, 10),
        ("googlenet_d2l", "2.0.b3_2.weight", 16 * 25, 32 * 25), ("googlenet_d2l", "5.weight", 1024, 10),
        ("resnet18_d2l", "b2.0.conv1.weight", 576, 576), ("resnet18_d2l", "b3.0.conv3.weight", 64, 128),
        ("densenet_d2l", "tran_blk1.2.weight", 192, 96), ("densenet_d2l", "last.4.weight", 248, 10),
    ]

    @Test(
        "d2l's networks begin as its init_cnn has it: weights by Xavier, biases as PyTorch's, norms at 1",
        arguments: d2lWeights)
    func d2l(model: String, name: String, fanIn: Int, fanOut: Int) throws {
        let parameters = try graph(model, classes: 10).parameters
        let weight = try #require(parameters.first { $0.name == name })
        #expect(weight.initialValues == .uniform(bound: (6 / Float(fanIn + fanOut)).squareRoot()))
        let bias = try #require(parameters.first { $0.name == name.replacing("weight", with: "bias") })
        #expect(bias.initialValues == .uniform(bound: 1 / Float(fanIn).squareRoot()))
        #expect(parameters.allSatisfy { $0.role != .normWeight || $0.initialValues == .constant(1) })
    }

    @Test("a parameter is drawn by its name, shape and distribution")
    func drawn() throws {
        let parameter = try #require(try graph("resnet18").parameters.first { $0.name == "layer1.0.conv1.weight" })
        let values = Initializer(seed: 5).values(of: parameter)
        #expect(
            values
                == Initializer(seed: 5).values(parameter.initialValues, of: parameter.name, shape: parameter.shape))
        #expect(values.count == parameter.count)
    }

    @Test("airbench94 begins as its paper has it, and leaves its whitening weights and the scales of its norms alone")
    func airbench() throws {
        let parameters = try graph("airbench94").parameters
        func initial(_ name: String) -> InitialValues? { parameters.first { $0.name == name }?.initialValues }
        #expect(initial("layers.1.conv1.weight") == .dirac(bound: 1 / Float(24 * 9).squareRoot()))
        #expect(initial("layers.3.conv2.weight") == .dirac(bound: 1.0 / 48))
        #expect(initial("whiten.bias") == .uniform(bound: 1 / Float(12).squareRoot()))
        // Of deviation 1.
        #expect(initial("head.weight") == .uniform(bound: Float(3).squareRoot()))
        let fixed = parameters.filter { $0.isTrainable && !$0.learns }.map(\.name)
        let norms = (1...3).flatMap { group in (1...2).map { "layers.\(group).norm\($0).weight" } }
        #expect(fixed == ["whiten.weight"] + norms)
    }

    @Test("the last norm of every residual branch, and no other, can begin at 0")
    func zeroInitLastNorm() throws {
        for (model, last) in [("resnet18", "bn2"), ("resnet50", "bn3")] {
            let parameters = try graph(model, options: ["zero_init_last_norm": "true"]).parameters
            for parameter in parameters where parameter.role == .normWeight {
                let isLast = parameter.name.hasPrefix("layer") && parameter.name.hasSuffix("\(last).weight")
                #expect(parameter.initialValues == .constant(isLast ? 0 : 1), "\(parameter.name)")
            }
        }
    }

    @Test("a scheme reaches every weight of convolutions and linear layers, and no bias and no norm")
    func schemes() throws {
        let model = try Zoo.model(named: "vgg11_bn")
        let reference = try Graph(network: model.network(), imageSize: 32, purpose: .evaluation).parameters
        let schemes: [(InitialScheme, InitialRule)] = [
            (.xavierUniform, .xavierUniform), (.xavierNormal, .xavierNormal), (.heNormal, .kaimingNormal(.fanIn)),
            (.heUniform, .kaimingUniform), (.lecunNormal, .lecunNormal), (.lecunUniform, .lecunUniform),
            (.torchDefault, .torchDefault), (.dirac, .dirac),
        ]
        #expect(schemes.count == InitialScheme.allCases.count - 1)
        for (scheme, rule) in schemes {
            let network = try model.network(scheme: scheme)
            let parameters = try Graph(network: network, imageSize: 32, purpose: .evaluation).parameters
            for (found, old) in zip(parameters, reference) {
                let expected = found.decays ? rule.values(weightShape: found.shape) : old.initialValues
                #expect(found.initialValues == expected, "\(scheme): \(found.name)")
            }
        }
    }
}
