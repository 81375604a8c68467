import Collectives
import Foundation
import Recipes
import Runs
import Testing

@testable import Training

@Suite("A training run", .serialized)
struct TrainerTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    /// Returns the flags of a run of two epochs.
    private func flags(_ output: String, _ change: (inout RecipeOverrides) -> Void = { _ in }) -> RecipeOverrides {
        run.flags(output) { flags in
            flags.epochs = 2
            change(&flags)
        }
    }

    @Test("one run has the same bits on 1, 2, 4 and 8 ranks", .withOurKernels, arguments: [2, 4, 8])
    func ranks(ranks: Int) throws {
        let alone = try run.train(flags("alone"))
        let together = try run.train(ranks: ranks, flags("together"))
        #expect(together.parametersSHA256 == alone.parametersSHA256)
        #expect(together.evaluation.loss.bitPattern == alone.evaluation.loss.bitPattern)
        #expect(try run.story("together") == run.story("alone"))
    }

    @Test("another seed gives another network")
    func seed() throws {
        let one = try run.train(flags("one"))
        let other = try run.train(flags("other") { $0.seed = 8 })
        #expect(one.parametersSHA256 != other.parametersSHA256)
    }

    @Test("every test sample counts once, whatever the number of ranks", arguments: [1, 3, 5, 8])
    func evaluation(ranks: Int) throws {
        let outcome = try run.train(
            ranks: ranks,
            flags("run") { flags in
                flags.epochs = nil
                flags.steps = 1
            })
        #expect(outcome.evaluation.samples == 12)
    }

    @Test("metrics record each reported step, each evaluation, and the end")
    func metrics() throws {
        let outcome = try run.train(flags("run"))
        struct Line: Decodable {
            let kind: String
            let epoch: Int
            let step: Int
            let samples: Int?
            let loss: Double?
            let parameters_sha256: String?
        }
        let text = try String(contentsOfFile: outcome.folder.metrics, encoding: .utf8)
        let all = try text.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        let lines = all.filter { $0.loss != nil }
        #expect(
            lines.map(\.kind) == [
                "train", "train", "train", "evaluation", "train", "train", "train", "evaluation", "final",
            ])
        #expect(all.filter { $0.loss == nil }.map(\.kind) == ["norms", "time", "norms", "time", "time"])
        #expect(lines.map(\.step) == [1, 2, 3, 3, 4, 5, 6, 6, 6])
        #expect(lines.map(\.epoch) == [1, 1, 1, 1, 2, 2, 2, 2, 2])
        #expect(lines.map(\.samples) == [16, 32, 40, 12, 56, 72, 80, 12, 12])
        #expect(lines.last?.parameters_sha256 == outcome.parametersSHA256)
        #expect(lines.last?.loss?.bitPattern == outcome.evaluation.loss.bitPattern)
    }

    @Test("the recipe in a run's folder makes the same run again")
    func keptRecipe() throws {
        let first = try run.train(flags("first"))
        var again = try RecipeOverrides(contentsOf: first.folder.recipe)
        again.output = run.path("again")
        #expect(try run.train(again).parametersSHA256 == first.parametersSHA256)
    }

    @Test(
        "a run resumed from an epoch's end has the bits and the records of one that never stopped", .withOurKernels,
        arguments: [1, 2])
    func resumeAfterEpoch(ranks: Int) throws {
        let whole = try run.train(flags("whole") { $0.epochs = 3 })
        try run.train(flags("broken") { $0.epochs = 3 })
        // The checkpoints are those of a run that was killed within its second epoch.
        try run.forget("broken", after: 3)
        let resumed = try run.train(
            ranks: ranks,
            flags("broken") { flags in
                flags.epochs = 3
                flags.resume = .auto
            })
        #expect(resumed.parametersSHA256 == whole.parametersSHA256)
        #expect(try run.story("broken") == run.story("whole"))
    }

    @Test(
        "a run resumed in the middle of an epoch has the bits of one that never stopped", .withOurKernels,
        arguments: [1, 2, 4, 5])
    func resumeWithinEpoch(stop: Int) throws {
        func steps(_ steps: Int) -> (inout RecipeOverrides) -> Void {
            { flags in
                flags.epochs = nil
                flags.steps = steps
                flags.schedule = .constant
            }
        }
        let whole = try run.train(flags("whole", steps(7)))
        try run.train(ranks: 2, flags("broken", steps(stop)))
        let resumed = try run.train(
            flags("broken") { flags in
                steps(7)(&flags)
                flags.resume = .auto
            })
        #expect(resumed.parametersSHA256 == whole.parametersSHA256)
    }

    @Test("a run that is complete and resumed ends with the same results")
    func resumeAtEnd() throws {
        let whole = try run.train(flags("run"))
        let before = try run.story("run")
        let resumed = try run.train(flags("run") { $0.resume = .auto })
        #expect(resumed.parametersSHA256 == whole.parametersSHA256)
        #expect(try run.story("run") == before)
    }

    @Test("a checkpoint is evaluated to the loss and accuracy of its run", arguments: [1, 2])
    func checkpointEvaluation(ranks: Int) throws {
        let outcome = try run.train(flags("run"))
        let path = try run.file("run", step: outcome.step)
        let results = try InProcessCommunicator.run(ranks: ranks) { world in
            try CheckpointEvaluation(
                of: { try NetworkFile(contentsOf: path, model: nil) }, data: nil, threads: 1, instructionSet: .auto,
                world: world
            ).evaluation
        }
        for result in results {
            #expect(result.loss.bitPattern == outcome.evaluation.loss.bitPattern)
            #expect(result.correct == outcome.evaluation.correct)
        }
    }
}

/// Mistakes of users, which all ranks report in rank 0's words.
@Suite("Mistakes in a run", .serialized)
struct TrainerMistakeTests {
    private let data: TinyDigits
    private let folder: TemporaryFolder

    init() throws {
        data = try TinyDigits()
        folder = try TemporaryFolder()
    }

    private func failure(ranks: Int = 2, _ change: (inout RecipeOverrides) -> Void) throws -> String {
        var flags = RecipeOverrides()
        flags.model = "lenet"
        flags.data = data.specification
        flags.steps = 2
        flags.batchSize = 16
        flags.threads = 1
        flags.output = folder.path + "/run"
        change(&flags)
        let recipe = try Recipe.resolve(flags: flags)
        let words = try InProcessCommunicator.run(ranks: ranks) { world in
            do {
                _ = try Trainer(recipe: recipe, world: world, console: Console(isQuiet: true)).run()
                return ""
            } catch let error as SharedFailure {
                return error.description
            }
        }
        // Every rank has failed; the message is rank 0's.
        #expect(words.allSatisfy { !$0.isEmpty })
        return words[0]
    }

    @Test("an unknown model is refused with the nearest name")
    func model() throws {
        #expect(try failure { $0.model = "lennet" }.contains("lenet"))
    }

    @Test("fewer classes than the data have are refused")
    func classes() throws {
        let words = try failure { $0.classes = 3 }
        #expect(words == "\(TrainingError.tooFewClasses(found: 3, needed: 10, data: "fashion-mnist"))")
    }

    @Test("a folder that holds a run already, and one without a checkpoint to resume, are refused")
    func folders() throws {
        let run = folder.path + "/run"
        #expect(try failure { $0.learningRate = 1e38 }.contains("diverged"))
        #expect(try failure { _ in } == "\(TrainingError.outputTaken(path: run))")
        #expect(try failure { $0.resume = .from(path: run) }.contains("no checkpoint"))
    }

    @Test("a loss that is not finite names the step and what to try")
    func divergence() throws {
        let words = try failure { $0.learningRate = 1e38 }
        #expect(words.contains("step 2") && words.contains("--lr"))
    }

    @Test("a run with another recipe is not resumed")
    func otherRun() throws {
        _ = try InProcessCommunicator.run(ranks: 1) { [data, folder] world in
            var flags = RecipeOverrides()
            flags.model = "lenet"
            flags.data = data.specification
            flags.steps = 1
            flags.batchSize = 16
            flags.threads = 1
            flags.output = folder.path + "/run"
            let recipe = try Recipe.resolve(flags: flags)
            return try Trainer(recipe: recipe, world: world, console: Console(isQuiet: true)).run()
        }
        func words(_ change: (inout RecipeOverrides) -> Void) throws -> String {
            try failure { flags in
                flags.resume = .auto
                change(&flags)
            }
        }
        #expect(try words { $0.batchSize = 8 }.contains("batch_size: 16 (now 8)"))
        #expect(try words { $0.classes = 11 }.contains("classes: none (now 11)"))
        #expect(try words { $0.seed = 3 }.contains("seed: 1 (now 3): leave it as it was, or say --override seed"))
        #expect(try words { $0.model = "resnet18_cifar" }.contains("model: lenet (now resnet18_cifar)"))
        #expect(try words { $0.imageSize = 32 }.contains("image_size: none (now 32)"))
        // Values that are the defaults anyway are no difference; several differences are reported at once.
        let several = try words { flags in
            flags.classes = 10
            flags.imageSize = 28
            flags.momentum = 0.5
            flags.learningRate = 0.25
        }
        #expect(several.contains("lr: 0.00625 (now 0.25), momentum: 0.9 (now 0.5): leave them as they were"))
    }
}
