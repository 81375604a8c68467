import Checkpoints
import Engine
import Foundation
import Recipes
import Runs
import Testing

@testable import Training

@Suite("A run that goes on from a checkpoint", .serialized, .withOurKernels)
struct ResumeTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    @Test(
        "a resumed run has the bits and lines of one that never stopped, from any step, on any ranks",
        arguments: [(1, 2), (2, 1), (3, 4), (4, 1), (5, 2), (8, 1)])
    func anyStep(stop: Int, ranks: Int) throws {
        // Means over two steps, of which a resumed run may have taken one.
        let whole = try run.train(run.flags("whole") { $0.logEvery = 2 })
        try run.train(
            ranks: 2,
            run.flags("broken") { flags in
                everyStep(&flags)
                flags.logEvery = 2
            })
        #expect(try run.steps("broken") == Array(1...9))
        try run.forget("broken", after: stop)
        let resumed = try run.train(
            ranks: ranks,
            run.flags("broken") { flags in
                flags.resume = .auto
                flags.threads = 2
                flags.logEvery = 2
            })
        #expect(resumed.parametersSHA256 == whole.parametersSHA256)
        #expect(try run.story("broken") == run.story("whole"))
    }

    @Test(
        "a resumed run has the averages of one that never stopped, and reports what they reach",
        arguments: [(4, 2), (5, 1)])
    func averages(stop: Int, ranks: Int) throws {
        func keep(_ flags: inout RecipeOverrides) {
            everyStep(&flags)
            flags.averageWeights = 0.5
        }
        let plain = try run.train(run.flags("plain"))
        let whole = try run.train(run.flags("whole", keep))
        // Nobody reads them in training.
        #expect(whole.parametersSHA256 == plain.parametersSHA256)
        try run.train(ranks: 2, run.flags("broken", keep))
        try run.forget("broken", after: stop)
        try run.train(
            ranks: ranks,
            run.flags("broken") { flags in
                keep(&flags)
                flags.resume = .auto
            })
        let (one, other) = (try run.checkpoint("whole", step: 9), try run.checkpoint("broken", step: 9))
        #expect(one.averaged.count == one.tensors.count && one.averaged == other.averaged)
        #expect(one.withAverages.tensors != one.tensors)
        #expect(try run.checkpoint("plain", step: 9).averaged.isEmpty)
        let story = try run.story("broken")
        #expect(try story == run.story("whole"))
        #expect(story.filter { $0.contains("averaged_evaluation") }.count == 3)
    }

    @Test("a resumed run begins averages where its checkpoint has none, when it is asked for them")
    func laterAverages() throws {
        try run.train(run.flags("run", everyStep))
        try run.forget("run", after: 8)
        try run.train(
            run.flags("run") { flags in
                flags.resume = .auto
                flags.averageWeights = 0.5
                flags.overriddenKeys = ["average_weights"]
            })
        let (before, after) = (try run.checkpoint("run", step: 8), try run.checkpoint("run", step: 9))
        #expect(after.averaged.count == after.tensors.count)
        for (index, tensor) in after.averaged.enumerated() {
            let (old, new) = (try #require(before.tensors[index].floats), try #require(after.tensors[index].floats))
            #expect(tensor.floats == zip(old, new).map { $0 + 0.5 * ($1 - $0) })
        }
    }

    @Test("passes over damaged checkpoints and leaves them in place")
    func damaged() throws {
        let whole = try run.train(run.flags("whole"))
        try run.train(run.flags("broken", everyStep))
        let (last, cut) = (try run.file("broken", step: 9), try run.file("broken", step: 8))
        var bytes = try Data(contentsOf: URL(filePath: last))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: last))
        try Data(contentsOf: URL(filePath: cut)).dropLast(1).write(to: URL(filePath: cut))
        // Nothing of what it would keep anyway is written anew: the run goes on from step 7.
        var resumedFrom: [String] = []
        let found = try run.directory("broken").newest()
        resumedFrom = found.passedOver.map(\.description)
        #expect(found.entry.step == 7 && resumedFrom.count == 2)
        #expect(resumedFrom[0].contains(last) && resumedFrom[1].contains(cut))
        let resumed = try run.train(
            run.flags("broken") { flags in
                flags.resume = .auto
                flags.checkpointEvery = [.epochs(100)]
            })
        #expect(resumed.parametersSHA256 == whole.parametersSHA256)
        #expect(try Data(contentsOf: URL(filePath: cut)).count > 0)
        #expect(throws: CheckpointError.self) { try Checkpoint(contentsOf: cut) }
        // The end's took the place of the damaged one of its step.
        #expect(try Checkpoint(contentsOf: last).about(path: last).progress.globalStep == 9)
    }

    @Test("a resumed run begins anew where no checkpoint is yet, also after one that died before its first")
    func nothingThere() throws {
        let whole = try run.train(run.flags("whole"))
        let auto = run.flags("new") { $0.resume = .auto }
        #expect(try run.train(auto).parametersSHA256 == whole.parametersSHA256)
        try FileManager.default.removeItem(atPath: run.path("new") + "/checkpoints")
        #expect(try run.train(auto).parametersSHA256 == whole.parametersSHA256)
        #expect(try run.story("new") == run.story("whole"))
    }

    @Test("a resumed run keeps its identity, but one that begins anew in the folder or branches off does not")
    func identity() throws {
        func identity(of output: String) throws -> String {
            try #require(RunIdentity(of: RunFolder(path: run.path(output)))).text
        }
        try run.train(run.flags("run", everyStep))
        let first = try identity(of: "run")
        try run.forget("run", after: 3)
        try run.train(run.flags("run") { $0.resume = .auto })
        #expect(try identity(of: "run") == first)
        try run.train(run.flags("branch") { $0.resume = .from(path: run.path("run")) })
        #expect(try identity(of: "branch") != first)
        try FileManager.default.removeItem(atPath: run.path("run") + "/checkpoints")
        try run.train(run.flags("run") { $0.resume = .auto })
        #expect(try identity(of: "run") != first)
    }

    @Test("a resumed run does not begin anew where checkpoints are there and none holds")
    func allDamaged() throws {
        try run.train(run.flags("broken"))
        for entry in try run.directory("broken").entries() { try Data([1, 2, 3]).write(to: URL(filePath: entry.path)) }
        #expect(try run.failure(ranks: 2, run.flags("broken") { $0.resume = .auto }).contains("none of 3 checkpoints"))
    }

    @Test("branches off from a file or a folder into a folder of its own, and leaves the old run alone")
    func branches() throws {
        let whole = try run.train(run.flags("whole", everyStep))
        for (name, path) in [
            ("file", try run.file("whole", step: 4)), ("folder", run.path("whole")),
            ("checkpoints", run.path("whole") + "/checkpoints"),
        ] {
            let branch = try run.train(run.flags(name) { $0.resume = .from(path: path) })
            #expect(branch.parametersSHA256 == whole.parametersSHA256)
            #expect(try run.story(name) == run.story("whole"))
        }
        #expect(try run.steps("whole") == Array(1...9))
    }

    @Test("a resumed run goes on in the folder of the file that is named, unless later checkpoints are there")
    func sameFolder() throws {
        let whole = try run.train(run.flags("whole", everyStep))
        let flags = run.flags("whole") { flags in
            flags.output = nil
            flags.resume = .from(path: run.path("whole") + "/checkpoints/step-000000004.safetensors.zst")
        }
        #expect(try run.failure(flags).contains("has checkpoints up to step 9"))
        try run.forget("whole", after: 4)
        let resumed = try run.train(flags)
        #expect(resumed.parametersSHA256 == whole.parametersSHA256)
        #expect(try run.steps("whole").last == 9)
    }

    @Test("a resumed run may last longer, say more, and lie elsewhere")
    func mayChange() throws {
        let whole = try run.train(
            run.flags("whole") { flags in
                flags.schedule = .constant
                flags.epochs = 4
            })
        try run.train(run.flags("short") { $0.schedule = .constant })
        let moved = run.path("moved")
        try FileManager.default.moveItem(atPath: run.path("short"), toPath: moved)
        let resumed = try run.train(
            run.flags("moved") { flags in
                flags.schedule = .constant
                flags.resume = .auto
                flags.epochs = 4
                flags.logEvery = 2
                flags.threads = 2
                flags.keepLast = 1
            })
        #expect(resumed.parametersSHA256 == whole.parametersSHA256)
    }

    @Test("a resumed run has another value of what it must not change only where that is asked for by name")
    func overrides() throws {
        try run.train(run.flags("run", everyStep))
        try run.forget("run", after: 4)
        func resume(_ overridden: [String]?) -> RecipeOverrides {
            run.flags("run") { flags in
                flags.resume = .auto
                flags.learningRate = 0.25
                flags.momentum = 0.5
                flags.overriddenKeys = overridden
            }
        }
        #expect(try run.failure(resume(["lr"])).contains("momentum: 0.9 (now 0.5)"))
        #expect(try !run.failure(resume(["lr"])).contains("lr: "))
        try run.train(resume(["lr", "momentum"]))
        // From then on that is the run.
        try run.forget("run", after: 4)
        let kept = try RecipeOverrides(contentsOf: run.path("run") + "/config.yaml")
        #expect(kept.learningRate == 0.25 && kept.overriddenKeys == nil)
    }

    @Test(
        "a resumed run may use other kernels of ours, of the same bits, but OpenBLAS only where asked for")
    func otherInstructionSet() throws {
        let whole = try run.train(run.flags("whole"))
        try run.train(run.flags("run", everyStep))
        try run.forget("run", after: 4)
        func resume(_ instructionSet: Recipe.InstructionSet, _ overridden: [String]? = nil) -> RecipeOverrides {
            run.flags("run") { flags in
                flags.resume = .auto
                flags.instructionSet = instructionSet
                // As many as OpenBLAS has in other suites, which share its threads.
                flags.threads = 2
                flags.overriddenKeys = overridden
            }
        }
        #expect(try run.failure(resume(.openblas)).contains("isa: auto (now openblas)"))
        if Backend.avx2.isSupported {
            #expect(try run.train(resume(.avx2)).parametersSHA256 == whole.parametersSHA256)
            try run.forget("run", after: 4)
        }
        try run.train(resume(.openblas, ["isa"]))
    }

    @Test("a resumed run is refused on other data, by its fingerprint")
    func otherData() throws {
        try run.train(run.flags("run"))
        let other = try TinyDigits(shift: 1)
        let words = try run.failure(
            ranks: 2,
            run.flags("run") { flags in
                flags.resume = .auto
                flags.data = other.specification
            })
        #expect(words.contains("is not the data that the run to resume began with"))
    }

    @Test("a resumed run evaluates the epoch that was complete when it was stopped")
    func stoppedBeforeEvaluation() throws {
        let whole = try run.train(run.flags("whole"))
        var hooks = TrainerHooks()
        hooks.isStopAsked = { _, step in step == 2 }
        #expect(throws: RunStopped.self) { try run.train(run.flags("run"), hooks: hooks) }
        #expect(try run.steps("run") == [3])
        #expect(try run.story("run").filter { $0.contains("\"kind\": \"train\"") }.count == 3)
        #expect(try run.story("run").count == 4, "and the norms at the epoch's end")
        let resumed = try run.train(run.flags("run") { $0.resume = .auto })
        #expect(resumed.parametersSHA256 == whole.parametersSHA256)
        #expect(try run.story("run") == run.story("whole"))
    }
}
