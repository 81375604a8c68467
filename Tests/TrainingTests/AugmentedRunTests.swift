import Recipes
import Testing

@testable import Training

@Suite("A run on augmented images", .withOurKernels)
struct AugmentedRunTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    private func flags(
        _ output: String, _ augmentation: Recipe.Augmentation, _ change: (inout RecipeOverrides) -> Void = { _ in }
    ) -> RecipeOverrides {
        run.flags(output) { flags in
            flags.augmentation = augmentation
            change(&flags)
        }
    }

    @Test(
        "a run on augmented images has the same bits on any ranks and threads, and stopped within an epoch",
        arguments: [Recipe.Augmentation.cropFlip, .resizedCropFlip])
    func bits(augmentation: Recipe.Augmentation) throws {
        let whole = try run.train(flags("whole", augmentation)).parametersSHA256
        #expect(try run.train(flags("none", .none)).parametersSHA256 != whole)
        #expect(try run.train(ranks: 4, flags("ranks", augmentation)).parametersSHA256 == whole)
        #expect(try run.train(flags("threads", augmentation) { $0.threads = 3 }).parametersSHA256 == whole)
        // Step 5 of three an epoch, resumed on two ranks.
        try run.train(
            flags("stopped", augmentation) { flags in
                flags.checkpointEvery = [.steps(1)]
                flags.keepLast = 20
            })
        try run.forget("stopped", after: 5)
        let resumed = flags("stopped", augmentation) { $0.resume = .auto }
        #expect(try run.train(ranks: 2, resumed).parametersSHA256 == whole)
    }

    @Test("a run on augmented images is not resumed with another augmentation unless that is asked for")
    func refused() throws {
        try run.train(flags("run", .cropFlip))
        try run.forget("run", after: 6)
        let words = try run.failure(flags("run", .none) { $0.resume = .auto })
        #expect(words.contains("augment: crop-flip (now none)"), "\(words)")
        let asked = flags("run", .none) { flags in
            flags.resume = .auto
            flags.overriddenKeys = ["augment"]
        }
        try run.train(asked)
    }
}
