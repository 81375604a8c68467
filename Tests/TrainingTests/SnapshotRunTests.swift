import Checkpoints
import Engine
import Foundation
import Recipes
import Runs
import Synchronization
import Testing

@testable import Training

/// Runs whose ranks all die at one moment, with no checkpoint but that of the end, and go on from the memory of a host.
@Suite("A run that goes on from memory", .serialized, .withOurKernels)
struct SnapshotRunTests {
    private let run: TinyRun
    private let memory: TemporaryFolder

    init() throws {
        run = try TinyRun()
        memory = try TemporaryFolder()
    }

    private struct Died: Error {}

    private func keep(_ flags: inout RecipeOverrides) {
        flags.snapshotEvery = 1
        flags.checkpointEvery = [.epochs(100)]
        flags.logEvery = 2
    }

    /// A folder of its own for the host of a rank, of which `hosts` are there.
    private func host(_ rank: Int) -> SnapshotFolder { SnapshotFolder(path: memory.path + "/\(rank)") }

    /// - Parameters:
    ///   - step: where all ranks die, right behind the snapshot of that step.
    ///   - hosts: how many hosts there are; the lowest rank of each is its first.
    private func makeHooks(dyingAfter step: Int? = nil, hosts: Int = 1) throws -> TrainerHooks {
        let folders = (0..<hosts).map(host)
        for folder in folders {
            try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        }
        var hooks = TrainerHooks()
        hooks.snapshotFolder = { rank, _ in rank < hosts ? folders[rank] : nil }
        hooks.snapshotKept = { _, kept in if kept == step { throw Died() } }
        return hooks
    }

    /// Names of the files that a host has in memory.
    private func files(ofHost rank: Int = 0) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: host(rank).path)) ?? []).sorted()
    }

    /// Begins a run and has it die.
    private func die(
        _ output: String, after step: Int, ranks: Int = 1, hosts: Int = 1,
        _ change: (inout RecipeOverrides) -> Void = { _ in }
    ) throws {
        #expect(throws: Died.self) {
            try run.train(
                ranks: ranks,
                run.flags(output) { flags in
                    keep(&flags)
                    flags.resume = .auto
                    change(&flags)
                }, hooks: makeHooks(dyingAfter: step, hosts: hosts))
        }
    }

    @discardableResult
    private func goOn(
        _ output: String, ranks: Int = 1, hosts: Int = 1, hooks: TrainerHooks? = nil,
        _ change: (inout RecipeOverrides) -> Void = { _ in }
    ) throws -> TrainingOutcome {
        try run.train(
            ranks: ranks,
            run.flags(output) { flags in
                keep(&flags)
                flags.resume = .auto
                change(&flags)
            }, hooks: hooks ?? makeHooks(hosts: hosts))
    }

    /// Goes on.
    ///
    /// - Returns: how many steps had been taken before the first that was taken now, and the outcome.
    private func goOnCounting(
        _ output: String, _ change: (inout RecipeOverrides) -> Void = { _ in }
    ) throws -> (first: Int, TrainingOutcome) {
        let first = Mutex(0)
        var hooks = try makeHooks()
        hooks.batch = { _, step, batch in
            first.withLock { if $0 == 0 { $0 = step } }
            return batch
        }
        let outcome = try goOn(output, hooks: hooks, change)
        return (first.withLock { $0 }, outcome)
    }

    @Test(
        "a run that goes on from memory has the bits and lines of one that never stopped, on any ranks",
        arguments: [(1, 2), (2, 1), (3, 4), (4, 1), (5, 2), (6, 1), (8, 2), (9, 1)])
    func anyStep(stop: Int, ranks: Int) throws {
        let whole = try run.train(run.flags("whole") { $0.logEvery = 2 })
        try die("broken", after: stop, ranks: 2)
        #expect(files().count == 1)
        #expect(!RunFolder(path: run.path("broken")).holdsCheckpoints)
        let resumed = try goOn("broken", ranks: ranks)
        #expect(resumed.parametersSHA256 == whole.parametersSHA256)
        #expect(try run.story("broken") == run.story("whole"))
        #expect(files() == [])
    }

    @Test("a run that goes on from memory at each of its steps takes each of them once")
    func again() throws {
        let whole = try run.train(run.flags("whole") { $0.logEvery = 2 })
        for step in 1...9 { try die("broken", after: step, ranks: step % 2 + 1) }
        #expect(try goOn("broken").parametersSHA256 == whole.parametersSHA256)
        #expect(try run.story("broken") == run.story("whole"))
    }

    @Test("a run that goes on from memory reports no step twice", arguments: [2, 3, 4])
    func told(stop: Int) throws {
        try run.train(run.flags("whole") { $0.logEvery = 2 })
        var hooks = try makeHooks()
        // Dies in the step after, when the snapshot's own has been reported and evaluated.
        hooks.snapshotKept = { _, step in if step == stop + 1 { throw Died() } }
        let folder = host(0)
        hooks.batch = { _, step, batch in
            if step == stop { Self.put(aside: folder) }
            return batch
        }
        #expect(throws: Died.self) {
            try run.train(run.flags("broken", keep), hooks: hooks)
        }
        Self.putBack(folder)
        try goOn("broken")
        #expect(try run.story("broken") == run.story("whole"))
    }

    /// Keeps a copy of what is in memory now.
    private static func put(aside folder: SnapshotFolder) {
        try? FileManager.default.copyItem(atPath: folder.path, toPath: folder.path + ".aside")
    }

    private static func putBack(_ folder: SnapshotFolder) {
        try? FileManager.default.removeItem(atPath: folder.path)
        try? FileManager.default.moveItem(atPath: folder.path + ".aside", toPath: folder.path)
    }

    @Test("a run that goes on from memory has the averages, too", arguments: [1, 2])
    func averages(ranks: Int) throws {
        func average(_ flags: inout RecipeOverrides) { flags.averageWeights = 0.5 }
        let whole = try run.train(
            run.flags("whole") { flags in
                average(&flags)
                flags.logEvery = 2
            })
        try die("broken", after: 5, ranks: 2, average)
        let resumed = try goOn("broken", ranks: ranks, average)
        #expect(resumed.parametersSHA256 == whole.parametersSHA256)
        #expect(try run.story("broken") == run.story("whole"))
        let (one, other) = (try run.checkpoint("whole", step: 9), try run.checkpoint("broken", step: 9))
        #expect(one.averaged == other.averaged && one.optimizer == other.optimizer && one.tensors == other.tensors)
    }

    @Test(
        "going on from memory keeps the statistics of each rank's own",
        arguments: [Recipe.BatchNorm.average, .local])
    func ownStatistics(batchNorm: Recipe.BatchNorm) throws {
        func change(_ flags: inout RecipeOverrides) {
            flags.batchNorm = batchNorm
            flags.model = "lenet_bn"
        }
        func calm(_ flags: inout RecipeOverrides) {
            keep(&flags)
            change(&flags)
        }
        let whole = try run.train(ranks: 2, run.flags("whole", calm), hooks: makeHooks())
        try die("broken", after: 4, ranks: 2, change)
        #expect(try goOn("broken", ranks: 2, change).parametersSHA256 == whole.parametersSHA256)
        #expect(try run.story("broken") == run.story("whole"))
    }

    @Test(
        "the newest state in any host's memory is taken, also where only another than rank 0's has one",
        arguments: [true, false])
    func otherHost(isOlder: Bool) throws {
        let whole = try run.train(run.flags("whole") { $0.logEvery = 2 })
        try die("broken", after: 4, ranks: 2, hosts: 2)
        if isOlder { Self.put(aside: host(0)) }
        try die("broken", after: 6, ranks: 2, hosts: 2)
        if isOlder { Self.putBack(host(0)) } else { try FileManager.default.removeItem(atPath: host(0).path) }
        #expect(files(ofHost: 1).count == 1)
        let first = Mutex(0)
        var hooks = try makeHooks(hosts: 2)
        hooks.batch = { rank, step, batch in
            first.withLock { if $0 == 0 { $0 = step } }
            return batch
        }
        let resumed = try run.train(
            ranks: 4,
            run.flags("broken") { flags in
                keep(&flags)
                flags.resume = .auto
            }, hooks: hooks)
        #expect(first.withLock { $0 } == 6)
        #expect(resumed.parametersSHA256 == whole.parametersSHA256)
        #expect(try run.story("broken") == run.story("whole"))
        #expect(files() == [] && files(ofHost: 1) == [])
    }

    @Test("a state in memory of another recipe is not taken, unless the change is asked for by name")
    func otherRecipe() throws {
        func faster(_ flags: inout RecipeOverrides) { flags.learningRate = 0.25 }
        let other = try run.train(run.flags("other", faster))
        let whole = try run.train(run.flags("whole"))
        try die("run", after: 5)
        try die("overridden", after: 5)
        // Without a checkpoint there is nothing else to go on from.
        #expect(try goOn("run", faster).parametersSHA256 == other.parametersSHA256)
        let overridden = try goOn("overridden") { flags in
            faster(&flags)
            flags.overriddenKeys = ["lr"]
        }
        #expect(![other.parametersSHA256, whole.parametersSHA256].contains(overridden.parametersSHA256))
    }

    @Test("a state in memory of another network is not taken")
    func otherNetwork() throws {
        func change(_ flags: inout RecipeOverrides) { flags.model = "lenet_bn" }
        let other = try run.train(run.flags("other", change))
        try die("run", after: 5)
        #expect(try goOn("run", change).parametersSHA256 == other.parametersSHA256)
    }

    @Test("a run that begins anew takes no state from memory, and clears up what another left")
    func anotherRun() throws {
        let whole = try run.train(run.flags("whole"))
        try die("run", after: 5)
        let before = files()
        // Its folder is gone, and with it the run.
        try FileManager.default.removeItem(atPath: run.path("run"))
        try die("run", after: 3)
        #expect(files().count == 1 && files() != before)
        // So is that of a run elsewhere.
        try FileManager.default.removeItem(atPath: run.path("run"))
        try die("elsewhere", after: 3)
        #expect(files().count == 1)
        #expect(try goOn("elsewhere").parametersSHA256 == whole.parametersSHA256)
    }

    @Test(
        "a checkpoint as new as memory is taken, and memory where the newer checkpoint does not hold",
        arguments: [true, false])
    func checkpoints(isDamaged: Bool) throws {
        let whole = try run.train(run.flags("whole") { $0.logEvery = 2 })
        try die("run", after: 7) { $0.checkpointEvery = [.steps(3)] }
        #expect(try run.steps("run") == [3, 6])
        var hooks = try makeHooks()
        let first = Mutex(0)
        hooks.batch = { _, step, batch in
            first.withLock { if $0 == 0 { $0 = step } }
            return batch
        }
        let file = try run.file("run", step: 6)
        let later = run.path("run") + "/checkpoints/step-000000008.safetensors.zst"
        if isDamaged {
            try Data([1, 2, 3]).write(to: URL(filePath: later))
        } else {
            // As new: what it says of the step counts.
            try die("run", after: 9) { $0.checkpointEvery = [.steps(8)] }
            #expect(try run.steps("run").last == 8)
            try FileManager.default.removeItem(atPath: host(0).path)
        }
        let resumed = try run.train(
            run.flags("run") { flags in
                keep(&flags)
                flags.resume = .auto
            }, hooks: hooks)
        #expect(first.withLock { $0 } == (isDamaged ? 7 : 8))
        #expect(resumed.parametersSHA256 == whole.parametersSHA256)
        #expect(FileManager.default.fileExists(atPath: file))
    }

    @Test("a run sent back to an earlier checkpoint does not take its own later state from memory")
    func branch() throws {
        let whole = try run.train(run.flags("whole"))
        try die("run", after: 7) { $0.checkpointEvery = [.steps(3)] }
        try run.forget("run", after: 3)
        let file = try run.file("run", step: 3)
        #expect(throws: Died.self) {
            try run.train(
                run.flags("run") { flags in
                    keep(&flags)
                    flags.resume = .from(path: file)
                }, hooks: makeHooks(dyingAfter: 4))
        }
        #expect(files().count == 1)
        let (first, resumed) = try goOnCounting("run")
        #expect(first == 4 && resumed.parametersSHA256 == whole.parametersSHA256)
    }

    @Test("a run that has saved its state and left leaves nothing in memory")
    func left() throws {
        var hooks = try makeHooks(hosts: 2)
        hooks.isStopAsked = { _, step in step == 4 }
        #expect(throws: RunStopped.self) { try run.train(ranks: 2, run.flags("run", keep), hooks: hooks) }
        #expect(files() == [] && files(ofHost: 1) == [])
    }

    @Test("a run without memory for snapshots goes on, and says so once")
    func noFolder() throws {
        let whole = try run.train(run.flags("whole"))
        var hooks = TrainerHooks()
        let missing = SnapshotFolder(path: memory.path + "/nowhere")
        hooks.snapshotFolder = { _, _ in missing }
        #expect(
            try run.train(ranks: 2, run.flags("run", keep), hooks: hooks).parametersSHA256 == whole.parametersSHA256)
    }

    @Test("a state is kept in memory every so many steps")
    func everySecond() throws {
        let whole = try run.train(run.flags("whole") { $0.logEvery = 2 })
        try die("run", after: 6) { $0.snapshotEvery = 3 }
        let (first, resumed) = try goOnCounting("run") { $0.snapshotEvery = 0 }
        #expect(first == 6 && resumed.parametersSHA256 == whole.parametersSHA256)
        #expect(try run.story("run") == run.story("whole") && files() == [])
    }
}
