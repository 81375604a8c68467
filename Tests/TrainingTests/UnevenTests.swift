import Collectives
import Foundation
import Recipes
import Runs
import Testing

@testable import Training

/// Batches that ranks cannot share evenly, on 40 images to train and 12 to test.
@Suite("Uneven shares", .serialized, .withOurKernels)
struct UnevenTests {
    private let tiny: TinyRun

    init() throws { tiny = try TinyRun() }

    private func train(
        ranks: Int, batchSize: Int, model: String = "lenet_bn", _ change: (inout RecipeOverrides) -> Void = { _ in }
    ) throws -> TrainingOutcome {
        let flags = tiny.flags(UUID().uuidString) { flags in
            flags.model = model
            flags.epochs = 1
            flags.batchSize = batchSize
            flags.learningRate = 0.1
            flags.logEvery = nil
            change(&flags)
        }
        let outcome = try tiny.train(ranks: ranks, flags)
        #expect(outcome.evaluation.samples == 12, "every test sample counts once")
        return outcome
    }

    /// The samples of the steps, and the losses.
    private func steps(_ outcome: TrainingOutcome) throws -> [Double] {
        struct Line: Decodable {
            let kind: String
            let loss: Double?
        }
        let text = try String(contentsOfFile: outcome.folder.metrics, encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
            .filter { $0.kind == "train" }.compactMap(\.loss)
    }

    @Test(
        "batches that no rank's share divides, short last ones and fewer samples than ranks have the bits of one rank",
        arguments: [2, 4, 8], [3, 7, 17])
    func bits(ranks: Int, batchSize: Int) throws {
        let alone = try train(ranks: 1, batchSize: batchSize)
        let together = try train(ranks: ranks, batchSize: batchSize)
        #expect(together.parametersSHA256 == alone.parametersSHA256)
        #expect(together.evaluation.loss.bitPattern == alone.evaluation.loss.bitPattern)
    }

    @Test(
        "any number of ranks weighs samples truly: the first step's loss is one rank's up to rounding",
        arguments: [3, 5, 7, 11])
    func anyRanks(ranks: Int) throws {
        for batchSize in [2, 13] {
            let one = { (flags: inout RecipeOverrides) in
                flags.epochs = nil
                flags.steps = 1
            }
            let alone = try #require(try steps(train(ranks: 1, batchSize: batchSize, one)).first)
            let together = try #require(try steps(train(ranks: ranks, batchSize: batchSize, one)).first)
            // A loss is a float32 computation of some thousand terms; weights other than the true counts would be off
            // by parts.
            #expect((together / alone - 1).magnitude < 1e-4)
        }
    }

    @Test("a rank without samples does no harm to moments that ranks keep to themselves")
    func local() throws {
        let outcome = try train(ranks: 4, batchSize: 3) { $0.batchNorm = .local }
        #expect(outcome.evaluation.loss.isFinite)
    }

    @Test("as many virtual shards as ranks give sixteen ranks the bits of one")
    func virtualShards() throws {
        let change = { (flags: inout RecipeOverrides) in
            flags.virtualShards = 16
            flags.epochs = nil
            flags.steps = 2
        }
        let alone = try train(ranks: 1, batchSize: 20, change)
        #expect(try train(ranks: 16, batchSize: 20, change).parametersSHA256 == alone.parametersSHA256)
        #expect(
            try train(
                ranks: 1, batchSize: 20,
                {
                    change(&$0)
                    $0.virtualShards = 8
                }
            ).parametersSHA256 != alone.parametersSHA256)
    }
}
