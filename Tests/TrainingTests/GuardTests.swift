import Checkpoints
@testable import Datasets
import Foundation
import Recipes
import Tensors
import Testing

@testable import Training

@Suite("A loss or gradient that is no number", .serialized, .withOurKernels)
struct GuardTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    /// One gradient of `rank` is not a number at these steps, counted from 0.
    private func spoiled(_ steps: Set<Int>, rank spoiling: Int = 0, by value: Float = .nan) -> TrainerHooks {
        var hooks = TrainerHooks()
        hooks.gradients = { rank, step, finished, gradients in
            if rank == spoiling, steps.contains(step), finished > 0 { gradients[0] = value }
        }
        return hooks
    }

    private func flags(
        _ output: String, _ policy: Recipe.NonFinitePolicy, model: String = "lenet"
    ) -> RecipeOverrides {
        run.flags(output) { flags in
            flags.model = model
            flags.onNonFinite = policy
            flags.checkpointEvery = [.steps(1)]
            flags.keepLast = 20
        }
    }

    @Test(
        "a loss or gradient that is no number stops the run and names step and rank",
        arguments: [Float.nan, .infinity, -.infinity])
    func stops(value: Float) throws {
        let words = try run.failure(ranks: 4, flags("run", .stop), hooks: spoiled([4], rank: 2, by: value))
        #expect(words.contains("a gradient became infinite or not a number at step 5, first on rank 2/4"), "\(words)")
        #expect(words.contains("the checkpoint of step 4 is still good"), "\(words)")
        #expect(try run.steps("run") == [1, 2, 3, 4])
        // What is there is good.
        let whole = try run.train(run.flags("whole"))
        #expect(try run.train(run.flags("run") { $0.resume = .auto }).parametersSHA256 == whole.parametersSHA256)
    }

    @Test("a loss that is no number is traced to the rank that has it in an earlier pass of a step")
    func tracedThroughPasses() throws {
        var hooks = TrainerHooks()
        hooks.batch = { rank, step, loaded in
            guard rank == 1, step == 1 else { return loaded }
            var (loaded, pass) = (loaded, loaded.earlierPasses[0])
            pass = LoadedBatch(
                step: pass.step,
                batch: Batch(
                    images: FloatImages(pass.batch.images.floats.map { _ in .nan }, samples: pass.batch.count),
                    targets: pass.batch.targets, sampleIDs: pass.batch.sampleIDs, shardSizes: pass.batch.shardSizes),
                globalSamples: pass.globalSamples, shard: pass.shard)
            loaded.earlierPasses[0] = pass
            return loaded
        }
        var accumulated = flags("run", .stop)
        accumulated.batchSize = 8
        accumulated.accumulate = 2
        let words = try run.failure(ranks: 2, accumulated, hooks: hooks)
        #expect(words.contains("the loss became nan at step 2, first on rank 1/2"), "\(words)")
    }

    @Test("a loss that is no number is traced to the rank whose images have it, through shared moments")
    func traced() throws {
        var hooks = TrainerHooks()
        hooks.batch = { rank, step, loaded in
            guard rank == 3, step == 1 else { return loaded }
            var images = loaded.batch.images.floats
            images[7] = .nan
            let batch = Batch(
                images: FloatImages(images, samples: loaded.batch.count), targets: loaded.batch.targets,
                sampleIDs: loaded.batch.sampleIDs,
                shardSizes: loaded.batch.shardSizes)
            return LoadedBatch(
                step: loaded.step, batch: batch, globalSamples: loaded.globalSamples, shard: loaded.shard)
        }
        let words = try run.failure(ranks: 4, flags("run", .stop, model: "lenet_bn"), hooks: hooks)
        #expect(words.contains("the loss became nan at step 2, first on rank 3/4"), "\(words)")
    }

    @Test(
        "a loss or gradient that is no number leaves no trace of the step where it is skipped",
        arguments: ["lenet", "lenet_bn"])
    func skipped(model: String) throws {
        // The last step of the epoch, whose end is saved whatever happened.
        try run.train(ranks: 2, flags("run", .skip, model: model), hooks: spoiled([5], rank: 1))
        let (before, after) = (try run.checkpoint("run", step: 5), try run.checkpoint("run", step: 6))
        #expect(before.tensors == after.tensors && before.optimizer == after.optimizer)
        #expect(try run.checkpoint("run", step: 7).tensors != after.tensors)
        #expect(try run.steps("run") == Array(1...9))
        let line = try #require(try run.story("run").first { $0.contains("skipped") })
        #expect(line.contains("\"step\": 6") && line.contains("\"rank\": 1"))
    }

    @Test("a loss or gradient that is no number ends the run where skipping does not help")
    func skippedInVain() throws {
        let words = try run.failure(
            run.flags("run") { flags in
                flags.onNonFinite = .skip
                flags.epochs = 10
            }, hooks: spoiled(Set(2..<30)))
        #expect(words.contains("at step 13") && words.contains("does not help"), "\(words)")
    }

    @Test(
        "a loss that is no number sends the run back to the newest checkpoint, and past the step's samples",
        arguments: [1, 2])
    func rewound(ranks: Int) throws {
        let flags = run.flags("run") { flags in
            flags.onNonFinite = .rewind
            flags.checkpointEvery = [.steps(3)]
        }
        try run.train(ranks: ranks, flags, hooks: spoiled([4]))
        // Steps 4 and 5 are lost; step 6 is the one after step 3.
        let sixth = try run.checkpoint("run", step: 6)
        try run.train(run.flags("whole") { $0.checkpointEvery = [.steps(3)] }, hooks: spoiled([]))
        #expect(try run.checkpoint("whole", step: 3).tensors == run.checkpoint("run", step: 3).tensors)
        #expect(try run.checkpoint("whole", step: 6).tensors != sixth.tensors)
        let line = try #require(try run.story("run").first { $0.contains("rewound") })
        #expect(line.contains("\"back_to\": 3") && line.contains("\"step\": 5"))
        // The same again, from where it was: what happened is a function of the run.
        try run.forget("run", after: 3)
        var again = flags
        again.resume = .auto
        try run.train(again, hooks: spoiled([4]))
        #expect(try run.checkpoint("run", step: 6).tensors == sixth.tensors)
    }

    @Test("a loss that is no number ends the run where going back is impossible or does not help")
    func rewoundInVain() throws {
        let nothing = try run.failure(flags("none", .rewind), hooks: spoiled([0]))
        #expect(nothing.contains("at step 1") && nothing.contains("no checkpoint to go back to"), "\(nothing)")
        var flags = flags("often", .rewind)
        flags.batchSize = 8
        let often = try run.failure(flags, hooks: spoiled([1, 2, 3, 4]))
        #expect(often.contains("at step 5") && often.contains("again and again"), "\(often)")
    }

    @Test("a state with a number that is none is not saved")
    func badState() throws {
        // A finite step so long that weights overflow.
        let words = try run.failure(
            run.flags("run") {
                $0.learningRate = 3e38; $0.checkpointEvery = [.steps(1)]
            })
        #expect(words.contains("diverged"), "\(words)")
        for entry in (try? run.directory("run").entries()) ?? [] {
            let tensors = try Checkpoint(contentsOf: entry.path).tensors
            #expect(!tensors.contains { $0.floats?.contains { !$0.isFinite } ?? false })
        }
    }
}
