import Checkpoints
import Collectives
import Engine
import Foundation
import Graphs
import Networks
import Recipes
import Runs
import Testing

@testable import Training

@Suite("Weights of a file")
struct WeightsFitTests {
    private static func parameters() throws -> [ParameterSpecification] {
        let network = try Zoo.model(named: "lenet_bn").network()
        return try Graph(network: network, imageSize: 28, purpose: .evaluation).parameters
    }

    private static func tensors() throws -> [NamedTensor] {
        try parameters().map { parameter in
            NamedTensor(
                name: parameter.name, shape: parameter.shape,
                storage: parameter.role == .batchesTracked
                    ? .int64([4]) : .float32([Float](repeating: 0.5, count: parameter.count)))
        }
    }

    @Test("weights of a file fit in any order, and may lack counts of batches")
    func fits() throws {
        let tensors = try Self.tensors()
        let fit = WeightsFit(tensors.reversed(), to: try Self.parameters())
        #expect(fit.misfits.isEmpty && fit.fitting.count == tensors.count)
        let without = WeightsFit(tensors.filter { $0.floats != nil }, to: try Self.parameters())
        #expect(without.misfits.isEmpty && without.fitting.count < tensors.count)
        try without.check(path: "w", model: "lenet_bn", skipsMismatched: false, isForced: false)
    }

    @Test(
        "counts of batches have any form that PyTorch takes, held to what a run can count on from",
        arguments: [
            ([], .int64([7]), 7, false), ([1], .int64([7]), 7, false), ([2], .int64([7, 9]), 7, false),
            ([], .float32([7]), 7, false), ([], .int64([.max]), 1 << 53, true), ([], .int64([-1]), 0, true),
            ([], .int64([.min]), 0, true), ([], .float32([.nan]), 0, true), ([], .float32([.infinity]), 1 << 53, true),
        ] as [([Int], NamedTensor.Storage, Int64, Bool)])
    func counts(shape: [Int], storage: NamedTensor.Storage, expected: Int64, isNoted: Bool) throws {
        let parameters = try Self.parameters()
        let place = try #require(parameters.firstIndex { $0.role == .batchesTracked })
        var tensors = try Self.tensors()
        tensors[place] = NamedTensor(name: parameters[place].name, shape: shape, storage: storage)
        let fit = WeightsFit(tensors, to: parameters)
        #expect(fit.misfits.isEmpty)
        #expect(
            fit.fitting[place]
                == NamedTensor(name: parameters[place].name, shape: [], storage: .int64([expected])))
        #expect(fit.notes.isEmpty != isNoted)
        tensors[place] = NamedTensor(name: parameters[place].name, shape: [0], storage: .int64([]))
        #expect(WeightsFit(tensors, to: parameters).misfits.count == 1)
    }

    @Test("weights are refused by name for shape, type, absence and excess, or skipped where they may be")
    func misfits() throws {
        let parameters = try Self.parameters()
        var tensors = try Self.tensors()
        let floats = parameters.indices.filter { parameters[$0].role != .batchesTracked }
        let (reshaped, retyped, missing) = (floats[0], floats[1], floats[2])
        let shape = parameters[reshaped].shape
        tensors[reshaped] = NamedTensor(name: parameters[reshaped].name, shape: [3], storage: .float32([1, 2, 3]))
        tensors[retyped] = NamedTensor(
            name: parameters[retyped].name, shape: parameters[retyped].shape,
            storage: .int64([Int64](repeating: 0, count: parameters[retyped].count)))
        tensors.remove(at: missing)
        tensors.append(NamedTensor(name: "other.weight", shape: [1, 2], storage: .float32([1, 2])))
        let fit = WeightsFit(tensors, to: parameters)
        let expected: [String: WeightsFit.Reason] = [
            parameters[reshaped].name: .otherShape(found: [3], expected: shape),
            parameters[retyped].name: .otherType(found: "int64", expected: "float32"),
            parameters[missing].name: .missing(expected: parameters[missing].shape),
            "other.weight": .extra(found: [1, 2]),
        ]
        #expect(Dictionary(uniqueKeysWithValues: fit.misfits.map { ($0.tensor, $0.reason) }) == expected)
        #expect(fit.fitting.count == parameters.count - 3)
        let error = #expect(throws: TrainingError.self) {
            try fit.check(path: "w", model: "lenet_bn", skipsMismatched: false, isForced: false)
        }
        for name in expected.keys { #expect(error?.description.contains(name) == true) }
        try fit.check(path: "w", model: "lenet_bn", skipsMismatched: true, isForced: false)
    }

    @Test("weights that give less than half of the parameters are refused unless that is meant")
    func few() throws {
        let parameters = try Self.parameters()
        let all = parameters.reduce(0) { $0 + ($1.isTrainable ? $1.count : 0) }
        let largest = try #require(parameters.max { $0.count < $1.count })
        try #require(2 * largest.count > all)
        let tensors = try Self.tensors()
        let most = WeightsFit(tensors.filter { $0.name == largest.name }, to: parameters)
        #expect(most.taken == largest.count && most.parameters == all)
        try most.check(path: "w", model: "lenet_bn", skipsMismatched: true, isForced: false)
        let little = WeightsFit(tensors.filter { $0.name != largest.name }, to: parameters)
        #expect {
            try little.check(path: "w", model: "lenet_bn", skipsMismatched: true, isForced: false)
        } throws: {
            "\($0)".contains("--init-force") && "\($0)".contains(largest.name)
        }
        try little.check(path: "w", model: "lenet_bn", skipsMismatched: true, isForced: true)
    }

    @Test("weights with names of their own are refused with the nearest names of both sides, in five lines")
    func names() throws {
        let tensors = try Self.tensors().map { tensor in
            NamedTensor(name: "net_" + tensor.name, shape: tensor.shape, storage: tensor.storage)
        }
        let fit = WeightsFit(tensors, to: try Self.parameters())
        let error = #expect(throws: TrainingError.self) {
            try fit.check(path: "w", model: "lenet_bn", skipsMismatched: false, isForced: false)
        }
        let words = try #require(error).description
        #expect(words.contains("0.weight (6x1x5x5) is missing") && words.contains("net_0.weight (6x1x5x5) is not in"))
        #expect(words.contains("nearest: 0.weight could be net_0.weight"))
        #expect(words.split(separator: "\n").count <= 5)
    }

    @Test("weights of which not one fits are refused, even if misfits may be skipped")
    func foreign() throws {
        let fit = WeightsFit(
            [NamedTensor(name: "a", shape: [1], storage: .float32([1]))], to: try Self.parameters())
        #expect {
            try fit.check(path: "w", model: "lenet_bn", skipsMismatched: true, isForced: false)
        } throws: {
            "\($0)".contains("not one tensor of w fits lenet_bn")
        }
    }

    @Test("weights become a checkpoint of the very network, with as many classes as their head has")
    func imported() throws {
        let folder = try TemporaryFolder()
        let choice = ModelChoice("lenet", options: ["activation": "tanh"])
        let graph = try Graph(network: choice.network(classes: 7), imageSize: 28, purpose: .evaluation)
        let path = folder.path + "/w.safetensors"
        let tensors = graph.parameters.map {
            NamedTensor(
                name: $0.name, shape: $0.shape, storage: .float32((0..<$0.count).map { Float($0) * 0.25 }))
        }
        try Checkpoint(tensors: tensors.reversed(), optimizer: [], metadata: [:]).write(to: path)
        let result = try WeightsImport(
            contentsOf: path, model: choice, classes: nil, imageSize: nil, skipsMismatched: false)
        #expect(result.checkpoint.tensors == tensors)
        let about = try result.checkpoint.about(path: path)
        #expect(about.classes == 7 && about.imageSize == 28 && about.modelOptions == ["activation": "tanh"])
        #expect(try about.network().layers.map(\.operation) == choice.network(classes: 7).layers.map(\.operation))
        #expect(
            try about.network().layers.map(\.operation)
                != ModelChoice("lenet").network(classes: 7).layers.map(\.operation))
    }
}

@Suite("Names of weights")
struct WeightNamesTests {
    private let wanted = ["0.weight", "0.bias", "4.weight", "4.bias", "features.a.weight"]

    private func names(_ found: [String]) -> [String] {
        let names = WeightNames(found, for: wanted)
        return found.map { names[$0] }
    }

    @Test(
        "names of weights lose what a wrapper has set before them",
        arguments: ["module.", "_orig_mod.", "module._orig_mod.", "model.backbone.", "timm.", "x."])
    func prefixes(prefix: String) {
        let found = wanted.map { prefix + $0 }
        let names = WeightNames(found, for: wanted)
        #expect(names.prefix == prefix && found.map { names[$0] } == wanted)
        #expect(names.notes.count == 1 && names.notes[0].contains(prefix))
    }

    @Test("names of weights lose a prefix that most have, unless another tensor is called so")
    func most() {
        // What torch.optim.swa_utils.AveragedModel saves.
        #expect(names(["n_averaged"] + wanted.map { "module." + $0 }) == ["n_averaged"] + wanted)
        #expect(
            names(["module.0.weight", "module.0.bias", "module.4.bias", "0.bias"])
                == ["0.weight", "module.0.bias", "4.bias", "0.bias"])
    }

    @Test("names of weights stay where two networks are in the file, or where few are alike")
    func unclear() {
        let two = ["student.", "teacher."].flatMap { prefix in wanted.map { prefix + $0 } }
        #expect(names(two) == two)
        let other = (0..<9).map { "x.y.\($0 + 10).weight" } + ["x.y.0.weight"]
        #expect(names(other) == other)
        #expect(names(wanted) == wanted && WeightNames(wanted, for: wanted).notes.isEmpty)
    }

    @Test("names of torchvision's published DenseNets become today's, behind a prefix too")
    func densenet() throws {
        let network = try Zoo.model(named: "densenet121").network()
        let wanted = try Graph(network: network, imageSize: 224, purpose: .evaluation).parameters.map(\.name)
        let published = wanted.map { $0.replacing(/(denselayer[0-9]+\.(?:norm|conv))([12])\./) { "\($0.1).\($0.2)." } }
        #expect(published.contains("features.denseblock1.denselayer1.norm.1.weight"))
        #expect(published.contains("features.denseblock4.denselayer16.conv.2.weight"))
        for prefix in ["", "module."] {
            let found = published.map { prefix + $0 }
            let names = WeightNames(found, for: wanted)
            #expect(found.map { names[$0] } == wanted)
            #expect(names.renamed == zip(published, wanted).count { $0 != $1 })
        }
    }

    @Test("names of weights are compared by their bytes")
    func bytes() {
        let names = WeightNames(["m.e\u{301}"], for: ["\u{E9}"])
        #expect(names.prefix.isEmpty)
        let parameter = ParameterSpecification(name: "\u{E9}", shape: [1], role: .bias)
        let fit = WeightsFit(
            [NamedTensor(name: "e\u{301}", shape: [1], storage: .float32([1]))], to: [parameter])
        #expect(fit.fitting.isEmpty && fit.misfits.count == 2)
    }
}

@Suite("Weights of GoogLeNet as torchvision gives them")
struct PublishedGoogLeNetTests {
    private let folder: TemporaryFolder
    private let parameters: [ParameterSpecification]
    private let path: String
    private static let side = 32

    /// A file of five classes without auxiliary heads.
    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/g.safetensors"
        let network = try Zoo.model(named: "googlenet").network(classes: 5)
        parameters = try Graph(network: network, imageSize: Self.side, purpose: .evaluation).parameters
        // Means of what the layers read, so that numbers neither grow nor fade; the first and last layers have weights
        // of their own.
        let initializer = Initializer(seed: 3)
        let drawn: Set = ["conv1.conv.weight", "fc.weight", "fc.bias"]
        let tensors = parameters.filter { !$0.name.hasPrefix("aux") && $0.role != .batchesTracked }.map { parameter in
            let fanIn = parameter.shape.dropFirst().reduce(1, *)
            let value: Float = [.normBias, .runningMean].contains(parameter.role) ? 0 : 1 / Float(fanIn)
            return NamedTensor(
                name: parameter.name, shape: parameter.shape,
                storage: .float32(
                    drawn.contains(parameter.name)
                        ? initializer.values(of: parameter) : [Float](repeating: value, count: parameter.count)))
        }
        try Checkpoint(tensors: tensors, optimizer: [], metadata: [:]).exportWeights(to: path)
    }

    private func logits(_ pixels: [Float], _ options: [String: String]) throws -> (logits: [Float], notes: [String]) {
        let input = folder.path + "/x.safetensors"
        let tensor = NamedTensor(name: "input", shape: [1, 3, Self.side, Self.side], storage: .float32(pixels))
        try Checkpoint(tensors: [tensor], optimizer: [], metadata: [:]).exportWeights(to: input)
        let predictor = try Predictor(
            NetworkFile(contentsOf: path, model: "googlenet", options: options), imageSize: Self.side, threads: 1,
            instructionSet: .auto)
        return (try predictor.predictions(of: InputTensor(contentsOf: input))[0].logits, predictor.notes)
    }

    @Test("torchvision's GoogLeNet predicts without auxiliary heads, and with transform_input as by hand")
    func predict() throws {
        let plane = Self.side * Self.side
        let pixels = (0..<3 * plane).map { Float($0 % 251) / 50 - 2 }
        // x[:, c] * (deviation / 0.5) + (mean - 0.5) / 0.5
        let moments: [(scale: Float, shift: Float)] = [
            (0.229 / 0.5, Float((0.485 - 0.5) / 0.5)), (0.224 / 0.5, Float((0.456 - 0.5) / 0.5)),
            (0.225 / 0.5, Float((0.406 - 0.5) / 0.5)),
        ]
        let byHand = pixels.enumerated().map { $1 * moments[$0 / plane].scale + moments[$0 / plane].shift }
        let plain = try logits(pixels, [:])
        let transformed = try logits(pixels, ["transform_input": "true"])
        #expect(transformed.logits.map(\.bitPattern) == (try logits(byHand, [:])).logits.map(\.bitPattern))
        #expect(transformed.logits != plain.logits && transformed.logits.count == 5)
        #expect(plain.notes.count == 2 && plain.notes[1].contains("transform_input=true"))
        #expect(transformed.notes.count == 1 && transformed.notes[0].contains("no auxiliary heads"))
    }

    @Test("torchvision's GoogLeNet is imported with drawn heads and its option; a head in part is refused")
    func imported() throws {
        let choice = ModelChoice("googlenet", options: ["transform_input": "true"])
        let result = try WeightsImport(
            contentsOf: path, model: choice, classes: nil, imageSize: Self.side, skipsMismatched: false)
        #expect(result.misfits.isEmpty && result.notes.count == 1 && result.notes[0].contains("drawn"))
        #expect(result.checkpoint.tensors.map(\.name) == parameters.map(\.name))
        let aux = try #require(result.checkpoint.tensors.first { $0.name == "aux1.fc2.weight" })
        #expect(aux.shape == [5, 1024] && aux.floats?.contains { $0 != 0 } == true)
        let saved = folder.path + "/g.zst"
        try result.checkpoint.write(to: saved)
        let file = try NetworkFile(contentsOf: saved, model: nil)
        #expect(file.options == ["transform_input": "true"] && file.trainingData == nil && file.classes == 5)
        #expect(try file.network().inputTransform != nil)

        let whole = try Checkpoint(contentsOf: saved).tensors
        let half = whole.filter { !$0.name.hasPrefix("aux2") }
        let fit = WeightsFit(half, to: parameters, auxiliary: try file.network().auxiliaryLayers)
        #expect(!fit.misfits.isEmpty && fit.absent.isEmpty)
    }
}

@Suite("An engine")
struct EngineStateTests {
    private let engine: Engine

    init() throws {
        let network = try Zoo.model(named: "lenet_bn").network()
        engine = try Engine(
            training: Graph(network: network, imageSize: 28, purpose: .training),
            evaluation: Graph(network: network, imageSize: 28, purpose: .evaluation),
            configuration: EngineConfiguration(
                backend: .openblas, threads: 2, shards: 1, shardCapacity: 1, evaluationCapacity: 1, seed: 0))
    }

    /// One thing wrong with the tensors of a checkpoint, and what the error says of it. `0.weight` is 6x1x5x5.
    struct Fault: CustomTestStringConvertible, Sendable {
        let words: String
        let name: String
        let shape: [Int]
        let storage: NamedTensor.Storage
        var testDescription: String { words }

        init(
            _ words: String, name: String = "0.weight", shape: [Int] = [6, 1, 5, 5],
            storage: NamedTensor.Storage = .float32([Float](repeating: 1, count: 150))
        ) {
            self.words = words
            self.name = name
            self.shape = shape
            self.storage = storage
        }

        func tensor(prefix: String) -> NamedTensor {
            NamedTensor(name: prefix + name, shape: shape, storage: storage)
        }
    }

    static let faults = [
        Fault("0.weight (6x1x5x5) is missing", name: "0.wieght"),
        Fault("0.wieght (6x1x5x5) is not in the network", name: "0.wieght"),
        Fault("0.weight is 1x6x5x5, expected 6x1x5x5", shape: [1, 6, 5, 5]),
        Fault("0.weight is 150, expected 6x1x5x5", shape: [150]),
        Fault("0.weight is int64, expected float32", storage: .int64([Int64](repeating: 1, count: 150))),
    ]

    @Test(
        "an engine takes no checkpoint with a tensor missing, too many, or of another shape or type",
        arguments: faults)
    func unfit(fault: Fault) throws {
        var tensors = engine.tensors
        let index = try #require(tensors.firstIndex { $0.name == "0.weight" })
        tensors[index] = fault.tensor(prefix: "")
        let error = #expect(throws: TrainingError.self) { try engine.load(tensors, from: "w") }
        #expect(error?.description.contains(fault.words) == true)

        var optimizer = engine.optimizerTensors
        let own = try #require(optimizer.firstIndex { $0.name == "training.optimizer.momentum.0.weight" })
        optimizer[own] = fault.tensor(prefix: "training.optimizer.momentum.")
        let other = #expect(throws: TrainingError.self) { try engine.loadOptimizer(optimizer, from: "w", updates: 1) }
        #expect(other?.description.contains("training.optimizer.momentum.\(fault.words)") == true)
    }

    @Test("an engine takes its own state, in any order, to the bit")
    func ownState() throws {
        let numbers = { (tensor: NamedTensor) in
            NamedTensor(
                name: tensor.name, shape: tensor.shape,
                storage: tensor.integers == nil
                    ? .float32((0..<tensor.storage.count).map { Float($0) / 8 }) : .int64([5]))
        }
        let (tensors, optimizer) = (engine.tensors.map(numbers), engine.optimizerTensors.map(numbers))
        try engine.load(tensors.reversed(), from: "w")
        try engine.loadOptimizer(optimizer.reversed(), from: "w", updates: 1)
        #expect(engine.tensors == tensors)
        #expect(engine.optimizerTensors == optimizer)
    }

    @Test("an engine takes no memories of another optimizer, unless what is missing may begin at zero")
    func otherOptimizer() throws {
        let optimizer = engine.optimizerTensors.map { tensor in
            NamedTensor(
                name: tensor.name.replacing("momentum", with: "exp_avg"), shape: tensor.shape, storage: tensor.storage)
        }
        let error = #expect(throws: TrainingError.self) { try engine.loadOptimizer(optimizer, from: "w", updates: 7) }
        let words = try #require(error).description
        #expect(words.contains("w has an optimizer's exp_avg, but this run's optimizer needs momentum"), "\(words)")
        let notes = try engine.loadOptimizer(optimizer, from: "w", updates: 7, beginsMissing: true)
        #expect(notes.contains { $0.contains("at zero") && $0.contains("momentum") })
        #expect(notes.contains { $0.contains("left out") && $0.contains("exp_avg") })
        #expect(engine.updates == 0)
        #expect(engine.optimizerTensors.allSatisfy { $0.floats?.allSatisfy { $0 == 0 } ?? false })
        _ = try engine.loadOptimizer(engine.optimizerTensors, from: "w", updates: 7)
        #expect(engine.updates == 7)
    }
}

extension Engine {
    /// The optimizer's state of each parameter that training moves.
    fileprivate var optimizerTensors: [NamedTensor] {
        optimizerKinds.flatMap { kind in
            parameters.indices.filter { parameters[$0].isTrainable }.map { index in
                NamedTensor(
                    name: kind.tensorName(of: parameters[index].name), shape: parameters[index].shape,
                    storage: .float32(values(of: ParameterID(index: index), in: kind)))
            }
        }
    }
}

@Suite("Rates of parameters")
struct ParameterRatesTests {
    private func rates(_ yaml: String) throws -> ParameterRates {
        ParameterRates(try Recipe.resolve(flags: RecipeOverrides(yaml: "model: a\n" + yaml, path: "r")))
    }

    @Test("freezing goes before multipliers, and the longest prefix before shorter ones")
    func precedence() throws {
        let rates = try rates("freeze: [a.b]\nlr_multipliers: {a: 2, a.c: 3, a.b.c: 4}")
        let expected = ["a.b.c.weight": 0.0, "a.c.weight": 3, "a.d": 2, "b": 1, "a": 2]
        for (name, multiplier) in expected { #expect(rates.multiplier(of: name) == multiplier, "\(name)") }
    }

    @Test("nothing but what is trained alone has a rate, and of that what is frozen has none")
    func trainedAlone() throws {
        let rates = try rates("train_only: [fc, layer4]\nfreeze: [layer4.0]\nlr_multipliers: {fc: 3}")
        let expected = ["fc.weight": 3.0, "layer4.1.weight": 1, "layer4.0.weight": 0, "conv1.weight": 0]
        for (name, multiplier) in expected { #expect(rates.multiplier(of: name) == multiplier, "\(name)") }
        let head = ParameterRates(
            try Recipe.resolve(flags: RecipeOverrides(yaml: "model: a\ntrain_only: [head]", path: "r")), head: "1")
        #expect(head.multiplier(of: "1.weight") == 1 && head.multiplier(of: "11.weight") == 0)
    }

    @Test("a prefix that no name has is refused with the nearest name")
    func unused() throws {
        let names = ["layer1.0.weight", "fc.weight"]
        #expect(
            throws: TrainingError.unusedPrefix(
                option: "--freeze", prefix: "fc.wieght", nearest: "fc.weight", names: names)
        ) { try rates("freeze: [layer1, fc.wieght]").check(names: names) }
        #expect(throws: TrainingError.self) { try rates("lr_multipliers: {x: 1}").check(names: names) }
        try rates("freeze: [layer1]\nlr_multipliers: {fc: 1}").check(names: names)
        #expect(throws: TrainingError.self) { try rates("train_only: [x]").check(names: names) }
    }
}

/// Runs of a small network with norms on a handful of images.
@Suite("A run with weights of its own", .serialized)
struct TransferTests {
    private let data: TinyDigits
    private let folder: TemporaryFolder

    init() throws {
        data = try TinyDigits()
        folder = try TemporaryFolder()
    }

    private func train(
        _ output: String, ranks: Int = 1, _ change: (inout RecipeOverrides) -> Void = { _ in }
    ) throws -> Checkpoint {
        var flags = RecipeOverrides()
        flags.model = "lenet_bn"
        flags.data = data.specification
        flags.steps = 3
        flags.batchSize = 16
        flags.threads = 1
        flags.output = folder.path + "/" + output
        change(&flags)
        let recipe = try Recipe.resolve(flags: flags)
        _ = try InProcessCommunicator.run(ranks: ranks) { world in
            try Trainer(recipe: recipe, world: world, console: Console(isQuiet: true)).run()
        }
        return try CheckpointDirectory(path: RunFolder(path: folder.path + "/" + output).checkpoints).newest()
            .checkpoint
    }

    private func differing(_ a: Checkpoint, _ b: Checkpoint) -> Set<String> {
        Set(zip(a.tensors, b.tensors).filter { $0 != $1 }.map(\.0.name))
    }

    @Test("frozen parameters are kept to the bit, while running statistics go on as PyTorch's do", arguments: [1, 2])
    func freeze(ranks: Int) throws {
        let first = try train("first")
        let file = folder.path + "/first.safetensors"
        try first.exportWeights(to: file)
        let names = first.optimizer.map { String($0.name.dropFirst("training.optimizer.momentum.".count)) }
        let head = try #require(names.last)
        let frozen = names.filter { $0 != head }
        let second = try train("second", ranks: ranks) { flags in
            flags.initFile = file
            flags.freeze = frozen
        }
        let moved = differing(first, second)
        #expect(moved.contains(head) && moved.isDisjoint(with: frozen))
        #expect(moved.contains { $0.hasSuffix("running_mean") })
        for tensor in second.optimizer where !tensor.name.hasSuffix(head) {
            #expect(tensor.floats?.allSatisfy { $0 == 0 } == true, "\(tensor.name) has momentum")
        }
        let counts = second.tensors.compactMap { $0.integers?.first }
        #expect(!counts.isEmpty && counts.allSatisfy { $0 == 6 }, "three batches of the file, three of the run")
    }

    @Test("a rate multiplied by 1 changes nothing, and by 0 moves nothing, where names begin so")
    func multiplier() throws {
        let plain = try train("plain")
        let name = try #require(plain.optimizer.first).name.dropFirst("training.optimizer.momentum.".count)
        #expect(differing(plain, try train("one") { $0.rateMultipliers = [String(name): 1] }).isEmpty)
        let zero = try train("zero") { $0.rateMultipliers = [String(name): 0] }
        #expect(zero.tensors == (try train("frozen") { $0.freeze = [String(name)] }).tensors)
        #expect(differing(plain, zero).contains(String(name)))
    }

    @Test("weights with other classes are taken as far as they fit where that is asked for, and else refused")
    func otherClasses() throws {
        let file = folder.path + "/first.safetensors"
        try train("first").exportWeights(to: file)
        #expect(throws: SharedFailure.self) {
            try train("refused") { flags in
                flags.classes = 11
                flags.initFile = file
            }
        }
        let taken = try train("taken") { flags in
            flags.classes = 11
            flags.initFile = file
            flags.initSkipMismatched = true
        }
        #expect(taken.tensors.last?.shape.first == 11)
    }

    @Test("a run keeps its model options where it is resumed and evaluated, and refuses others")
    func options() throws {
        let first = try train("run") { $0.modelOptions = ["activation": "tanh"] }
        let path = try CheckpointDirectory(path: folder.path + "/run/checkpoints").newest().entry.path
        #expect(try first.about(path: path).modelOptions == ["activation": "tanh"])
        func resume(_ options: [String: String]?) throws -> String {
            do {
                _ = try train("run") { flags in
                    flags.resume = .auto
                    flags.modelOptions = options
                }
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(try resume(["activation": "tanh"]) == "")
        #expect(try resume(nil).contains("model_options: {activation: tanh} (now none)"))
        #expect(try resume(["activation": "tanh", "input_channels": "1"]).contains("input_channels"))
        let line = try String(contentsOfFile: folder.path + "/run/metrics.jsonl", encoding: .utf8)
            .split(separator: "\n").last { $0.contains("\"kind\": \"evaluation\"") }
        let evaluation = try InProcessCommunicator.run(ranks: 2) { world in
            try CheckpointEvaluation(
                of: { try NetworkFile(contentsOf: path, model: nil) }, data: nil, threads: 1, instructionSet: .auto,
                world: world
            ).evaluation
        }
        #expect(line?.contains("\"loss\": \(evaluation[1].loss)") == true)
    }

    @Test("a run without shuffling, dropout or data of other channels is what it says")
    func exactRuns() throws {
        let shuffled = try train("shuffled")
        let unshuffled = try train("unshuffled") { $0.shuffle = false }
        let again = try train("again") { flags in
            flags.shuffle = false
            flags.dropout = 0
        }
        #expect(shuffled.tensors != unshuffled.tensors)
        #expect(unshuffled.tensors == again.tensors)
        #expect {
            _ = try train("grey") { $0.modelOptions = ["input_channels": "3"] }
        } throws: {
            "\($0)".contains("input_channels is 3")
        }
    }
}
