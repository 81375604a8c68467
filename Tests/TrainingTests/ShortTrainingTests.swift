import Checkpoints
import Recipes
import Testing

@testable import Training

@Suite("Parameters that are trained for a part of the run", .withOurKernels)
struct ShortTrainingTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    private func flags(
        _ output: String, _ lengths: [String: Recipe.Interval], _ change: (inout RecipeOverrides) -> Void = { _ in }
    ) -> RecipeOverrides {
        run.flags(output) { flags in
            flags.trainingLengths = lengths
            flags.checkpointEvery = [.steps(1)]
            flags.keepLast = 20
            change(&flags)
        }
    }

    private func values(_ name: String, _ output: String, step: Int) throws -> [Float]? {
        try run.checkpoint(output, step: step).tensors.first { $0.name == name }?.floats
    }

    @Test("parameters trained for a part of the run then stay what they are; others are trained to the end")
    func ends() throws {
        // At a constant rate: that of other schedules is 0 by then anyway.
        try run.train(flags("short", ["0.": .steps(4), "0.weight": .epochs(2)]) { $0.schedule = .constant })
        #expect(try values("0.bias", "short", step: 3) != values("0.bias", "short", step: 4))
        #expect(try values("0.bias", "short", step: 4) == values("0.bias", "short", step: 9))
        // The longest prefix counts: two epochs are six steps.
        #expect(try values("0.weight", "short", step: 5) != values("0.weight", "short", step: 6))
        #expect(try values("0.weight", "short", step: 6) == values("0.weight", "short", step: 9))
        #expect(try values("3.bias", "short", step: 8) != values("3.bias", "short", step: 9))
    }

    @Test("the rate of parameters trained for a part of the run follows the schedule of a run of that length")
    func rate() throws {
        // Without momentum and decay a bias moves by rate x gradient. The gradients of the first step are those of any
        // run.
        func moved(_ lengths: [String: Recipe.Interval], epochs: Int) throws -> [[Float]?] {
            let output = "\(epochs)-\(lengths.count)"
            try run.train(
                flags(output, lengths) { flags in
                    (flags.epochs, flags.schedule, flags.momentum, flags.weightDecay) = (epochs, .linear, 0, 0)
                })
            return try (1...2).map { try values("9.bias", output, step: $0) }
        }
        let all = ["0", "1", "3", "7", "9"]
        let lengths = Dictionary(uniqueKeysWithValues: all.map { ($0, Recipe.Interval.epochs(1)) })
        let short = try moved(lengths, epochs: 3)
        // All parameters have one length: the first epoch is that of a run of one epoch.
        #expect(try short == moved([:], epochs: 1))
        #expect(try short != moved([:], epochs: 3))
    }

    @Test("a length as long as the run changes no bit, and a run that is resumed has those of one that is not")
    func bits() throws {
        let plain = try run.train(flags("plain", [:])).parametersSHA256
        #expect(try run.train(flags("whole", ["0.": .epochs(3), "3.": .steps(100)])).parametersSHA256 == plain)
        let short = try run.train(flags("short", ["0.": .steps(4)])).parametersSHA256
        #expect(short != plain)
        #expect(try run.train(ranks: 4, flags("ranks", ["0.": .steps(4)])).parametersSHA256 == short)
        try run.forget("short", after: 2)
        #expect(
            try run.train(ranks: 2, flags("short", ["0.": .steps(4)]) { $0.resume = .auto }).parametersSHA256 == short)
    }

    @Test("a prefix that no parameter has is refused by name")
    func unused() throws {
        let words = try run.failure(flags("run", ["whiten": .epochs(1)]))
        #expect(words.contains("--train-for") && words.contains("whiten"), "\(words)")
    }
}
