import Checkpoints
import Foundation
import Recipes
import Testing

@testable import Training

/// The values that a run chooses for itself.
@Suite(.serialized, .withOurKernels)
struct ChoiceTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    // MARK: The batch

    private func choice(_ speeds: [(Int, Double)]) -> (choice: BatchSizeChoice, tried: Int) {
        var choice = BatchSizeChoice()
        for (index, (batchSize, speed)) in speeds.enumerated() {
            let trial = BatchSizeChoice.Trial(batchSize: batchSize, imagesPerSecond: speed)
            guard choice.add(trial) else { return (choice, index + 1) }
        }
        return (choice, speeds.count)
    }

    @Test("the largest batch that keeps the speed is chosen, and none is tried beyond the first that does not keep it")
    func largest() {
        let (faster, tried) = choice([(8, 500), (16, 900), (32, 1000), (64, 990), (128, 960), (256, 700), (512, 1000)])
        #expect(faster.chosen?.batchSize == 128 && tried == 6 && faster.limit == .speed)
        #expect(faster.words == "--batch-size auto is 128: 960 images/s, 8 make 500 images/s; 256 make 700 images/s")
        let (all, _) = choice([(8, 500), (16, 1000)])
        #expect(all.chosen?.batchSize == 16 && all.limit == .data)
        #expect(all.words.hasSuffix("more would leave too few steps an epoch"))
        let (slower, once) = choice([(8, 100), (16, 50)])
        #expect(slower.chosen?.batchSize == 8 && once == 2)
        // Three steps of 64 images would take 24 seconds.
        let (slow, few) = choice([(8, 8), (16, 8), (32, 8), (64, 8)])
        #expect(slow.chosen?.batchSize == 32 && few == 3 && slow.limit == .patience)
    }

    @Test("the batches that are tried are powers of two that leave an epoch twenty steps")
    func candidates() {
        #expect(BatchSizeChoice.candidates(samples: 40, accumulate: 1) == [8])
        #expect(BatchSizeChoice.candidates(samples: 1000, accumulate: 1) == [8, 16, 32])
        #expect(BatchSizeChoice.candidates(samples: 1000, accumulate: 3) == [8, 16])
        #expect(BatchSizeChoice.candidates(samples: 1_281_167, accumulate: 1).last == 4096)
    }

    @Test("a run that chooses its batch equals a run with that batch, and its recipe names it", arguments: [1, 2])
    func batchSize(ranks: Int) throws {
        let given = try run.train(run.flags("given") { $0.batchSize = 8 })
        let chosen = try run.train(ranks: ranks, run.flags("chosen") { $0.batchSize = Recipe.Auto.batchSize })
        #expect(chosen.parametersSHA256 == given.parametersSHA256)
        let recipe = try RecipeOverrides(contentsOf: run.path("chosen") + "/config.yaml")
        #expect(recipe.batchSize == 8)
        #expect(try run.checkpoint("chosen", step: 15).about(path: "a").recipe.contains("batch_size: 8\n"))
    }

    // MARK: The learning rate

    @Test("a tenth of the rate of the least loss is chosen, in two digits")
    func rate() throws {
        var choice = LearningRateChoice()
        for index in 0..<LearningRateChoice.steps {
            let rate = LearningRateChoice.rate(index)
            // The loss falls from 2.3 to 1.3 around 0.01, and rises from 0.5 on.
            let loss = 2.3 - 1 / (1 + 0.01 / rate) + (rate > 0.5 ? 20 * (rate - 0.5) : 0)
            guard choice.add(rate: rate, loss: loss) else { break }
        }
        let chosen = try #require(choice.chosen)
        #expect(chosen > 0.03 && chosen < 0.1)
        #expect(chosen == (chosen * 1000).rounded() / 1000)
        #expect(choice.points.count < LearningRateChoice.steps, "it ends where the loss has blown up")
        #expect(choice.words.hasPrefix("--lr auto is \(chosen): a tenth of "))
        #expect(choice.table.split(separator: "\n").count == choice.points.count + 1)
        #expect(abs(LearningRateChoice.rate(LearningRateChoice.steps - 1) / 10 - 1) < 1e-12)
    }

    @Test("no rate is chosen where the loss never falls, and the test ends where the loss is NaN")
    func hopeless() {
        var flat = LearningRateChoice()
        let goOn = (0..<60).map { flat.add(rate: LearningRateChoice.rate($0), loss: 2.3) }
        #expect(!goOn.contains(false) && flat.chosen == nil)
        var bad = LearningRateChoice()
        let first = bad.add(rate: 1e-6, loss: 2.3)
        let second = bad.add(rate: 1e-5, loss: .nan)
        #expect(first && !second && bad.points.count == 1)
    }

    @Test("a run that chooses its rate equals a run with that rate, on any number of ranks, and keeps the curve")
    func learningRate() throws {
        func auto(_ flags: inout RecipeOverrides) {
            flags.learningRate = Recipe.Auto.learningRate
            flags.averageWeights = 0.9
        }
        let chosen = try run.train(run.flags("chosen", auto))
        let recipe = try RecipeOverrides(contentsOf: run.path("chosen") + "/config.yaml")
        let rate = try #require(recipe.learningRate)
        #expect(rate > 1e-5 && rate < 1)
        let given = try run.train(
            run.flags("given") { flags in
                auto(&flags)
                flags.learningRate = rate
            })
        #expect(given.parametersSHA256 == chosen.parametersSHA256)
        #expect(try run.story("given") == run.story("chosen"))
        let two = try run.train(ranks: 2, run.flags("two", auto))
        #expect(two.parametersSHA256 == chosen.parametersSHA256)
        let curve = try String(contentsOfFile: run.path("chosen") + "/lr-range.tsv", encoding: .utf8)
        #expect(curve == (try String(contentsOfFile: run.path("two") + "/lr-range.tsv", encoding: .utf8)))
        #expect(curve.hasPrefix("learning_rate\tloss\tsmooth_loss\n"))
    }

    @Test("a loss that falls at no rate is an error that names the curve")
    func noRate() throws {
        let words = try run.failure(
            ranks: 2,
            run.flags("run") { flags in
                flags.learningRate = Recipe.Auto.learningRate
                flags.freeze = ["0.", "3.", "7.", "9.", "11."]
            })
        #expect(words.contains("lr-range.tsv") && words.contains("--lr"), "\(words)")
    }

    @Test("a resumed run keeps the values that its earlier part chose")
    func earlier() throws {
        var flags = RecipeOverrides()
        flags.model = "lenet"
        flags.batchSize = Recipe.Auto.batchSize
        flags.learningRate = Recipe.Auto.learningRate
        let recipe = try Recipe.resolve(flags: flags)
        #expect(recipe.choosesBatchSize && recipe.choosesLearningRate)
        #expect(recipe.yaml().contains("batch_size: auto\n") && recipe.yaml().contains("\nlr: auto\n"))
        let again = try Recipe.resolve(flags: RecipeOverrides(yaml: recipe.yaml(), path: "a"))
        #expect(again == recipe)
        var chosen = RecipeOverrides()
        (chosen.batchSize, chosen.learningRate) = (64, 0.25)
        let taken = try recipe.choosing(as: chosen)
        #expect(taken.batchSize == 64 && taken.learningRate == 0.25)
        #expect(!taken.choosesBatchSize && !taken.choosesLearningRate)
        // A chosen batch comes with its own learning rate.
        flags.learningRate = nil
        #expect(try Recipe.resolve(flags: flags).with(batchSize: 512).learningRate == 0.2)
        flags.learningRate = Recipe.Auto.learningRate
        flags.learningRateBatch = 256
        #expect(throws: RecipeError.self) { try Recipe.resolve(flags: flags) }
    }
}
