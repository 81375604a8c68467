import Collectives
import Foundation
import Recipes
import Runs
import Tensors
import Testing

@testable import Training

@Suite("Gradient accumulation", .serialized, .withOurKernels)
struct AccumulationTests {
    private let tiny: TinyRun

    init() throws { tiny = try TinyRun() }

    private func train(
        ranks: Int = 1, passes: Int, of batchSize: Int, model: String = "lenet",
        _ change: (inout RecipeOverrides) -> Void = { _ in }
    ) throws -> (digest: String, losses: [UInt64]) {
        let flags = tiny.flags(UUID().uuidString) { flags in
            flags.model = model
            flags.epochs = 2
            flags.batchSize = batchSize
            flags.accumulate = passes
            flags.learningRate = nil
            flags.bucketMegabytes = 1
            change(&flags)
        }
        let outcome = try tiny.train(ranks: ranks, flags)
        struct Line: Decodable { let loss: Double? }
        let losses = try String(contentsOfFile: outcome.folder.metrics, encoding: .utf8).split(separator: "\n")
            .compactMap { try JSONDecoder().decode(Line.self, from: Data($0.utf8)).loss?.bitPattern }
        return (outcome.parametersSHA256, losses)
    }

    @Test(
        "passes have the bits of one batch as large as all of them, on any number of ranks, in short last batches too",
        arguments: [(1, 2), (1, 8), (2, 4), (4, 2)])
    func bits(ranks: Int, passes: Int) throws {
        // 40 samples in batches of 24 leave 16.
        let whole = try train(passes: 1, of: 24)
        let parts = try train(ranks: ranks, passes: passes, of: 24 / passes)
        #expect(parts.digest == whole.digest)
        #expect(parts.losses == whole.losses)
    }

    @Test(
        "passes that the shards' tree has no place for give another order of sums, and train all the same",
        arguments: [3, 16])
    func rounding(passes: Int) throws {
        let whole = try train(passes: 1, of: 48) {
            $0.steps = 1; $0.epochs = nil
        }
        let parts = try train(passes: passes, of: 48 / passes) {
            $0.steps = 1; $0.epochs = nil
        }
        for (a, b) in zip(parts.losses, whole.losses) {
            let (a, b) = (Double(bitPattern: a), Double(bitPattern: b))
            #expect((a / b - 1).magnitude < 1e-4)
        }
        #expect(parts.losses.count == whole.losses.count)
    }

    @Test("batch norm sees each pass by itself, which is another computation")
    func batchNorm() throws {
        let whole = try train(passes: 1, of: 16, model: "lenet_bn")
        let parts = try train(passes: 2, of: 8, model: "lenet_bn")
        #expect(parts.digest != whole.digest)
    }

    @Test("passes cover every shard once, whatever their number", arguments: [1, 2, 3, 4, 5], [1, 2, 3, 4, 8])
    func passes(ranks: Int, count: Int) {
        let all = (0..<ranks).flatMap { Sharding(ranks: ranks, rank: $0).passes(count) }
        let shards = all[0].shards
        #expect(all.flatMap(\.ownShards).sorted() == Array(0..<shards))
        for pass in 0..<count {
            let parts = (0..<ranks).map { Sharding(ranks: ranks, rank: $0).passes(count)[pass] }
            let samples = parts.flatMap { part in part.ownShards.map { part.samples(ofShard: $0, batchSize: 45).count }
            }
            for part in parts { #expect(part.samplesOfPass(ranks: ranks, batchSize: 45) == samples.reduce(0, +)) }
        }
    }
}
