import Testing

@testable import Networks

@Suite("Model options")
struct ModelOptionsTests {
    @Test("an option is read from text, and written as text that reads the same")
    func texts() throws {
        var options = ModelOptions()
        let texts: [(ModelOptions.Key, String)] = [
            (.growthRate, "12"), (.compression, "0.5"), (.blocks, "6,12,24,16"), (.dropout, "0.25"), (.stem, "cifar"),
            (.head, "conv1x1"), (.activation, "tanh"), (.inputChannels, "4"), (.zeroInitLastNorm, "true"),
            (.transformInput, "true"), (.logitScale, "0.25"),
        ]
        #expect(texts.count == ModelOptions.Key.allCases.count)
        for (key, text) in texts { try options.set(key, to: text, model: "test") }
        #expect(options.growthRate == 12 && options.compression == 0.5 && options.blocks == [6, 12, 24, 16])
        #expect(options.dropout == 0.25 && options.stem == .cifar && options.head == .conv1x1)
        #expect(options.activation == .tanh && options.inputChannels == 4 && options.zeroInitLastNorm == true)
        #expect(options.transformInput == true && options.logitScale == 0.25)
        #expect(options.texts == Dictionary(uniqueKeysWithValues: texts))
        #expect(ModelOptions().texts.isEmpty)
    }

    @Test("lists may have spaces behind commas, as YAML lists are written")
    func lists() throws {
        let model = try Zoo.model(named: "resnet18")
        #expect(try model.options(from: ["blocks": "1, 2, 3, 4"]).blocks == [1, 2, 3, 4])
    }

    @Test(
        "a value that an option does not take is refused",
        arguments: [
            ("growth_rate", ["", "0", "1025", "12.5", "k"]), ("compression", ["0", "1.5", "-0.5", "nan", "half"]),
            ("blocks", ["", "6,", "0,1", "257", "1,1,1,1,1,1,1,1,1", "6;12"]),
            ("dropout", ["1", "-0.1", "nan", "inf"]),
            ("stem", ["", "ImageNet", "mnist"]), ("head", ["1x1", "none"]), ("activation", ["silu"]),
            ("input_channels", ["0", "65537", "grey"]),
        ])
    func refusals(key: String, values: [String]) throws {
        let model = try Zoo.model(named: "densenet121")
        let allowed = try #require(ModelOptions.Key(rawValue: key)).allowed
        for value in values {
            let error = #expect(throws: NetworkError.self) { try model.options(from: [key: value]) }
            guard case .invalidOption("densenet121", key, value, _, allowed) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test("a misspelt key or word is answered with the nearest and with what is allowed")
    func spelling() throws {
        let model = try Zoo.model(named: "densenet121")
        let unknown = #expect(throws: NetworkError.self) { try model.options(from: ["growthrate": "12"]) }
        #expect(
            unknown.map { "\($0)" } == """
                densenet121 has no option 'growthrate'. Did you mean 'growth_rate'? Its options are growth_rate, \
                compression, blocks, dropout, stem, head, activation, input_channels.
                """)
        let invalid = #expect(throws: NetworkError.self) { try model.options(from: ["stem": "cifer"]) }
        #expect(
            invalid.map { "\($0)" } == """
                The option stem of densenet121 was 'cifer'. Did you mean 'cifar'? Give imagenet or cifar.
                """)
    }

    @Test("a model refuses options that it does not take, from text and typed")
    func strangers() throws {
        let lenet = try Zoo.model(named: "lenet")
        #expect(throws: NetworkError.self) { try lenet.options(from: ["growth_rate": "12"]) }
        var options = ModelOptions()
        options.stem = .cifar
        let error = NetworkError.unknownOption(
            model: "lenet", found: "stem", nearest: nil, known: ["activation", "input_channels"])
        #expect(throws: error) { try lenet.network(options: options) }
        options = ModelOptions()
        options.dropout = 1.5
        #expect(throws: NetworkError.self) { try Zoo.model(named: "alexnet").network(options: options) }
    }

    @Test(
        "every model can be built with each of its options, and the option changes it",
        arguments: Zoo.models.map(\.name))
    func options(name: String) throws {
        let model = try Zoo.model(named: name)
        #expect(Set(model.options).count == model.options.count)
        let reference = try model.network()
        let other: [ModelOptions.Key: [String]] = [
            .growthRate: ["7"], .compression: ["0.3"], .blocks: ["1,2,1"], .dropout: ["0.125"],
            .stem: ["imagenet", "cifar"], .head: ["conv1x1"], .activation: ["tanh"], .inputChannels: ["2"],
            .zeroInitLastNorm: ["true"], .transformInput: ["true"], .logitScale: ["0.5"],
        ]
        for key in model.options {
            let changes = try (other[key] ?? []).map { text in
                let network = try model.network(options: model.options(from: [key.rawValue: text]))
                return network.layers != reference.layers || network.inputTransform != reference.inputTransform
            }
            // One of the two stems is the model's own.
            // A whitening layer has two outputs for each number of a patch.
            let expected = key == .inputChannels && name != "airbench94" ? 0 : 1
            #expect(changes.count(where: { $0 }) == expected, "\(key)")
        }
    }

    @Test("transform_input is torchvision's affine map of each channel, of three channels only")
    func transformInput() throws {
        let model = try Zoo.model(named: "googlenet")
        let options = try model.options(from: ["transform_input": "true"])
        let transform = try model.network(options: options).inputTransform
        // x_ch0 = x[:, 0] * (0.229 / 0.5) + (0.485 - 0.5) / 0.5, and so on. (torchvision, models/googlenet.py.)
        #expect(transform?.scales == [0.458, 0.448, 0.45])
        #expect(transform?.shifts.map { ($0 * 1e6).rounded() } == [-30_000, -88_000, -188_000])
        #expect(try model.network().inputTransform == nil)
        #expect(
            try model.network(options: model.options(from: ["transform_input": "false"])).inputTransform == nil)
        #expect(throws: NetworkError.transformNeedsColour(model: "googlenet", found: 1)) {
            try model.network(inputChannels: 1, options: options)
        }
    }

    @Test("only the layers behind auxiliary heads are theirs")
    func auxiliaryLayers() throws {
        let layers = try Zoo.model(named: "googlenet").network().auxiliaryLayers
        let names = ["conv.conv", "conv.bn", "fc1", "fc2"]
        #expect(layers == Set(["aux1", "aux2"].flatMap { head in names.map { "\(head).\($0)" } }))
        #expect(try Zoo.model(named: "resnet18").network().auxiliaryLayers.isEmpty)
    }

    @Test("options reach the layers that they speak of")
    func effects() throws {
        let densenet = try Zoo.model(named: "densenet121")
        let built = try densenet.network(
            options: densenet.options(from: [
                "growth_rate": "12", "compression": "0.4", "blocks": "2,3", "dropout": "0.2",
            ])
        )
        let names = built.layers.map(\.name)
        #expect(names.contains("features.denseblock2.denselayer3.conv2"))
        #expect(!names.contains { $0.hasPrefix("features.denseblock3") || $0.hasPrefix("features.transition2") })
        for layer in built.layers {
            if case .dropout(let rate) = layer.operation { #expect(rate == 0.2) }
            guard case .convolution(let convolution) = layer.operation else { continue }
            // A stem of 2k = 24, two layers of k: 48, of which 40 % are 19.
            if layer.name == "features.transition1.conv" { #expect(convolution.outputs == 19) }
            if layer.name == "features.conv0" { #expect(convolution.outputs == 24) }
        }
        #expect(built.layers.count(where: { if case .dropout = $0.operation { true } else { false } }) == 5)
        let vgg = try Zoo.model(named: "vgg11")
        let short = try vgg.network(options: vgg.options(from: ["blocks": "1,1,1,1,1", "activation": "sigmoid"]))
        #expect(short.layers.count { if case .convolution = $0.operation { true } else { false } } == 5)
        #expect(!short.layers.contains { $0.operation == .relu })
    }

    @Test("the number of channels is the option's before it is the argument's")
    func channels() throws {
        let model = try Zoo.model(named: "resnet18")
        let network = try model.network(inputChannels: 3, options: model.options(from: ["input_channels": "5"]))
        #expect(network.inputChannels == 5)
    }
}

@Suite("Initial schemes")
struct InitialSchemeTests {
    @Test("schemes are known by the names that users know, and a misspelt one is answered with the nearest")
    func names() throws {
        for scheme in InitialScheme.allCases { #expect(try InitialScheme(named: scheme.rawValue) == scheme) }
        let known = InitialScheme.allCases.map(\.rawValue)
        #expect(throws: NetworkError.unknownScheme(found: "xavier_norm", nearest: "xavier_normal", known: known)) {
            try InitialScheme(named: "xavier_norm")
        }
    }

    @Test("rules draw with the variance that their papers give")
    func rules() {
        // fan in 144, fan out 576
        let shape = [64, 16, 3, 3]
        #expect(
            InitialRule.xavierNormal.values(weightShape: shape) == .normal(deviation: Float(2.0 / 720).squareRoot()))
        #expect(InitialRule.kaimingUniform.values(weightShape: shape) == .uniform(bound: Float(6.0 / 144).squareRoot()))
        #expect(InitialRule.lecunNormal.values(weightShape: shape) == .normal(deviation: 1 / 12))
        #expect(InitialRule.lecunUniform.values(weightShape: shape) == .uniform(bound: Float(3.0 / 144).squareRoot()))
        #expect(InitialRule.normal(deviation: 0.01).values(weightShape: shape) == .normal(deviation: 0.01))
    }
}
