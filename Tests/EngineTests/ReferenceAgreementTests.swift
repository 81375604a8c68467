import Engine
import Graphs
import Networks
import Tensors
import TestSupport
import Testing

/// The engine agrees with the references, at awkward shapes and in every configuration.
@Suite struct ReferenceAgreementTests {
    @Test("all specimens could be made")
    func specimens() {
        #expect(Specimens.convolutions.count == AwkwardSizes.convolutions.count)
        #expect(Specimens.widths.count == AwkwardSizes.channels.count)
        #expect(Specimens.norms.count == AwkwardSizes.channels.count)
        #expect(Specimens.pools.count == 20)
        #expect(Specimens.joints.count == 9)
        #expect(Specimens.groups.count == Specimens.cuts.count && Specimens.cuts.count == 5 * 7)
        #expect(Specimens.groupsElsewhere.count == 7)
        #expect(Specimens.depthwise.count == 8 * 4)
        #expect(Specimens.activations.count == 5 * 3)
        #expect(Specimens.responses.count == 4 * 4)
        #expect(Specimens.ceilings.count == 8 * 2 * 2)
        #expect(Specimens.heads.count == 1)
        #expect(Specimens.behindProducts.count == 11)
        #expect(Specimens.narrow.count == 4)
    }

    @Test("an engine agrees with the references", arguments: Specimens.all)
    func agreement(specimen: Specimen) throws {
        let expectation = Expectation(specimen)
        for backend in Backend.supported {
            let threads = 1 + specimen.imageSize % 3
            let engine = try specimen.engine(backend, threads: threads)
            try expectation.check(engine, shardSizes: specimen.shardSizes(4), "\(backend), \(threads) threads")
        }
    }

    @Test("shards may be uneven and empty", arguments: [[4, 1, 0, 0], [0, 0, 0, 5], [2, 2, 1, 0], [1, 2, 1, 1]])
    func unevenShards(sizes: [Int]) throws {
        let specimen = try Specimen("uneven", imageSize: 6, samples: 5) {
            $0.convolution("conv1", to: 17, kernel: 3, padding: 1, bias: false).batchNorm("norm1").sigmoid()
                .maxPool(kernel: 2).convolution("conv2", to: 6, kernel: 3, padding: 1)
        }
        let expectation = Expectation(specimen)
        for backend in Backend.supported {
            let engine = try specimen.engine(backend, capacity: 5)
            // Remainders of a full batch must not affect a smaller one.
            var full = specimen.batch(shardSizes: sizes)
            full = Batch(
                images: FloatImages((0..<4).flatMap { _ in full.images.floats }, samples: 4 * full.count),
                targets: (0..<4).flatMap { _ in full.targets },
                sampleIDs: (0..<4).flatMap { _ in full.sampleIDs }, shardSizes: [5, 5, 5, 5])
            _ = try engine.train(full, globalSamples: 20, step: 0, sumOverRanks: nil)
            for id in specimen.training.statistics {
                engine.setValues(of: id, to: goldenFill(specimen.training[id]))
            }
            try expectation.check(engine, shardSizes: sizes, "\(backend) with shards of \(sizes)")
        }
    }

    @Test("a rank's gradient is divided by the number of the global batch's samples")
    func globalSamples() throws {
        let specimen = Specimens.joints[0]
        let engine = try specimen.engine(.supported[0])
        let batch = specimen.batch(shardSizes: [1, 1, 1, 1])
        _ = try engine.train(batch, globalSamples: 4, step: 0, sumOverRanks: nil)
        let own = specimen.training.trainable.map(engine.gradient)
        _ = try engine.train(batch, globalSamples: 16, step: 0, sumOverRanks: nil)
        // The divisor is a power of two, so that only exponents differ.
        #expect(specimen.training.trainable.map(engine.gradient) == own.map { $0.map { $0 / 4 } })
    }
}

/// The references' results for a specimen.
struct Expectation {
    let specimen: Specimen
    let training: GraphInterpreter.Outcome
    let evaluation: GraphInterpreter.Outcome
    let tolerance: Tolerance

    init(_ specimen: Specimen) {
        self.specimen = specimen
        self.training = specimen.outcome(specimen.training)
        self.evaluation = specimen.outcome(specimen.evaluation)
        self.tolerance = Tolerance(specimen.training, samples: specimen.samples)
    }

    /// Evaluates, then trains one step on the specimen's batch, and compares everything. No specimen has an input so
    /// close to a kink that rounding crosses it, so gradients must agree to rounding.
    func check(
        _ engine: Engine, shardSizes: [Int], _ setup: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        func expect(_ found: [Float], _ exact: [Double], within bound: Double, _ what: String) {
            let deviation = Deviation(of: found, from: exact)
            #expect(
                deviation.element <= bound && deviation.length <= bound,
                "\(what) of \(specimen.testDescription) on \(setup): \(deviation), allowed \(bound)",
                sourceLocation: sourceLocation)
        }
        let graph = specimen.training
        let batch = specimen.batch(shardSizes: shardSizes)
        _ = try engine.evaluate(batch)
        expect(engine.logits(), evaluation.logits, within: tolerance.forward, "evaluation logits")
        let tally = try engine.train(batch, globalSamples: specimen.samples, step: 0, sumOverRanks: nil)
        expect(engine.logits(), training.logits, within: tolerance.forward, "training logits")
        let loss = tally.lossSum / Double(specimen.samples)
        expect([Float(loss)], [training.loss], within: tolerance.forward, "loss")
        #expect(tally.samples == specimen.samples, sourceLocation: sourceLocation)
        for id in graph.trainable {
            let exact = training.gradients[id.index]
            expect(engine.gradient(of: id), exact, within: tolerance.backward, "gradient of \(graph[id].name)")
        }
        for id in graph.statistics {
            expect(engine.values(of: id), training.parameters[id.index], within: tolerance.forward, graph[id].name)
        }
    }
}
