import Collectives
import Datasets
import Engine
import Networks
import Recipes
import Tensors
import Testing
import Training

/// Whole models keep the promise of `docs/reproducibility.md`, at sizes that a test can afford.
///
/// One after the other: VGG's classifier alone takes two gigabytes.
@Suite("Ten steps of a whole model", .serialized)
struct WholeModelTests {
    /// A chain of convolutions and large linear layers with dropout, residual sums, dense and inception concatenations.
    private static let models: [(name: String, imageSize: Int)] = [
        ("vgg11", 32), ("resnet18", 64), ("densenet121", 64), ("googlenet", 64),
    ]

    private static let batchSize = 8

    /// What `final.parameters_sha256` says of such a run.
    private func digest(
        _ model: (name: String, imageSize: Int), threads: Int, on instructionSet: Recipe.InstructionSet = .auto
    ) throws -> String {
        let setup = try Setup(
            // Even numbers are drawn faster than normal ones: there are 129 million in VGG.
            model: ModelChoice(model.name, scheme: .heUniform), data: "shapes", imageSize: model.imageSize,
            classes: nil, threads: threads,
            instructionSet: instructionSet, world: InProcessCommunicator())
        let engine = try Engine(setup.layout(batchSize: Self.batchSize, seed: 1))
        engine.initialize(seed: 1)
        for step in 0..<10 {
            let batch = try batch(setup, step: step)
            _ = try engine.train(batch, globalSamples: batch.count, step: step, exchange: nil)
            engine.update(SGDStep(learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4, nesterov: false))
        }
        return engine.parametersSHA256
    }

    private func batch(_ setup: Setup, step: Int) throws -> Batch {
        let samples = (step * Self.batchSize)..<((step + 1) * Self.batchSize)
        return Batch(
            images: try samples.flatMap { try setup.dataset.image($0, of: .train, imageSize: setup.imageSize) },
            labels: samples.map { Int32(setup.dataset.label(at: $0, in: .train)) }, sampleIDs: samples.map(UInt32.init),
            shardSizes: setup.sharding.ownShards.map {
                setup.sharding.samples(ofShard: $0, batchSize: Self.batchSize).count
            })
    }

    @Test("1, 2, 3 and 5 threads end with the same bits", arguments: models)
    func threads(model: (name: String, imageSize: Int)) throws {
        let one = try digest(model, threads: 1)
        for threads in [2, 3, 5] {
            #expect(try digest(model, threads: threads) == one, "\(model.name), \(threads) threads")
        }
    }

    @Test(
        "AVX2 and AVX-512 end with the same bits",
        .enabled(if: Engine.supports(.avx2) && Engine.supports(.avx512), "needs a CPU with both"), arguments: models)
    func instructionSets(model: (name: String, imageSize: Int)) throws {
        #expect(try digest(model, threads: 2, on: .avx2) == digest(model, threads: 2, on: .avx512), "\(model.name)")
    }
}
