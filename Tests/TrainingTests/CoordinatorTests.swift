import Checkpoints
import Foundation
import Recipes
import Synchronization
import Testing

@testable import Training

/// A disk that refuses a checkpoint as long as it is told to.
private final class FullDisk: Sendable {
    struct NoSpace: Error, CustomStringConvertible { let description = "No space left on device" }

    let refused = Mutex<[Int]>([])

    /// Refuses checkpoints of these steps, each as many times as is said.
    func hooks(_ refusals: [Int: Int]) -> TrainerHooks {
        var hooks = TrainerHooks()
        hooks.commit = { [self] checkpoint in
            let step = try checkpoint.about(path: "").progress.globalStep
            let before = refused.withLock { refused in
                refused.append(step)
                return refused.count { $0 == step }
            }
            if before <= refusals[step] ?? 0 { throw NoSpace() }
        }
        return hooks
    }
}

@Suite("The coordinator", .serialized, .withOurKernels)
struct CoordinatorTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    @Test(
        "a disk that is full for a while ends no training, changes nothing, and takes later checkpoints",
        arguments: [1, 2])
    func fullDisk(ranks: Int) throws {
        let whole = try run.train(run.flags("whole"))
        let outcome = try run.train(
            ranks: ranks, run.flags("run", everyStep), hooks: FullDisk().hooks([2: 1, 3: 1, 4: 1, 9: 1]))
        #expect(outcome.parametersSHA256 == whole.parametersSHA256)
        // The last was tried again.
        #expect(try run.steps("run") == [1, 5, 6, 7, 8, 9])
        #expect(try run.story("run") == run.story("whole"))
    }

    @Test("a run whose end cannot be saved fails at its end, on all ranks, and its folder can be taken up again")
    func neverSaved() throws {
        let whole = try run.train(run.flags("whole"))
        let words = try run.failure(
            ranks: 2, run.flags("run"),
            hooks: FullDisk().hooks(Dictionary(uniqueKeysWithValues: (1...9).map { ($0, 100) })))
        #expect(words.contains("could not be saved") && words.contains("No space left"), "\(words)")
        #expect(try run.train(run.flags("run") { $0.resume = .auto }).parametersSHA256 == whole.parametersSHA256)
    }

    @Test("what failed is tried again a minute later, by rank 0's clock, on all ranks")
    func triedAgain() throws {
        let disk = FullDisk()
        var hooks = disk.hooks([4: 1])
        let looks = Mutex(0.0)
        // More than a minute a look; one look a step and some around checkpoints.
        hooks.clock = {
            looks.withLock { looks in
                looks += 70
                return looks
            }
        }
        hooks.batch = { _, step, loaded in
            while step > 4 && disk.refused.withLock({ $0.isEmpty }) { Thread.sleep(forTimeInterval: 0.001) }
            Thread.sleep(forTimeInterval: 0.02)
            return loaded
        }
        try run.train(
            ranks: 2,
            run.flags("run") { flags in
                flags.checkpointEvery = [.steps(4)]
                flags.keepLast = 20
            }, hooks: hooks)
        let steps = try run.steps("run")
        #expect(!steps.contains(4) && steps.contains { [5, 6, 7].contains($0) }, "\(steps)")
    }

    @Test("checkpoints by the clock are taken when rank 0 says so, on all ranks")
    func byTheClock() throws {
        let looks = Mutex(0.0)
        var hooks = TrainerHooks()
        hooks.clock = {
            looks.withLock { looks in
                looks += 30
                return looks
            }
        }
        try run.train(
            ranks: 4,
            run.flags("run") {
                $0.checkpointEvery = [.seconds(60)]; $0.keepLast = 20
            }, hooks: hooks)
        let steps = try run.steps("run")
        #expect(steps.count > 2 && steps.count < 9 && steps.last == 9, "\(steps)")
    }

    /// Each checkpoint is held up until the run is two steps further.
    private func slow(ahead: Int) -> TrainerHooks {
        let reached = Mutex(0)
        var hooks = TrainerHooks()
        hooks.batch = { _, step, loaded in
            reached.withLock { $0 = max($0, step) }
            return loaded
        }
        hooks.commit = { checkpoint in
            let step = try checkpoint.about(path: "").progress.globalStep
            while reached.withLock({ $0 }) < min(step + ahead, 8) { Thread.sleep(forTimeInterval: 0.001) }
        }
        return hooks
    }

    @Test(
        "training goes on while a checkpoint is written; one that is due meanwhile is left out where that is asked for")
    func skips() throws {
        let whole = try run.train(run.flags("whole"))
        let outcome = try run.train(
            run.flags("run") { flags in
                everyStep(&flags)
                flags.checkpointBusy = .skip
            }, hooks: slow(ahead: 2))
        let steps = try run.steps("run")
        #expect(steps.first == 1 && !steps.contains(2) && steps.last == 9, "\(steps)")
        #expect(outcome.parametersSHA256 == whole.parametersSHA256)
    }

    @Test("what is saved while training goes on is the state of its own step")
    func copy() throws {
        try run.train(run.flags("slow") { $0.checkpointEvery = [.steps(4)] }, hooks: slow(ahead: 3))
        try run.train(run.flags("quick") { $0.checkpointEvery = [.steps(4)] })
        for step in [4, 8, 9] {
            let (slow, quick) = (try run.checkpoint("slow", step: step), try run.checkpoint("quick", step: step))
            #expect(slow.tensors == quick.tensors && slow.optimizer == quick.optimizer)
        }
    }

    @Test("the newest, the best by test accuracy, and one of each so many epochs stay")
    func retention() throws {
        try run.train(
            run.flags("run") { flags in
                flags.epochs = 8
                flags.checkpointEvery = [.steps(1)]
                flags.keepLast = 2
                flags.keepBest = 1
                flags.keepEvery = .epochs(4)
            })
        let accuracies = try run.story("run").filter { $0.contains("evaluation") }.map { line in
            let text = try #require(line.firstMatch(of: /"accuracy": ([^,]*)/)).1
            return try #require(Double(text))
        }
        let best = try #require(accuracies.indices.max { accuracies[$0] < accuracies[$1] })
        #expect(try run.steps("run") == Set([23, 24, 12, 24, 3 * (best + 1)]).sorted())
        let about = try run.checkpoint("run", step: 24).about(path: "")
        #expect(about.metrics["test_accuracy"] == accuracies.last)
    }

    @Test("a run that is asked to leave saves on all ranks, and goes on to the same bits", arguments: [0, 2])
    func leaves(asked: Int) throws {
        let whole = try run.train(run.flags("whole"))
        var hooks = TrainerHooks()
        hooks.isStopAsked = { rank, step in rank == asked && step == 4 }
        #expect(throws: RunStopped.self) { try run.train(ranks: 4, run.flags("run"), hooks: hooks) }
        #expect(try run.steps("run").last == 5)
        #expect(
            try run.train(ranks: 2, run.flags("run") { $0.resume = .auto }).parametersSHA256 == whole.parametersSHA256)
        #expect(try run.story("run") == run.story("whole"))
    }

    @Test("a second run on a folder is refused while the first goes on")
    func secondRun() throws {
        let words = Mutex("")
        var hooks = TrainerHooks()
        hooks.batch = { [run] _, step, loaded in
            if step == 1 {
                let found = (try? run.failure(run.flags("run"))) ?? ""
                words.withLock { $0 = found }
            }
            return loaded
        }
        try run.train(run.flags("run"), hooks: hooks)
        #expect(words.withLock { $0 }.contains("is in use by another run (process \(getpid()) on "))
        #expect(!FileManager.default.fileExists(atPath: run.path("run") + "/run.lock"))
    }
}
