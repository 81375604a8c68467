import Datasets
import Foundation
import Recipes
import Testing

@testable import Training

/// Runs with options of the loss, or of the choice of samples.
@Suite(.serialized, .withOurKernels)
struct LossRunTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    /// The options of a run.
    struct Asked: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let change: @Sendable (inout RecipeOverrides) -> Void

        static let all = [
            Asked(testDescription: "label smoothing") { $0.labelSmoothing = 0.1 },
            Asked(testDescription: "class weights") { $0.classWeights = weights },
            Asked(testDescription: "class weights, mixed") { flags in
                flags.classWeights = weights
                flags.labelSmoothing = 0.1
                flags.mixup = 0.5
            },
            Asked(testDescription: "balanced sampling") { $0.balancedSampling = true },
        ]
        private static let weights = Recipe.ClassWeights.list((0..<10).map { 0.25 + 0.5 * Double($0 % 4) })
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
        "a run has the same bits and lines on any ranks and threads, and resumed in the middle of an epoch",
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
        // Step 5, where an epoch has three, is resumed on two ranks.
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

    @Test("balanced weights make all classes count alike, whatever the number of their samples")
    func balanced() throws {
        let dataset = Labels([0, 0, 0, 0, 0, 0, 1, 1, 3])
        #expect(try Recipe.ClassWeights.balanced.weights(of: dataset, classes: 5) == [0.5, 1.5, 1, 3, 1])
    }

    @Test("weights are given in the order of labels or by name; a surplus weight and an unknown class are named")
    func given() throws {
        let dataset = Labels([0, 1, 2])
        #expect(try Recipe.ClassWeights.list([1, 2, 3]).weights(of: dataset, classes: 3) == [1, 2, 3])
        #expect(try Recipe.ClassWeights.named(["c1": 2]).weights(of: dataset, classes: 4) == [1, 2, 1, 1])
        #expect(throws: TrainingError.classWeights(found: 2, classes: 3)) {
            try Recipe.ClassWeights.list([1, 2]).weights(of: dataset, classes: 3)
        }
        #expect(throws: TrainingError.unknownWeighedClasses(found: ["x"], classes: dataset.classNames)) {
            try Recipe.ClassWeights.named(["c1": 2, "x": 1]).weights(of: dataset, classes: 3)
        }
        let words = try run.failure(ranks: 2, run.flags("few") { $0.classWeights = .list([1, 2]) })
        #expect(words.contains("--class-weights has 2 weights, but the network has 10 classes"), "\(words)")
    }

    @Test("a file of weights is read once: the run's own recipe has its content")
    func file() throws {
        let path = run.path("weights.txt")
        try Data("# by hand\n0.5\n\n 2 \r\n1e-1\n".utf8).write(to: URL(filePath: path))
        var flags = RecipeOverrides()
        flags.model = "lenet"
        flags.classWeights = .file(path: path)
        #expect(try Recipe.resolve(flags: flags).readingFiles().classWeights == .list([0.5, 2, 0.1]))
        try Data("cat: 2\nblack : dog: 0.25\n".utf8).write(to: URL(filePath: path))
        #expect(
            try Recipe.resolve(flags: flags).readingFiles().classWeights == .named(["cat": 2, "black : dog": 0.25]))
        for (text, line) in [("1\n-1", 2), ("1\ncat: 1", 2), ("cat", 1), ("nan", 1)] {
            try Data(text.utf8).write(to: URL(filePath: path))
            #expect { _ = try Recipe.resolve(flags: flags).readingFiles() } throws: {
                "\($0)".hasPrefix("\(path):\(line) is ")
            }
        }
        flags.classWeights = .file(path: "no/such/file")
        #expect(throws: RecipeError.self) { _ = try Recipe.resolve(flags: flags).readingFiles() }
    }

    @Test("several passes a step have the bits of one batch with class weights too", arguments: [1, 2])
    func passes(ranks: Int) throws {
        func digest(_ name: String, ranks: Int, passes: Int) throws -> String {
            try run.train(
                ranks: ranks,
                flags(name, Asked.all[1]) { flags in
                    flags.batchSize = 24 / passes
                    flags.accumulate = passes
                }
            ).parametersSHA256
        }
        #expect(try digest("parts", ranks: ranks, passes: 4) == digest("whole", ranks: 1, passes: 1))
    }

    @Test("a damaged sample is left out together with its weight, on any number of ranks")
    func damaged() throws {
        let photos = try MadePhotos()
        try photos.damage(4)
        func outcome(_ name: String, ranks: Int, _ weights: [Double]) throws -> TrainingOutcome {
            try run.train(
                ranks: ranks,
                run.flags(name) { flags in
                    flags.data = photos.path
                    flags.epochs = 1
                    flags.classWeights = .list(weights)
                })
        }
        let weights = [1.0, 2.0]
        let alone = try outcome("1", ranks: 1, weights)
        for ranks in [2, 4] {
            #expect(try outcome("\(ranks)", ranks: ranks, weights).parametersSHA256 == alone.parametersSHA256)
        }
        // Twice all weights, a power of two, give the same mean, to the bit.
        let twice = try outcome("twice", ranks: 1, weights.map { 2 * $0 })
        #expect(twice.parametersSHA256 == alone.parametersSHA256)
    }
}

/// A dataset whose labels alone matter.
private struct Labels: DrawnDataset {
    let labels: [Int]
    init(_ labels: [Int]) { self.labels = labels }
    let name = "labels"
    let channels = 1
    let classNames = ["c0", "c1", "c2"]
    func count(of split: Split) -> Int { labels.count }
    func label(at index: Int, in split: Split) -> Int { labels[index] }
    func draw(_ index: Int, of split: Split, imageSize: Int, into pixels: inout MutableSpan<Float>) {}
}
