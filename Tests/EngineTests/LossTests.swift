import Engine
import Foundation
import Graphs
import Kernels
import Networks
import Tensors
import TestSupport
import Testing

/// The loss with label smoothing, class weights and mixed targets.
@Suite struct LossTests {
    /// The options of a loss.
    struct Case: CustomTestStringConvertible, Sendable {
        let smoothing: Double
        let isWeighted: Bool
        let isMixed: Bool

        var testDescription: String { "smoothing \(smoothing), weights \(isWeighted), mixed \(isMixed)" }

        static let all = [0, 0.1, 0.9].flatMap { smoothing in
            [false, true].flatMap { isWeighted in
                [false, true].map { Case(smoothing: smoothing, isWeighted: isWeighted, isMixed: $0) }
            }
        }

        func weights(_ classes: Int) -> [Float]? {
            isWeighted ? (0..<classes).map { 0.25 + 0.5 * Float($0 % 4) } : nil
        }

        func targets(_ labels: [Int]) -> [Target] {
            labels.indices.map { n in
                let next = Int32(labels[(n + 1) % labels.count])
                return isMixed
                    ? Target(Int32(labels[n]), second: next, weight: Float(n + 1) / Float(labels.count + 1))
                    : Target(Int32(labels[n]))
            }
        }

        /// Returns the divisor of the sum of losses, as torch has it.
        func divisor(_ labels: [Int], classes: Int) -> Double? {
            guard !isMixed, let weights = weights(classes) else { return nil }
            return labels.reduce(0) { $0 + Double(weights[$1]) }
        }

        func engine(
            _ specimen: Specimen, _ backend: Backend, threads: Int = 2, keepsAverages: Bool = false
        ) throws -> Engine {
            try specimen.engine(backend, threads: threads) { configuration in
                configuration.labelSmoothing = smoothing
                configuration.keepsAverages = keepsAverages
                configuration.classWeights = weights(specimen.network.classes)
            }
        }

        func batch(_ specimen: Specimen) -> Batch {
            var batch = specimen.batch(shardSizes: specimen.shardSizes(4))
            batch.targets = targets(specimen.labels)
            return batch
        }
    }

    @Test("losses and their gradients are those of the reference", arguments: [1, 2, 10, 33], Case.all)
    func agreement(classes: Int, asked: Case) throws {
        let specimen = try Specimen("loss", imageSize: 4, samples: 5, classes: classes) { $0 }
        let weights = asked.weights(classes)
        let rule = Reference.TargetRule(smoothing: asked.smoothing, classWeights: weights.map { $0.map(Double.init) })
        let divisor = asked.divisor(specimen.labels, classes: classes)
        let targets = asked.targets(specimen.labels)
        for backend in Backend.supported {
            let engine = try asked.engine(specimen, backend)
            let tally = try engine.train(
                asked.batch(specimen), globalSamples: 5, step: 0, sumOverRanks: nil, lossDivisor: divisor)
            let logits = Reference.Maps(
                samples: 5, shape: Shape(features: classes), values: engine.logits().map(Double.init))
            let losses = Reference.softmaxCrossEntropy(logits, targets: targets, rule: rule, weight: 1)
            // The exponential errs by some units in the last place, and a loss is rounded once. No class weighs more
            // than 1.75.
            let bound = 16 * Tolerance.roundoff * 1.75
            #expect(abs(tally.lossSum - losses.reduce(0, +)) <= bound * losses.reduce(5) { $0 + abs($1) })
            let gradient = Reference.softmaxCrossEntropyGradient(
                logits, targets: targets, rule: rule, weight: 1, batchSamples: 1)
            let bias = try #require(specimen.training.trainable.last)
            for (k, found) in engine.gradient(of: bias).enumerated() {
                let sum = (0..<5).reduce(0) { $0 + gradient.values[$1 * classes + k] }
                let expected = sum / (divisor ?? 5)
                #expect(abs(Double(found) - expected) <= 5 * bound / (divisor ?? 5), "class \(k) on \(backend)")
            }
        }
    }

    @Test(
        "the class of the highest logit is predicted, with its softmax, and is correct where it is the label",
        arguments: Backend.supported)
    func correct(backend: Backend) throws {
        // An odd number of samples: counts of the right and of the wrong ones differ.
        let specimen = try Specimen("loss", imageSize: 4, samples: 5) { $0 }
        let engine = try specimen.engine(backend)
        let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
        let evaluated = try engine.evaluate(batch)
        let (logits, classes) = (engine.logits(), engine.logits().count / 5)
        let highest = (0..<5).map { sample in
            let row = logits[sample * classes..<(sample + 1) * classes]
            return row.firstIndex { $0 == row.max() }.map { $0 - row.startIndex }
        }
        var outcomes: [SampleOutcome] = []
        engine.forEachOutcome { outcomes.append($0) }
        for (sample, outcome) in outcomes.enumerated() {
            let row = logits[sample * classes..<(sample + 1) * classes].map(Double.init)
            let sum = row.reduce(0) { $0 + exp($1 - (row.max() ?? 0)) }
            #expect(highest[sample] == Int(outcome.predicted))
            #expect(abs(Double(outcome.probability) - 1 / sum) <= 16 * Tolerance.roundoff)
        }
        let correct = zip(highest, outcomes).count { $0 == Int($1.label) }
        #expect(evaluated.correct == correct)
        #expect(try engine.train(batch, globalSamples: 5, step: 0, sumOverRanks: nil).correct == correct)
    }

    @Test("smoothing and class weights have no effect in an evaluation", arguments: Backend.supported)
    func evaluation(backend: Backend) throws {
        let specimen = try Specimen("loss", imageSize: 4, samples: 5) { $0 }
        let plain = try specimen.engine(backend).evaluate(specimen.batch(shardSizes: [5]))
        let asked = Case(smoothing: 0.1, isWeighted: true, isMixed: false)
        let found = try asked.engine(specimen, backend).evaluate(specimen.batch(shardSizes: [5]))
        #expect(found.lossSum == plain.lossSum && found.correct == plain.correct)
    }

    @Test("a loss of no smoothing and equal weights is the plain one, up to rounding", arguments: Backend.supported)
    func plain(backend: Backend) throws {
        let specimen = try Specimen("loss", imageSize: 4, samples: 5) { $0 }
        let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
        let plain = try specimen.engine(backend).train(batch, globalSamples: 5, step: 0, sumOverRanks: nil)
        let equal = try specimen.engine(backend) { $0.classWeights = Array(repeating: 1, count: 10) }
        let found = try equal.train(batch, globalSamples: 5, step: 0, sumOverRanks: nil, lossDivisor: 5)
        #expect(abs(found.lossSum - plain.lossSum) <= 5 * Tolerance.roundoff * plain.lossSum)
    }

    @Test("a loss has the same bits with any number of threads and any instruction set", .withOurKernels)
    func bits() throws {
        let asked = Case(smoothing: 0.1, isWeighted: true, isMixed: true)
        let specimen = try Specimen("loss", imageSize: 6, samples: 13, classes: 33) {
            $0.convolution("conv", to: 17, kernel: 3, padding: 1)
        }
        func trace(_ backend: Backend, threads: Int) throws -> [[Float]] {
            let engine = try asked.engine(specimen, backend, threads: threads)
            let tally = try engine.train(asked.batch(specimen), globalSamples: 13, step: 0, sumOverRanks: nil)
            return [[Float(tally.lossSum)]] + specimen.training.trainable.map(engine.gradient)
        }
        let backends = try Backend.ours
        let expected = try trace(backends[0], threads: 1)
        for backend in backends {
            for threads in [1, 2, 3] { #expect(try trace(backend, threads: threads) == expected) }
        }
    }
}

/// 50 steps with PyTorch's CrossEntropyLoss: `Golden/Loss/*.json`, made by `Tests/Reference/make_loss_golden.py`.
@Suite struct GoldenLossTests {
    private struct File: Decodable {
        let model: String
        let lr: Double
        let momentum: Double
        let cases: [Golden]
    }

    private struct Golden: Decodable {
        let name: String
        let labelSmoothing: Double
        let weighted: Bool
        let mixed: Bool
        let losses: [Double]
        let after: [GoldenFile.Tensor]
        let spread: Spread

        struct Spread: Decodable {
            let losses: [Double]
            let after: [GoldenSpread.Tensor]
        }

        private enum CodingKeys: String, CodingKey {
            case name, weighted, mixed, losses, after, spread
            case labelSmoothing = "label_smoothing"
        }
    }

    @Test(
        "50 steps with options of the loss have PyTorch's results", .serialized,
        arguments: ["lenet", "resnet18_cifar", "densenet_bc_100_12"])
    func steps(model: String) throws {
        let folder = try #require(Bundle.module.url(forResource: "Golden/Loss", withExtension: nil))
        let data = try Data(contentsOf: folder.appendingPathComponent("\(model).json"))
        let file = try JSONDecoder().decode(File.self, from: data)
        let (_, specimen) = try goldenSpecimen(model)
        for golden in file.cases {
            let asked = LossTests.Case(
                smoothing: golden.labelSmoothing, isWeighted: golden.weighted, isMixed: golden.mixed)
            let engine = try asked.engine(specimen, Backend.supported[0], keepsAverages: true)
            let divisor = asked.divisor(specimen.labels, classes: specimen.network.classes)
            engine.beginAverages()
            for step in golden.losses.indices {
                let tally = try engine.train(
                    asked.batch(specimen), globalSamples: specimen.samples, step: step, sumOverRanks: nil,
                    lossDivisor: divisor)
                let loss = tally.lossSum / (divisor ?? Double(specimen.samples))
                // A loss is itself rounded to a Float on both sides.
                let bound =
                    GoldenSpread.certainty * golden.spread.losses[step] + 4 * Tolerance.roundoff * golden.losses[step]
                #expect(
                    abs(loss - golden.losses[step]) <= bound,
                    "\(golden.name): \(loss) at step \(step), not \(golden.losses[step]) within \(bound)")
                engine.update(SGD(momentum: Float(file.momentum), weightDecay: 0), learningRate: Float(file.lr))
                engine.average(keeping: Float(min(0.99, Double(2 + step) / Double(11 + step))))
            }
            for (tensor, spread) in zip(golden.after, golden.spread.after) {
                let name = tensor.name.replacing("averaged.", with: "")
                let id = try #require(specimen.training.trainable.first { specimen.training[$0].name == name })
                let found = name == tensor.name ? engine.values(of: id) : engine.values(of: id, in: .averages)
                #expect(spread.objection(to: found, golden: tensor) == nil, "\(golden.name)")
            }
        }
    }
}
