import Checkpoints
import Engine
import Foundation
import Recipes
import Testing

@testable import Training

/// Runs with every optimizer, and with clipped gradients.
@Suite("A run with each optimizer", .serialized, .withOurKernels)
struct OptimizerRunTests {
    private let run: TinyRun
    private let memory: TemporaryFolder

    init() throws {
        run = try TinyRun()
        memory = try TemporaryFolder()
    }

    /// The options of a run, with a name.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let set: @Sendable (inout RecipeOverrides) -> Void

        init(_ name: String, _ set: @escaping @Sendable (inout RecipeOverrides) -> Void) {
            testDescription = name
            self.set = set
        }
    }

    static let cases =
        Recipe.Optimizer.allCases.map { optimizer in
            Case(optimizer.rawValue) { flags in
                flags.optimizer = optimizer
                flags.learningRate = optimizer == .sgd ? 0.1 : optimizer == .lars ? 2 : 0.01
            }
        } + [
            Case("sgd, dampened, all decay, clipped by norm") { flags in
                flags.dampening = 0.1
                flags.decay = .all
                flags.clipNorm = 0.5
            },
            Case("rmsprop with momentum, clipped by value") { flags in
                flags.optimizer = .rmsprop
                flags.learningRate = 0.001
                flags.momentum = 0.9
                flags.clipValue = 0.01
            },
            Case("muon with a head of SGD's") { flags in
                flags.optimizer = .muon
                flags.muonNormalise = true
                flags.muonSGD = ["11."]
                flags.muonSGDLearningRate = 0.1
            },
        ]

    private func flags(_ output: String, _ asked: Case) -> RecipeOverrides {
        run.flags(output) { flags in
            flags.model = "lenet"
            flags.checkpointEvery = [.steps(4)]
            flags.keepBest = 0
            asked.set(&flags)
        }
    }

    @Test(
        "a run with each optimizer has the same bits on 1, 2 and 4 ranks, with any threads and kernels",
        arguments: cases)
    func ranks(asked: Case) throws {
        let one = try run.train(flags("one", asked)).parametersSHA256
        for ranks in [2, 4] {
            #expect(try run.train(ranks: ranks, flags("ranks\(ranks)", asked)).parametersSHA256 == one)
        }
        var other = flags("threads", asked)
        other.threads = 3
        other.instructionSet = .avx2
        #expect(try run.train(other).parametersSHA256 == one)
    }

    @Test("a run with each optimizer goes on from a checkpoint within an epoch to the bit", arguments: cases)
    func resumed(asked: Case) throws {
        try run.train(flags("whole", asked))
        try run.train(flags("part", asked))
        try run.forget("part", after: 4)
        var again = flags("part", asked)
        again.resume = .auto
        try run.train(ranks: 2, again)
        let (whole, part) = (try run.checkpoint("whole", step: 9), try run.checkpoint("part", step: 9))
        #expect(whole.tensors == part.tensors && whole.optimizer == part.optimizer)
        #expect(!whole.optimizer.isEmpty && whole.optimizer.contains { $0.floats?.contains { $0 != 0 } ?? false })
        #expect(try whole.about(path: "").progress == part.about(path: "").progress)
    }

    private struct Died: Error {}

    @Test("a run with each optimizer goes on from the memory of a host to the bit", arguments: cases)
    func snapshot(asked: Case) throws {
        let whole = try run.train(flags("whole", asked))
        var flags = flags("part", asked)
        flags.snapshotEvery = 1
        flags.checkpointEvery = [.epochs(100)]
        flags.resume = .auto
        let folder = SnapshotFolder(path: memory.path)
        var hooks = TrainerHooks()
        hooks.snapshotFolder = { rank, _ in rank == 0 ? folder : nil }
        var dying = hooks
        dying.snapshotKept = { _, step in if step == 5 { throw Died() } }
        #expect(throws: Died.self) { try run.train(flags, hooks: dying) }
        let resumed = try run.train(ranks: 2, flags, hooks: hooks)
        #expect(resumed.parametersSHA256 == whole.parametersSHA256)
        #expect(try run.story("part").count == run.story("whole").count)
    }

    @Test("clipped gradients move parameters by the rate times the bound")
    func clipped() throws {
        /// The differences that the first step makes, over its learning rate of 1.
        func moved(_ output: String, _ set: @escaping (inout RecipeOverrides) -> Void) throws -> [Double] {
            try run.train(
                run.flags(output) { flags in
                    (flags.model, flags.learningRate, flags.momentum, flags.weightDecay) = ("lenet", 1, 0, 0)
                    flags.schedule = .constant
                    flags.checkpointEvery = [.steps(1)]
                    flags.keepLast = 20
                    set(&flags)
                })
            let (first, second) = (try run.checkpoint(output, step: 1), try run.checkpoint(output, step: 2))
            return zip(first.tensors, second.tensors).flatMap { before, after in
                zip(before.floats ?? [], after.floats ?? []).map { Double($1) - Double($0) }
            }
        }
        func norm(_ numbers: [Double]) -> Double { numbers.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        let bound = 0x1p-7
        let free = try moved("free") { _ in }
        #expect(norm(free) > 2 * bound)
        let byNorm = try moved("norm") { $0.clipNorm = bound }
        // Torch adds 1e-6 to the norm that it divides by; a weight near 1 is rounded to 2^-24.
        let rounding = 0x1p-24 * Double(byNorm.count).squareRoot()
        #expect(abs(norm(byNorm) - bound) < 1e-5 * bound + rounding)
        let most = 0x1p-9
        let byValue = try moved("value") { $0.clipValue = most }
        let largest = byValue.map(abs).max() ?? 0
        #expect(abs(largest - most) < 0x1p-23 && free.contains { abs($0) > 2 * most })
    }

    @Test("a checkpoint of another optimizer is taken only where asked for, and missing state begins at zero")
    func otherOptimizer() throws {
        try run.train(flags("run", Self.cases[0]))
        try run.forget("run", after: 4)
        func resume(_ overridden: [String]) -> RecipeOverrides {
            run.flags("run") { flags in
                flags.model = "lenet"
                flags.resume = .auto
                flags.optimizer = .adamw
                flags.learningRate = 0.001
                flags.overriddenKeys = overridden
            }
        }
        let refused = try run.failure(resume(["lr", "weight_decay"]))
        #expect(
            refused.contains("optimizer: sgd (now adamw)") && refused.contains("--override optimizer"), "\(refused)")
        try run.train(resume(["lr", "weight_decay", "optimizer"]))
        let last = try run.checkpoint("run", step: 9)
        #expect(last.optimizerKinds == ["exp_avg", "exp_avg_sq"])
        #expect(try last.about(path: "").progress.updates == 5)
    }
}
