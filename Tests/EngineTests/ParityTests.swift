import Engine
import Foundation
import Graphs
import Networks
import TestSupport
import Testing

/// Whole models compute PyTorch's numbers: `Golden/*.json`, made with torch 2.15 and torchvision 0.29 in float32.
///
/// Measured, exact arithmetic (`GraphInterpreter`) against PyTorch; what PyTorch's own float32 errs by:
///
/// | relative to a tensor's typical element | lenet | resnet18 | densenet121 |
/// |---|---|---|---|
/// | evaluation logits | 1.6e-7 | 8.8e-7 | 5.2e-7 |
/// | training logits, loss | 1.2e-7, 4e-8 | 3.2e-6, 4e-7 | 1.3e-5, 2e-7 |
/// | running statistics | | 1.6e-6 | 3.1e-6 |
/// | gradients | 2.4e-6 | 8.8e-6 | 2.5e-5 before the first kink, 3.3e-2 behind it (see `Tolerance`) |
/// | losses of five steps, largest | 4e-8 | 2.2e-5 | 1.1e-2 |
/// | parameters after them | 1.2e-7 | 8.7e-5 | 1.1e-2 |
@Suite struct ParityTests {
    static let models = ["lenet", "lenet_bn", "resnet18", "densenet121", "mobilenet_v1"]

    /// Going back from the loss, the first parameter whose gradient is one of other signs than PyTorch's: an input of the
    /// ReLU or maximum behind it lies closer to its bend than the forward pass's rounding. (DenseNet-121: 4.8e-6 from zero.)
    static let firstKinks = ["densenet121": "features.denseblock4.denselayer11.norm2.bias"]

    /// One after the other: the largest take gigabytes.
    @Test("a model computes PyTorch's numbers", .serialized, arguments: models)
    func parity(model: String) throws {
        let (golden, specimen) = try goldenSpecimen(model)
        for backend in Backend.supported where golden.parameterCount < Self.large || backend == Backend.supported[0] {
            let run = try ParityRun(golden, specimen, backend: backend)
            try run.checkEvaluation()
            try run.checkTraining()
            try run.checkFiveSteps()
        }
    }

    /// Parameters from which a model runs on one backend only: its layers are those of its smaller kin.
    private static let large = 30_000_000

    @Test("the references compute PyTorch's numbers")
    func references() throws {
        let (golden, specimen) = try goldenSpecimen("lenet")
        let graph = specimen.training
        let outcome = specimen.outcome(graph)
        let tolerance = Tolerance(graph, samples: specimen.samples)
        #expect(abs(outcome.loss - golden.loss) <= tolerance.forward * golden.loss)
        #expect(Deviation(of: outcome.logits.map(Float.init), from: golden.trainLogits).element <= tolerance.forward)
        for (id, expected) in zip(graph.trainable, golden.gradients) {
            let deviation = Deviation(of: outcome.gradients[id.index].map(Float.init), from: expected)
            #expect(deviation.element <= tolerance.backward, "\(expected.name): \(deviation)")
        }
    }
}

/// A golden file, and its model and batch. Dropout would draw otherwise than PyTorch does: there is none.
func goldenSpecimen(_ model: String) throws -> (GoldenFile, Specimen) {
    let folder = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
    let golden = try GoldenFile(model: model, in: folder)
    let network = try Zoo.model(named: model).network(classes: golden.classes, inputChannels: golden.inputShape[1])
        .withDropout(rate: 0)
    let specimen = try Specimen(network, imageSize: golden.inputShape[2], samples: golden.inputShape[0])
    #expect(specimen.labels == golden.labels)
    return (golden, specimen)
}

/// One model on one backend. Each sample is a shard of its own.
private struct ParityRun {
    let golden: GoldenFile
    let specimen: Specimen
    let engine: Engine
    let tolerance: Tolerance
    let name: String
    /// How many of the trainable parameters, from the images on, lie before a kink that was met.
    private let kinked: Int
    /// Biases that the norm behind their layer takes out again, each with its layer's weight.
    private let undone: [ParameterID: ParameterID]
    private var graph: Graph { specimen.training }

    init(_ golden: GoldenFile, _ specimen: Specimen, backend: Backend) throws {
        self.golden = golden
        self.specimen = specimen
        engine = try specimen.engine(backend, shards: specimen.samples)
        tolerance = Tolerance(specimen.training, samples: specimen.samples)
        name = "\(golden.model) on \(backend)"
        let kink = golden.gradients.firstIndex { $0.name == ParityTests.firstKinks[golden.model] }
        kinked = kink.map { $0 + 1 } ?? 0
        undone = specimen.training.biasesBeforeNorms
        let trainable = specimen.training.trainable.map { specimen.training[$0] }
        #expect(trainable.map(\.name) == golden.gradients.map(\.name))
        #expect(trainable.map(\.shape) == golden.gradients.map(\.shape))
        #expect(trainable.reduce(0) { $0 + $1.count } == golden.parameterCount)
    }

    /// - Parameter unevenness: How much more than the length single elements may err: what a kink moves is few elements.
    private func expect(
        _ found: [Float], _ golden: GoldenFile.Tensor, within bound: Double, unevenness: Double = 1, _ what: String
    ) {
        let deviation = Deviation(of: found, from: golden)
        #expect(
            deviation.element <= unevenness * bound && deviation.length <= bound,
            "\(what) of \(name): \(golden.name) \(deviation), allowed \(bound)")
    }

    /// The exact gradient is zero, all numbers found are rounding. It is that of a sum of as many terms as make the
    /// gradient of the same layer's `weight`, whose inputs are no smaller than a quarter.
    private func expectNothing(_ found: [Float], beside weight: GoldenFile.Tensor, _ what: String) {
        let bound = 4 * tolerance.backward * weight.l2 / Double(weight.count).squareRoot()
        let largest = found.reduce(0) { max($0, abs($1)) }
        #expect(Double(largest) <= bound, "\(what) of \(name): \(largest), not 0 within \(bound)")
    }

    private func train(_ engine: Engine, step: Int) throws -> Double {
        let batch = specimen.batch(shardSizes: specimen.shardSizes(specimen.samples))
        let tally = try engine.train(batch, globalSamples: specimen.samples, step: step, exchange: nil)
        return tally.lossSum / Double(specimen.samples)
    }

    func checkEvaluation() throws {
        let tally = try engine.evaluate(specimen.batch(shardSizes: [specimen.samples]))
        #expect(tally.samples == specimen.samples)
        expect(engine.logits(), golden.evalLogits, within: tolerance.forward, "evaluation")
        let typical = golden.evalLogits.l2 / Double(golden.evalLogits.count).squareRoot()
        for (found, expected) in zip(engine.logits(), try #require(golden.evalLogits.row0First16)) {
            #expect(abs(Double(found) - expected) <= tolerance.forward * max(abs(expected), typical), "\(name)")
        }
    }

    func checkTraining() throws {
        let loss = try train(engine, step: 0)
        #expect(abs(loss - golden.loss) <= tolerance.forward * golden.loss, "\(name): loss \(loss), not \(golden.loss)")
        expect(engine.logits(), golden.trainLogits, within: tolerance.forward, "training")
        for (index, (id, expected)) in zip(graph.trainable, golden.gradients).enumerated() {
            let bound = index < kinked ? tolerance.gradient(of: id) : tolerance.backward
            if let weight = undone[id], let position = graph.trainable.firstIndex(of: weight) {
                expectNothing(engine.gradient(of: id), beside: golden.gradients[position], expected.name)
            } else {
                expect(
                    engine.gradient(of: id), expected, within: bound, unevenness: index < kinked ? Self.fewElements : 1,
                    "gradients")
            }
        }
        #expect(graph.statistics.map { graph[$0].name } == golden.buffersAfterForward.map(\.name))
        for (id, expected) in zip(graph.statistics, golden.buffersAfterForward) {
            expect(engine.values(of: id), expected, within: tolerance.forward, "running statistics")
        }
    }

    /// Five steps on the same batch, and the same again from parameters that are a few roundings off.
    ///
    /// An error e of the gradients bends the path by e of its length, so parameters err by e times how far they went.
    /// The loss errs by the square of e times how far it fell: an error of random direction is no descent. From the
    /// second step on every parameter feels the errors of all others, and no path is without kinks, so e is that of
    /// the worst parameter, kinks included. Steps as long as these magnify whatever errors there are: DenseNet-121's
    /// until they are half of how far parameters went. How much, the second path shows; PyTorch's may be as far from
    /// ours as that, times a few.
    func checkFiveSteps() throws {
        let bend = graph.trainable.map(tolerance.gradient).max() ?? 0
        let start = engine.withParameters { numbers(of: &$0) }
        engine.withParameters { fill(&$0, with: start, disturbance: 0x1p-22) }
        let disturbedLosses = try fiveSteps()
        let disturbed = graph.trainable.map { thinned(engine.values(of: $0)) }
        engine.withParameters { fill(&$0, with: start) }
        engine.withMomentum { clear(&$0) }
        try checkLosses(fiveSteps(), disturbed: disturbedLosses, bend: bend)
        for (index, (id, expected)) in zip(graph.trainable, golden.afterFiveSteps).enumerated() {
            let values = engine.values(of: id)
            let judged = thinned(values)
            let moved = Deviation(of: thinned(specimen.parameters[id.index].1), from: judged.map(Double.init)).length
            let spread = Deviation(of: disturbed[index], from: judged.map(Double.init)).length
            let bound = 10 * Tolerance.roundoff + bend * moved + Self.timesTheSpread * spread
            expect(
                values, expected, within: bound, unevenness: kinked > 0 ? Self.fewElements : 1, "five steps")
        }
    }

    private func checkLosses(_ losses: [Double], disturbed: [Double], bend: Double) {
        var spread = 0.0
        for (step, expected) in golden.sgd.losses.enumerated() {
            spread = max(spread, abs(disturbed[step] - losses[step]))
            // What a kink takes away is a part of the descent itself.
            let share = kinked > 0 ? bend : bend * bend
            let bound =
                tolerance.forward * golden.loss + share * abs(golden.loss - expected)
                + Self.timesTheSpread * spread
            #expect(
                abs(losses[step] - expected) <= bound,
                "\(name): loss \(losses[step]) of step \(step), not \(expected) within \(bound)")
        }
    }

    private static let timesTheSpread = 6.0
    private static let fewElements = 16.0

    /// Takes the golden run's five steps; the losses before each.
    private func fiveSteps() throws -> [Double] {
        var decay = TorchDecay(graph: graph, golden.sgd)
        return try golden.sgd.losses.indices.map { step in
            let loss = try train(engine, step: step)
            decay.observe(engine)
            engine.update(golden.sgd.step)
            decay.apply(to: engine)
            return loss
        }
    }
}

extension Graph {
    /// Biases whose shift a norm takes out again, with the weights beside them: behind them come norms only, or
    /// convolutions without padding and sums of whose shifts that is true.
    fileprivate var biasesBeforeNorms: [ParameterID: ParameterID] {
        var biases: [ParameterID: ParameterID] = [:]
        // By value: whether all that has read it so far, from the last node on, undoes shifts.
        var isUndone: [ValueID: Bool] = [logits: false]
        for node in nodes.reversed() {
            let output = node.output.map { isUndone[$0] ?? false } ?? false
            switch node.operation {
            case .batchNorm(let norm):
                if output { biases[norm.bias] = norm.weight }
                for input in node.inputs { isUndone[input] = isUndone[input] ?? true }
            case .convolution(let layer):
                if output, let bias = layer.bias { biases[bias] = layer.weight }
                let passes = output && layer.padding == 0
                for input in node.inputs { isUndone[input] = passes && (isUndone[input] ?? true) }
            case .add:
                for input in node.inputs { isUndone[input] = output && (isUndone[input] ?? true) }
            case .relu, .relu6, .sigmoid, .tanh, .localResponseNormalization, .maxPool, .averagePool,
                .adaptiveAveragePool, .concatenate, .dropout, .softmaxCrossEntropy:
                for input in node.inputs { isUndone[input] = false }
            default: break
            }
        }
        return biases
    }
}

extension GoldenFile.SGD {
    fileprivate var step: SGDStep {
        SGDStep(
            learningRate: Float(learningRate), momentum: Float(momentum), weightDecay: Float(weightDecay),
            nesterov: false)
    }
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
