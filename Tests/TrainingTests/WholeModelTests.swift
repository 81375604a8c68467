import Collectives
import Datasets
import Engine
import Networks
import Recipes
import Tensors
import Testing
import Training

/// Whole models keep the promise of `docs/reproducibility.md`, at sizes that a test can afford: ten steps end with the
/// bits that are written down here, on every CPU.
///
/// One after the other: VGG's classifier alone takes two gigabytes.
@Suite("Ten steps of a whole model", .serialized, .withOurKernels)
struct WholeModelTests {
    /// A model at a size, and what `final.parameters_sha256` says of such a run. It changes with the order of sums of a
    /// kernel, with how weights begin, and with the drawn shapes: a change of either must be meant.
    struct Model: CustomTestStringConvertible, Sendable {
        let name: String
        let imageSize: Int
        let digest: String

        init(_ name: String, _ imageSize: Int, _ digest: String) {
            self.name = name
            self.imageSize = imageSize
            self.digest = digest
        }

        var testDescription: String { "\(name), \(imageSize) px" }
    }

    /// Sigmoids and averages, linear layers with batch norm: small enough for an emulated CPU (`launch/test-haswell`).
    static let small = [
        Model("lenet", 28, "5ea4a213f58a9909cef75e1832bca2927ea2e43a65394ae2dcfef2905a69e301"),
        Model("lenet_bn", 28, "aebc403377e2ec096d997832ad2a600bb5d81a9425739fadc563cf4a2f17bc3a"),
    ]

    /// Concatenations and dropout, large linear layers, residual sums, bottlenecks, dense blocks, depthwise
    /// convolutions.
    static let large = [
        Model("googlenet", 64, "412b2d777f292b1cb20dc12207d1bb5a735b548b1630be683fd53fb23975f4f8"),
        Model("vgg11", 32, "cb19004da8bf47236a3b0d7b17afc33f9a0fb288bebbcbc75d69b11382c6a186"),
        Model("resnet18_cifar", 32, "be150c4988c27c3ed2ed047512b01809c7bee7942bbe149a1dcc7093e236324e"),
        Model("resnet50", 64, "01e2be4685d6a36c6187797dafd3d53b2febde9fa590571926222841e5b0e964"),
        Model("densenet_bc_100_12", 32, "ed3bd2080eb58eaacedb382fdbf0ebf0aca845ecdd79b35f6a1e9f6a0cd306ab"),
        Model("mobilenet_v2", 64, "8ff025a80d16878546948fb402d1a82738751b8070850c939c9f432002bc1cec"),
    ]

    private static let batchSize = 8

    private func digest(_ model: Model, threads: Int, on instructionSet: Recipe.InstructionSet = .auto) throws -> String
    {
        let setup = try Setup(
            // Even numbers are drawn faster than normal ones: there are 129 million in VGG.
            model: ModelChoice(model.name, scheme: .heUniform), data: "shapes", imageSize: model.imageSize,
            classes: nil, threads: threads,
            instructionSet: instructionSet, world: InProcessCommunicator())
        let engine = try Engine(setup.layout(batchSize: Self.batchSize, seed: 1))
        engine.initialize(seed: 1)
        for step in 0..<10 {
            let batch = try batch(setup, step: step)
            _ = try engine.train(batch, globalSamples: batch.count, step: step, sumOverRanks: nil)
            engine.update(SGD(momentum: 0.9, weightDecay: 1e-4), learningRate: 0.01)
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

    @Test("ten steps of small models end with the bits that every CPU computes", arguments: small)
    func smallModels(model: Model) throws { try expectDigest(model) }

    @Test("ten steps of large models end with the bits that every CPU computes", arguments: large)
    func largeModels(model: Model) throws { try expectDigest(model) }

    private func expectDigest(_ model: Model) throws {
        let found = try digest(model, threads: 2)
        #expect(found == model.digest)
    }

    @Test(
        "ten steps of a model end with the same bits on AVX2 where the CPU has AVX-512",
        .enabled(if: Backend.avx512.isSupported, "AVX2 is what the other tests run on"), arguments: small + large)
    func instructionSets(model: Model) throws {
        let found = try digest(model, threads: 1, on: .avx2)
        #expect(found == model.digest)
    }

    @Test(
        "ten steps of a model end with the same bits on 1, 3 and 5 threads",
        arguments: small + large.filter { $0.name != "vgg11" })
    func threads(model: Model) throws {
        for threads in [1, 3, 5] {
            let found = try digest(model, threads: threads)
            #expect(found == model.digest, "\(threads) threads")
        }
    }
}
