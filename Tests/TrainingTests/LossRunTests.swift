import Recipes
import Testing

@testable import Training

/// Runs whose loss, or whose choice of samples, is asked for otherwise.
@Suite(.serialized, .withOurKernels)
struct LossRunTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    /// What a run asks for.
    struct Asked: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let change: @Sendable (inout RecipeOverrides) -> Void

        static let all = [
            Asked(testDescription: "label smoothing") { $0.labelSmoothing = 0.1 }
        ]
    }

    private func flags(_ output: String, _ asked: Asked, _ change: (inout RecipeOverrides) -> Void = { _ in })
        -> RecipeOverrides
    {
        run.flags(output) { flags in
            asked.change(&flags)
            change(&flags)
        }
    }

    @Test(
        "a run ends with the same bits and tells the same story on any number of ranks and threads, and resumed in the middle of an epoch",
        arguments: Asked.all)
    func bits(asked: Asked) throws {
        let whole = try run.train(flags("whole", asked)).parametersSHA256
        #expect(try run.train(run.flags("plain")).parametersSHA256 != whole)
        let story = try run.story("whole")
        for ranks in [2, 4] {
            let threads = ranks - 1
            let outcome = try run.train(ranks: ranks, flags("ranks\(ranks)", asked) { $0.threads = threads })
            #expect(outcome.parametersSHA256 == whole, "\(ranks) ranks")
            #expect(try run.story("ranks\(ranks)") == story, "\(ranks) ranks")
        }
        // Step 5 of three an epoch, resumed on two ranks.
        try run.train(
            flags("stopped", asked) { flags in
                flags.checkpointEvery = [.steps(1)]
                flags.keepLast = 20
            })
        try run.forget("stopped", after: 5)
        let resumed = flags("stopped", asked) { $0.resume = .auto }
        #expect(try run.train(ranks: 2, resumed).parametersSHA256 == whole)
        #expect(try run.story("stopped") == story)
    }
}
