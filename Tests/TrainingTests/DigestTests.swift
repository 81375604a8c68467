import Collectives
import Engine
import Foundation
import Recipes
import Testing

@testable import Training

/// The short form of `Tests/digest-matrix`: whole models, with batch norm over all ranks and with dropout, end with one
/// digest.
@Suite("Ranks, threads and instruction sets together", .serialized, .withOurKernels)
struct DigestTests {
    private struct Way: Sendable {
        let ranks: Int
        let threads: Int
        let instructionSet: Recipe.InstructionSet
    }

    @Test(
        "all ranks, threads and instruction sets leave one digest",
        arguments: [("resnet18_cifar", 32, 4), ("googlenet", 64, 2)])
    func digest(model: String, imageSize: Int, ranks: Int) throws {
        let data = try TinyDigits()
        let folder = try TemporaryFolder()
        let ways: [Way] = [
            Way(ranks: 1, threads: 2, instructionSet: .auto), Way(ranks: ranks, threads: 1, instructionSet: .avx2),
        ]
        var digests: Set<String> = []
        for (index, way) in ways.enumerated() where way.instructionSet == .auto || Backend.avx2.isSupported {
            var flags = RecipeOverrides()
            flags.model = model
            flags.imageSize = imageSize
            flags.data = data.specification
            flags.steps = 2
            flags.batchSize = 16
            flags.dropout = 0.2
            flags.threads = way.threads
            flags.instructionSet = way.instructionSet
            // Several buckets, of which the first is summed while there is more to come.
            flags.bucketMegabytes = 1 + index
            flags.output = folder.path + "/\(index)"
            let recipe = try Recipe.resolve(flags: flags)
            let outcomes = try InProcessCommunicator.run(ranks: way.ranks) { world in
                try Trainer(recipe: recipe, world: world, console: Console(isQuiet: true)).run().parametersSHA256
            }
            digests.formUnion(outcomes)
        }
        #expect(digests.count == 1)
    }

    @Test("all ranks keep one network whosever moments they normalise with", arguments: Recipe.BatchNorm.allCases)
    func runningStatistics(batchNorm: Recipe.BatchNorm) throws {
        let data = try TinyDigits()
        let folder = try TemporaryFolder()
        func digests(_ output: String, ranks: Int, _ batchNorm: Recipe.BatchNorm) throws -> Set<String> {
            var flags = RecipeOverrides()
            flags.model = "lenet_bn"
            flags.data = data.specification
            flags.steps = 4
            flags.batchSize = 16
            flags.threads = 1
            flags.batchNorm = batchNorm
            flags.replicaCheckEvery = 1
            flags.output = folder.path + "/" + output
            let recipe = try Recipe.resolve(flags: flags)
            return Set(
                try InProcessCommunicator.run(ranks: ranks) { world in
                    try Trainer(recipe: recipe, world: world, console: Console(isQuiet: true)).run().parametersSHA256
                })
        }
        let one = try digests("one", ranks: 1, batchNorm)
        let four = try digests("four", ranks: 4, batchNorm)
        #expect(one.count == 1 && four.count == 1)
        #expect((one == four) == (batchNorm == .sync))
        // Average and local differ in the running statistics that are kept.
        let other = try digests("other", ranks: 4, batchNorm == .average ? .local : .average)
        #expect(other != four)
    }

    @Test(
        "16-bit gradients leave one network on all ranks, near the one of 32 bits",
        arguments: [Recipe.GradientType.bf16, .fp16])
    func compressed(type: Recipe.GradientType) throws {
        let data = try TinyDigits()
        let folder = try TemporaryFolder()
        func losses(_ output: String, _ type: Recipe.GradientType) throws -> (loss: Double, digests: Set<String>) {
            var flags = RecipeOverrides()
            flags.model = "lenet"
            flags.data = data.specification
            flags.steps = 6
            flags.batchSize = 16
            flags.threads = 1
            flags.gradientType = type
            flags.output = folder.path + "/" + output
            let recipe = try Recipe.resolve(flags: flags)
            let outcomes = try InProcessCommunicator.run(ranks: 4) { world in
                try Trainer(recipe: recipe, world: world, console: Console(isQuiet: true)).run()
            }
            return (outcomes[0].evaluation.loss, Set(outcomes.map(\.parametersSHA256)))
        }
        let exact = try losses("exact", .fp32)
        let rounded = try losses("rounded", type)
        #expect(exact.digests.count == 1 && rounded.digests.count == 1 && exact.digests != rounded.digests)
        // A gradient is off by 3 roundings to 8 bits of precision at most: six steps at this rate cannot move the loss
        // by more than a hundredth.
        #expect((exact.loss - rounded.loss).magnitude < 0.01 * exact.loss)
    }
}
