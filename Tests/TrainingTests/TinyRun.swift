import Checkpoints
import Collectives
import Engine
import Foundation
import Recipes
import Runs
import TestSupport
import Testing

@testable import Training

/// Runs of LeNet on a few images, in a folder of their own: 40 to train in batches of 16, hence 3 steps an epoch, the
/// last one with fewer images.
struct TinyRun {
    let data: TinyDigits
    let folder: TemporaryFolder

    init() throws {
        data = try TinyDigits()
        folder = try TemporaryFolder()
    }

    func path(_ output: String) -> String { folder.path + "/" + output }

    func flags(_ output: String, _ change: (inout RecipeOverrides) -> Void = { _ in }) -> RecipeOverrides {
        var flags = RecipeOverrides()
        flags.model = "lenet"
        flags.data = data.specification
        flags.epochs = 3
        flags.batchSize = 16
        flags.learningRate = 0.5
        flags.threads = 1
        flags.seed = 7
        flags.output = path(output)
        flags.logEvery = 1
        change(&flags)
        return flags
    }

    /// - Throws: the error that the ranks throw, which is the same on all.
    @discardableResult
    func train(
        ranks: Int = 1, _ flags: RecipeOverrides, hooks: TrainerHooks = TrainerHooks(),
        observers: @escaping RunObservers = { _ in [] }
    ) throws -> TrainingOutcome {
        let recipe = try Recipe.resolve(flags: flags)
        let outcomes = try InProcessCommunicator.run(ranks: ranks) { world in
            Result {
                let trainer = try Trainer(
                    recipe: recipe, world: world, console: Console(isQuiet: true), observers: observers)
                trainer.hooks = hooks
                return try trainer.run()
            }
        }
        let failures = outcomes.filter { if case .failure = $0 { true } else { false } }
        #expect(failures.isEmpty || failures.count == ranks, "all ranks fail, or none")
        let first = try #require(outcomes.first).get()
        #expect(
            Set(try outcomes.map { try $0.get().parametersSHA256 }).count == 1, "all ranks end with the same parameters"
        )
        #expect(
            Set(try outcomes.map { try $0.get().evaluation.samples }).count == 1, "all ranks know of all test samples")
        return first
    }

    /// Returns the message of the error that all ranks throw.
    func failure(ranks: Int = 1, _ flags: RecipeOverrides, hooks: TrainerHooks = TrainerHooks()) throws -> String {
        do {
            try train(ranks: ranks, flags, hooks: hooks)
            Issue.record("the run did not fail")
            return ""
        } catch {
            return "\(error)"
        }
    }

    /// Returns the records of a run, without the values that depend on the clock.
    func story(_ output: String) throws -> [String] { try reportedLines(path(output) + "/metrics.jsonl") }

    /// Returns the steps of the existing checkpoints, the oldest first.
    func steps(_ output: String) throws -> [Int] {
        try directory(output).entries().map(\.step).reversed()
    }

    func directory(_ output: String) -> CheckpointDirectory {
        CheckpointDirectory(path: path(output) + "/checkpoints")
    }

    func file(_ output: String, step: Int) throws -> String {
        try #require(try directory(output).entries().first { $0.step == step }).path
    }

    func checkpoint(_ output: String, step: Int) throws -> Checkpoint {
        try Checkpoint(contentsOf: file(output, step: step))
    }

    /// Removes the checkpoints after this step, as if the run had been killed before them.
    func forget(_ output: String, after step: Int) throws {
        for entry in try directory(output).entries() where entry.step > step {
            try FileManager.default.removeItem(atPath: entry.path)
        }
    }
}

/// Makes a run save its state after every step, and keep all of these states.
func everyStep(_ flags: inout RecipeOverrides) {
    flags.checkpointEvery = [.steps(1)]
    flags.keepLast = 20
}

extension Trait where Self == ConditionTrait {
    /// The condition for tests of bits that are the same on any number of ranks: without AVX2, OpenBLAS computes, in
    /// orders of its own.
    static var withOurKernels: Self { .enabled(if: Backend.avx2.isSupported, "OpenBLAS has bits of its own") }
}
