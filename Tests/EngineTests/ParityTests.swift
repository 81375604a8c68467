import Engine
import Foundation
import Graphs
import Networks
import TestSupport
import Testing

/// Whole models compute PyTorch's numbers: `Golden/*.json`, made with torch 2.15 and torchvision 0.29 in float32, as
/// nearly as float32 programs agree: `GoldenSpread`.
@Suite struct ParityTests {
    static let models = [
        "airbench94", "alexnet", "alexnet_bn", "alexnet_d2l", "densenet121", "densenet169", "densenet_bc_100_12",
        "densenet_d2l",
        "googlenet", "googlenet_d2l", "googlenet_lrn", "lenet", "lenet_bn", "mobilenet_v1", "mobilenet_v2", "nin",
        "plain18", "plain18_cifar", "resnet18", "resnet18_cifar", "resnet18_d2l", "resnet34", "resnet34_keras",
        "resnet50", "resnet50_keras", "resnext50_32x4d", "vgg11", "vgg11_bn", "vgg16_bn", "vgg_small",
        "wide_resnet50_2",
    ]

    @Test("no golden file goes unchecked")
    func files() throws {
        for folder in ["Golden", "Golden/Spread"] {
            let url = try #require(Bundle.module.url(forResource: folder, withExtension: nil))
            let files = try FileManager.default.contentsOfDirectory(atPath: url.path)
            let models = files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
            #expect(models.sorted() == Self.models)
        }
    }

    /// One after the other: the largest take gigabytes.
    @Test("a model computes PyTorch's numbers", .serialized, arguments: models)
    func parity(model: String) throws {
        let (golden, specimen) = try goldenSpecimen(model)
        let isLarge = golden.parameterCount >= Self.large
        for backend in Backend.supported where !isLarge || backend == Backend.supported[0] {
            let run = try ParityRun(golden, specimen, backend: backend, shards: isLarge ? 1 : specimen.samples)
            try run.checkEvaluation()
            try run.checkTraining()
            try run.checkFiveSteps()
        }
    }

    /// Parameters from which a model runs on one backend only, in one shard: its layers are those of its smaller kin.
    private static let large = 15_000_000

    @Test("the references compute PyTorch's numbers")
    func references() throws {
        let (golden, specimen) = try goldenSpecimen("lenet")
        let spread = try GoldenSpread(model: "lenet", in: goldenFolder())
        let graph = specimen.training
        let outcome = specimen.outcome(graph)
        #expect(abs(outcome.loss - golden.loss) <= GoldenSpread.certainty * spread.losses[0])
        #expect(spread.trainLogits[0].objection(to: outcome.logits.map(Float.init), golden: golden.trainLogits) == nil)
        for (id, (expected, spread)) in zip(graph.trainable, zip(golden.gradients, spread.gradients)) {
            let gradient = outcome.gradients[id.index].map(Float.init)
            #expect(spread.objection(to: gradient, golden: expected) == nil)
        }
    }
}

private func goldenFolder() throws -> URL {
    try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
}

/// A golden file, and its model and batch. Dropout would draw otherwise than PyTorch does: there is none.
func goldenSpecimen(_ model: String) throws -> (GoldenFile, Specimen) {
    let golden = try GoldenFile(model: model, in: goldenFolder())
    let network = try Zoo.model(named: model).network(classes: golden.classes, inputChannels: golden.inputShape[1])
        .withDropout(rate: 0)
    let specimen = try Specimen(network, imageSize: golden.inputShape[2], samples: golden.inputShape[0])
    #expect(specimen.labels == golden.labels)
    return (golden, specimen)
}

/// One model on one backend, its samples in some shards.
private struct ParityRun {
    let golden: GoldenFile
    let spread: GoldenSpread
    let specimen: Specimen
    let engine: Engine
    let shards: Int
    let name: String
    private var graph: Graph { specimen.training }

    init(_ golden: GoldenFile, _ specimen: Specimen, backend: Backend, shards: Int) throws {
        self.golden = golden
        self.specimen = specimen
        spread = try GoldenSpread(model: golden.model, in: goldenFolder())
        self.shards = shards
        engine = try specimen.engine(backend, shards: shards)
        name = "\(golden.model) on \(backend)"
        let trainable = specimen.training.trainable.map { specimen.training[$0] }
        #expect(trainable.map(\.name) == golden.gradients.map(\.name))
        #expect(trainable.map(\.shape) == golden.gradients.map(\.shape))
        #expect(trainable.reduce(0) { $0 + $1.count } == golden.parameterCount)
        #expect(
            specimen.training.statistics.map { specimen.training[$0].name } == golden.buffersAfterForward.map(\.name))
    }

    private func expect(
        _ found: [[Float]], _ golden: [GoldenFile.Tensor], _ spread: [GoldenSpread.Tensor], _ what: String
    ) {
        #expect(found.count == golden.count && golden.count == spread.count, "\(what) of \(name)")
        for (found, (golden, spread)) in zip(found, zip(golden, spread)) {
            let objection = spread.objection(to: found, golden: golden)
            #expect(objection == nil, "\(what) of \(name)")
        }
    }

    private func expect(loss: Double, ofStep step: Int) {
        let expected = golden.sgd.losses[step]
        let bound = GoldenSpread.certainty * spread.losses[step]
        #expect(
            abs(loss - expected) <= bound, "\(name): loss \(loss) of step \(step), not \(expected) within \(bound)")
    }

    private func train(step: Int) throws -> Double {
        let batch = specimen.batch(shardSizes: specimen.shardSizes(shards))
        let tally = try engine.train(batch, globalSamples: specimen.samples, step: step, sumOverRanks: nil)
        return tally.lossSum / Double(specimen.samples)
    }

    func checkEvaluation() throws {
        let tally = try engine.evaluate(specimen.batch(shardSizes: [specimen.samples]))
        #expect(tally.samples == specimen.samples)
        expect([engine.logits()], [golden.evalLogits], spread.evalLogits, "evaluation logits")
    }

    func checkTraining() throws {
        expect(loss: try train(step: 0), ofStep: 0)
        expect([engine.logits()], [golden.trainLogits], spread.trainLogits, "training logits")
        expect(graph.trainable.map(engine.gradient), golden.gradients, spread.gradients, "gradients")
        expect(
            graph.statistics.map(engine.values), golden.buffersAfterForward, spread.buffersAfterForward,
            "running statistics")
    }

    /// Takes the golden run's five steps.
    func checkFiveSteps() throws {
        var decay = TorchDecay(graph: graph, golden.sgd)
        for step in golden.sgd.losses.indices {
            expect(loss: try train(step: step), ofStep: step)
            decay.observe(engine)
            engine.update(golden.sgd.rule, learningRate: Float(golden.sgd.learningRate))
            decay.apply(to: engine)
        }
        expect(graph.trainable.map(engine.values), golden.afterFiveSteps, spread.afterFiveSteps, "after five steps")
    }
}

extension GoldenFile.SGD {
    fileprivate var rule: SGD { SGD(momentum: Float(momentum), weightDecay: Float(weightDecay)) }
}

/// `torch.optim.SGD` decays biases and norms too, the engine's optimizer does not. Steps are linear in the gradient, so
/// what decay adds to a step can be kept and applied beside it: u = momentum * u + weightDecay * w,
/// w -= learningRate * u.
private struct TorchDecay {
    private let ids: [ParameterID]
    private let sgd: GoldenFile.SGD
    private var velocities: [[Double]]

    init(graph: Graph, _ sgd: GoldenFile.SGD) {
        self.ids = graph.trainable.filter { !graph[$0].decays }
        self.sgd = sgd
        self.velocities = ids.map { Array(repeating: 0, count: graph[$0].count) }
    }

    /// Before an update.
    mutating func observe(_ engine: Engine) {
        for (index, id) in ids.enumerated() {
            velocities[index] = zip(velocities[index], engine.values(of: id)).map { velocity, value in
                sgd.momentum * velocity + sgd.weightDecay * Double(value)
            }
        }
    }

    /// After it.
    func apply(to engine: Engine) {
        for (id, velocity) in zip(ids, velocities) {
            let values = zip(engine.values(of: id), velocity).map { Float(Double($0) - sgd.learningRate * $1) }
            engine.setValues(of: id, to: values)
        }
    }
}
