import Collectives
import Datasets
import Engine
import Recipes
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("Averages over several views of test images")
struct TestViewTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    /// A setup of LeNet on tiny digits, and an engine with first weights.
    private func made() throws -> (setup: Setup, engine: Engine) {
        let setup = try Setup(
            model: ModelChoice("lenet"), data: run.data.specification, imageSize: nil, classes: nil, threads: 1,
            instructionSet: .auto, world: InProcessCommunicator())
        let engine = try Engine(setup.layout(batchSize: nil, seed: 0))
        engine.initialize(seed: 11)
        return (setup, engine)
    }

    @Test(
        "the least certain images have the mean scores of their views, the others those of themselves",
        arguments: [Recipe.TestAugmentation.flip, .flipShift], [0.25, 0.5, 1])
    func scores(kind: Recipe.TestAugmentation, share: Double) throws {
        let (setup, engine) = try made()
        let views = try #require(TestViews(kind, share: share))
        let found = try setup.evaluate(engine, views: views, world: InProcessCommunicator())
        let side = setup.imageSize
        func reflected(_ place: Int) -> Int { place < 0 ? -place : place >= side ? 2 * side - 2 - place : place }
        func scores(_ pixels: [Float], isMirrored: Bool, shift: Int) throws -> [Double] {
            let seen = (0..<side * side).map { place in
                let (row, column) = (reflected(place / side + shift), reflected(place % side + shift))
                return pixels[row * side + (isMirrored ? side - 1 - column : column)]
            }
            _ = try engine.evaluate(Batch(images: seen, labels: [0], sampleIDs: [0], shardSizes: [1]))
            return engine.logits().map(Double.init)
        }
        func mean(_ lists: [[Double]]) -> [Double] {
            lists[0].indices.map { k in lists.reduce(0) { $0 + $1[k] } / Double(lists.count) }
        }
        var samples: [(margin: Double, plain: [Double], seen: [Double], label: Int)] = []
        for index in 0..<setup.dataset.count(of: .test) {
            let pixels = try setup.dataset.image(index, of: .test, imageSize: side)
            func both(_ shift: Int) throws -> [Double] {
                try mean([false, true].map { try scores(pixels, isMirrored: $0, shift: shift) })
            }
            let plain = try scores(pixels, isMirrored: false, shift: 0)
            let centre = try both(0)
            let seen = kind == .flip ? centre : try mean([centre, mean([both(-1), both(1)])])
            let sorted = plain.sorted(by: >)
            samples.append((sorted[0] - sorted[1], plain, seen, setup.dataset.label(at: index, in: .test)))
        }
        samples.sort { $0.margin < $1.margin }
        let uncertain = Int((share * Double(samples.count)).rounded(.up))
        let chosen = samples.enumerated().map { ($0 < uncertain ? $1.seen : $1.plain, $1.label) }
        let losses = chosen.map { scores, label in
            Elementary.log(scores.reduce(0) { $0 + Elementary.exp($1) }) - scores[label]
        }
        let loss = losses.reduce(0, +) / Double(losses.count)
        #expect(abs(found.loss - loss) < 1e-5, "\(found.loss) \(loss)")
        let correct = chosen.count { scores, label in scores.indices.max { scores[$0] < scores[$1] } == label }
        #expect(found.correct == correct && found.samples == samples.count)
        // The views are not all alike, so that the test can fail.
        var none = BadSamples(limit: nil, samples: samples.count, say: { _ in })
        let plain = try setup.evaluate(engine, bad: &none, world: InProcessCommunicator())
        #expect(abs(plain.loss - found.loss) > 1e-5)
    }

    @Test("a run measures them once, at its end, to the same bits on any number of ranks", .withOurKernels)
    func story() throws {
        func augmented(_ output: String, ranks: Int) throws -> (record: [String], outcome: TrainingOutcome) {
            let outcome = try run.train(
                ranks: ranks,
                run.flags(output) { flags in
                    (flags.testAugmentation, flags.testAugmentationShare) = (.flipShift, 0.5)
                })
            return (try run.story(output).filter { $0.contains("augmented_evaluation") }, outcome)
        }
        let (record, outcome) = try augmented("one", ranks: 1)
        #expect(record.count == 1 && record[0].contains("\"step\": 9"))
        #expect(outcome.augmented?.samples == 12 && outcome.augmented?.loss != outcome.evaluation.loss)
        for ranks in [2, 4] { #expect(try augmented("of \(ranks)", ranks: ranks).record == record) }
        try run.train(run.flags("plain"))
        #expect(try run.story("plain").allSatisfy { !$0.contains("augmented") })
    }
}
