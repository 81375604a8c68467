import Checkpoints
import Collectives
import Engine
import Foundation
import Graphs
import Networks
import Recipes
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

    @Test("fit in any order, and may lack counts of batches")
    func fits() throws {
        let tensors = try Self.tensors()
        let fit = WeightsFit(tensors.reversed(), to: try Self.parameters())
        #expect(fit.misfits.isEmpty && fit.fitting.count == tensors.count)
        let without = WeightsFit(tensors.filter { $0.floats != nil }, to: try Self.parameters())
        #expect(without.misfits.isEmpty && without.fitting.count < tensors.count)
        try without.check(path: "w", model: "lenet_bn", skipsMismatched: false)
    }

    @Test("are refused by name for shape, type, absence and excess, and what fits is taken where that may be skipped")
    func misfits() throws {
        let parameters = try Self.parameters()
        var tensors = try Self.tensors()
        let floats = parameters.indices.filter { parameters[$0].role != .batchesTracked }
        let count = try #require(parameters.indices.first { parameters[$0].role == .batchesTracked })
        let (reshaped, retyped, missing) = (floats[0], floats[1], floats[2])
        let shape = parameters[reshaped].shape
        tensors[reshaped] = NamedTensor(name: parameters[reshaped].name, shape: [3], storage: .float32([1, 2, 3]))
        tensors[retyped] = NamedTensor(
            name: parameters[retyped].name, shape: parameters[retyped].shape,
            storage: .int64([Int64](repeating: 0, count: parameters[retyped].count)))
        tensors[count] = NamedTensor(name: parameters[count].name, shape: [], storage: .float32([1]))
        tensors.remove(at: missing)
        tensors.append(NamedTensor(name: "other.weight", shape: [1, 2], storage: .float32([1, 2])))
        let fit = WeightsFit(tensors, to: parameters)
        let expected: [String: WeightsFit.Reason] = [
            parameters[reshaped].name: .otherShape(found: [3], expected: shape),
            parameters[retyped].name: .otherType(found: "int64", expected: "float32"),
            parameters[count].name: .otherType(found: "float32", expected: "int64"),
            parameters[missing].name: .missing(expected: parameters[missing].shape),
            "other.weight": .extra(found: [1, 2]),
        ]
        #expect(Dictionary(uniqueKeysWithValues: fit.misfits.map { ($0.tensor, $0.reason) }) == expected)
        #expect(fit.fitting.count == parameters.count - 4)
        let error = #expect(throws: TrainingError.self) {
            try fit.check(path: "w", model: "lenet_bn", skipsMismatched: false)
        }
        for name in expected.keys { #expect(error?.description.contains(name) == true) }
        try fit.check(path: "w", model: "lenet_bn", skipsMismatched: true)
    }

    @Test("are refused where not one fits, even if misfits may be skipped")
    func foreign() throws {
        let fit = WeightsFit(
            [NamedTensor(name: "a", shape: [1], storage: .float32([1]))], to: try Self.parameters())
        #expect {
            try fit.check(path: "w", model: "lenet_bn", skipsMismatched: true)
        } throws: {
            "\($0)".contains("not one tensor of w fits lenet_bn")
        }
    }

    @Test("become a checkpoint of the very network, with as many classes as their head has")
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

    @Test("takes no checkpoint with a tensor missing, too many, or of another shape or type", arguments: faults)
    func unfit(fault: Fault) throws {
        var tensors = engine.tensors
        let index = try #require(tensors.firstIndex { $0.name == "0.weight" })
        tensors[index] = fault.tensor(prefix: "")
        let error = #expect(throws: TrainingError.self) { try engine.load(tensors, from: "w") }
        #expect(error?.description.contains(fault.words) == true)

        var optimizer = engine.optimizerTensors
        let own = try #require(optimizer.firstIndex { $0.name == "training.optimizer.momentum.0.weight" })
        optimizer[own] = fault.tensor(prefix: "training.optimizer.momentum.")
        let other = #expect(throws: TrainingError.self) { try engine.loadOptimizer(optimizer, from: "w") }
        #expect(other?.description.contains("training.optimizer.momentum.\(fault.words)") == true)
    }

    @Test("takes its own state, in any order, to the bit")
    func ownState() throws {
        let numbers = { (tensor: NamedTensor) in
            NamedTensor(
                name: tensor.name, shape: tensor.shape,
                storage: tensor.integers == nil
                    ? .float32((0..<tensor.storage.count).map { Float($0) / 8 }) : .int64([5]))
        }
        let (tensors, optimizer) = (engine.tensors.map(numbers), engine.optimizerTensors.map(numbers))
        try engine.load(tensors.reversed(), from: "w")
        try engine.loadOptimizer(optimizer.reversed(), from: "w")
        #expect(engine.tensors == tensors)
        #expect(engine.optimizerTensors == optimizer)
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

    @Test("a prefix that no name has is refused with the nearest name")
    func unused() throws {
        let names = ["layer1.0.weight", "fc.weight"]
        #expect(
            throws: TrainingError.unusedPrefix(
                option: "--freeze", prefix: "fc.wieght", nearest: "fc.weight", names: names)
        ) { try rates("freeze: [layer1, fc.wieght]").check(names: names) }
        #expect(throws: TrainingError.self) { try rates("lr_multipliers: {x: 1}").check(names: names) }
        try rates("freeze: [layer1]\nlr_multipliers: {fc: 1}").check(names: names)
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

    @Test("keeps frozen parameters to the bit, while running statistics go on as PyTorch's do", arguments: [1, 2])
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

    @Test("multiplies the rate where names begin so: by 1 nothing changes, by 0 nothing moves")
    func multiplier() throws {
        let plain = try train("plain")
        let name = try #require(plain.optimizer.first).name.dropFirst("training.optimizer.momentum.".count)
        #expect(differing(plain, try train("one") { $0.rateMultipliers = [String(name): 1] }).isEmpty)
        let zero = try train("zero") { $0.rateMultipliers = [String(name): 0] }
        #expect(zero.tensors == (try train("frozen") { $0.freeze = [String(name)] }).tensors)
        #expect(differing(plain, zero).contains(String(name)))
    }

    @Test("takes over what fits where classes differ, and is refused without being told so")
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

    @Test("keeps its model options where it is resumed and evaluated, and refuses others")
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
            .split(separator: "\n").last { $0.contains("evaluation") }
        let evaluation = try InProcessCommunicator.run(ranks: 2) { world in
            try CheckpointEvaluation(checkpoint: path, data: nil, threads: 1, instructionSet: .auto, world: world)
                .evaluation
        }
        #expect(line?.contains("\"loss\": \(evaluation[1].loss)") == true)
    }

    @Test("without shuffling, dropout or data of other channels is what it says")
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
