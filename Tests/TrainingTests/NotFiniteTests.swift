import Checkpoints
@testable import Datasets
import Foundation
import Graphs
import Networks
import Recipes
import Tensors
import Testing

@testable import Training

@Suite("Numbers that are none", .serialized)
struct NotFiniteTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    /// The newest checkpoint of a run of three steps, with one number of a tensor changed.
    private func spoiled(
        _ tensor: String, by value: Float, output: String = "whole", model: String = "lenet_bn"
    ) throws -> String {
        try run.train(
            run.flags(output) {
                $0.model = model; $0.epochs = 1
            })
        var checkpoint = try run.checkpoint(output, step: 3)
        func change(_ tensors: [NamedTensor]) -> [NamedTensor] {
            tensors.map { own in
                guard own.name == tensor, var values = own.floats else { return own }
                values[values.count - 1] = value
                return NamedTensor(name: own.name, shape: own.shape, storage: .float32(values))
            }
        }
        checkpoint.tensors = change(checkpoint.tensors)
        checkpoint.optimizer = change(checkpoint.optimizer)
        let path = run.path("spoiled.safetensors.zst")
        try checkpoint.write(to: path)
        return path
    }

    @Test(
        "numbers that are none in initial weights are an error that names file and tensor, and no rate",
        arguments: [Float.nan, .infinity, -.infinity])
    func initial(value: Float) throws {
        let path = try spoiled("1.running_var", by: value)
        let words = try run.failure(
            ranks: 2,
            run.flags("run") {
                $0.model = "lenet_bn"; $0.initFile = path
            })
        #expect(words.contains("\(path): 1 of the 6 numbers of 1.running_var is infinite or not a number"), "\(words)")
        #expect(words.contains("(the first is \(value))") && !words.contains("--lr"), "\(words)")
        #expect(!FileManager.default.fileExists(atPath: run.path("run") + "/checkpoints"))
    }

    @Test("numbers that are none in weights that are left out do no harm")
    func leftOut() throws {
        let path = try spoiled("11.weight", by: .nan, model: "lenet")
        let parameters = try Graph(
            network: Zoo.model(named: "lenet").network(classes: 11), imageSize: 28, purpose: .evaluation
        ).parameters
        let fit = WeightsFit(try Checkpoint(contentsOf: path).tensors, to: parameters)
        #expect(fit.misfits.map(\.tensor).contains("11.weight"))
        try fit.requireFinite(path: path)
    }

    @Test(
        "numbers that are none in a checkpoint are an error, whatever it is for",
        arguments: ["0.weight", "training.optimizer.momentum.0.weight"])
    func loaded(tensor: String) throws {
        let path = try spoiled(tensor, by: .nan)
        let words = try run.failure(
            run.flags("run") {
                $0.model = "lenet_bn"; $0.epochs = nil; $0.steps = 9; $0.resume = .from(path: path)
            })
        #expect(words.contains("\(path): 1 of the 150 numbers of \(tensor) is infinite or not a number"), "\(words)")
        guard !tensor.hasPrefix("training") else { return }
        let shown = #expect(throws: TrainingError.self) {
            _ = try Predictor(NetworkFile(contentsOf: path, model: nil), threads: 1, instructionSet: .auto)
        }
        #expect(shown?.description.contains("0.weight is infinite or not a number") == true)
        let imported = #expect(throws: TrainingError.self) {
            _ = try WeightsImport(
                contentsOf: path, model: ModelChoice("lenet_bn"), classes: nil, imageSize: nil, skipsMismatched: false)
        }
        #expect(imported?.description.contains("0.weight is infinite or not a number") == true)
    }

    @Test("an evaluation whose loss is no number ends the run, without an accuracy or a checkpoint of it")
    func evaluation() throws {
        // A step so long that weights are finite still, but not what residual blocks add up to with running statistics
        // of before.
        let words = try run.failure(
            ranks: 2,
            run.flags("run") {
                $0.model = "resnet18_cifar"
                $0.imageSize = 8
                $0.learningRate = 1e20
                $0.epochs = nil
                $0.steps = 1
            })
        #expect(words.contains("the loss over 12 samples of the evaluation is "), "\(words)")
        #expect(words.contains("there is no accuracy") && words.contains("there is no checkpoint yet"), "\(words)")
        #expect(words.contains("weights are finite") && words.contains("Try a smaller --lr"), "\(words)")
        #expect(!FileManager.default.fileExists(atPath: run.path("run") + "/checkpoints"))
        #expect(try run.story("run").allSatisfy { !$0.contains("evaluation") && !$0.contains("final") })
    }

    // MARK: Advice

    private func spoilingImages(at spoiling: Int) -> TrainerHooks {
        var hooks = TrainerHooks()
        hooks.gradients = { _, step, finished, gradients in
            if step == spoiling, finished > 0 { gradients[0] = .nan }
        }
        return hooks
    }

    @Test("a number that is none at the first step is not the learning rate's fault")
    func firstStep() throws {
        let words = try run.failure(run.flags("run"), hooks: spoilingImages(at: 0))
        #expect(words.contains("at step 1, before any step was taken") && words.contains("--init"), "\(words)")
        #expect(!words.contains("--lr") && !words.contains("still good"), "\(words)")
    }

    @Test("later are, and the newest checkpoint is named where there is one")
    func laterStep() throws {
        let without = try run.failure(run.flags("without"), hooks: spoilingImages(at: 2))
        #expect(without.contains("Try a smaller --lr") && without.contains("there is no checkpoint yet"), "\(without)")
        let flags = run.flags("with") { $0.checkpointEvery = [.steps(1)] }
        let with = try run.failure(flags, hooks: spoilingImages(at: 2))
        #expect(with.contains("Try a smaller --lr"), "\(with)")
        #expect(with.contains("the checkpoint of step 2 is still good"), "\(with)")
        let resumed = try run.failure(
            run.flags("with") { $0.resume = .auto }, hooks: spoilingImages(at: 2))
        #expect(resumed.contains("at step 3, the first after the checkpoint of step 2"), "\(resumed)")
        #expect(!resumed.contains("still good"), "\(resumed)")
    }

    // MARK: Batch norm

    /// A network at a size, batches and ranks; values is nil where all norms see enough.
    struct Case: CustomTestStringConvertible, Sendable {
        let model: String
        var imageSize = 32
        let batchSize: Int
        var samples = 64
        var steps = 1
        var ranks = 1
        var batchNorm = Recipe.BatchNorm.sync
        var accumulate = 1
        let values: Int?

        var testDescription: String {
            "\(model), \(imageSize) px, \(batchSize) of \(samples) over \(ranks), \(steps) steps, \(batchNorm), "
                + "\(accumulate) passes"
        }
    }

    static let cases = [
        Case(model: "densenet121", batchSize: 1, values: 1), Case(model: "densenet121", batchSize: 2, values: 2),
        Case(model: "densenet121", batchSize: 3, values: nil),
        Case(model: "densenet121", batchSize: 2, ranks: 2, values: 2),
        Case(model: "densenet121", batchSize: 2, ranks: 2, batchNorm: .average, values: 1),
        Case(model: "densenet121", batchSize: 2, ranks: 2, batchNorm: .local, values: 1),
        // Where a rank has no sample there is none to look at.
        Case(model: "densenet121", batchSize: 3, ranks: 4, batchNorm: .local, values: 1),
        Case(model: "densenet121", imageSize: 64, batchSize: 1, values: nil),
        // An epoch's last batch has what is left, if the run comes to it.
        Case(model: "densenet121", batchSize: 16, samples: 33, steps: 2, values: nil),
        Case(model: "densenet121", batchSize: 16, samples: 33, steps: 3, values: 1),
        Case(model: "densenet121", batchSize: 16, samples: 1, values: 1),
        // Passes are batches of their own.
        Case(model: "densenet121", batchSize: 2, accumulate: 4, values: 2),
        Case(model: "resnet18_cifar", batchSize: 1, values: nil),
        Case(model: "lenet", imageSize: 28, batchSize: 1, values: nil),
        // Norms behind linear layers.
        Case(model: "lenet_bn", imageSize: 28, batchSize: 1, values: 1),
    ]

    @Test(
        "batch norms that see too few values of a channel, and so give no numbers, are found beforehand",
        arguments: cases)
    func fewValues(_ own: Case) throws {
        var flags = RecipeOverrides()
        flags.model = own.model
        flags.batchSize = own.batchSize
        flags.steps = own.steps
        flags.batchNorm = own.batchNorm
        flags.accumulate = own.accumulate
        let recipe = try Recipe.resolve(flags: flags)
        let graph = try Graph(
            network: Zoo.model(named: own.model).network(), imageSize: own.imageSize, purpose: .training)
        let sizes = RunSizes(
            trainingSamples: own.samples, testSamples: 1, batchSize: recipe.globalBatchSize,
            duration: .steps(own.steps))
        let few = FewNormValues(graph, recipe: recipe, sizes: sizes, ranks: own.ranks)
        #expect(few?.values == own.values)
        guard let few else { return }
        let words = few.warning(recipe, ranks: own.ranks)
        #expect(words.contains(own.values == 1 ? "only 1 value of a channel" : "only 2 values of a channel"))
        #expect(words.contains("a larger --batch-size"))
        #expect(words.contains("--batch-norm sync") == (own.batchNorm != .sync))
        #expect(words.contains("--accumulate") == (own.accumulate > 1))
        if own.model == "densenet121" {
            #expect(words.contains("features.denseblock4.denselayer1.norm1 and 32 others"))
        }
    }

    @Test("aside, averaged running statistics are those of all samples, however many each rank had")
    func weighed() throws {
        // 16 samples in 8 shards on 3 ranks: 6, 6 and 4, those of rank 2 unlike the others.
        var hooks = TrainerHooks()
        hooks.batch = { rank, _, loaded in
            guard rank == 2 else { return loaded }
            let batch = Batch(
                images: FloatImages(loaded.batch.images.floats.map { 3 * $0 + 1 }, samples: loaded.batch.count),
                targets: loaded.batch.targets, sampleIDs: loaded.batch.sampleIDs, shardSizes: loaded.batch.shardSizes)
            return LoadedBatch(
                step: loaded.step, batch: batch, globalSamples: loaded.globalSamples, shard: loaded.shard)
        }
        func means(_ batchNorm: Recipe.BatchNorm) throws -> [Float] {
            let output = "\(batchNorm)"
            try run.train(
                ranks: 3,
                run.flags(output) {
                    $0.model = "lenet_bn"; $0.epochs = nil; $0.steps = 1; $0.batchNorm = batchNorm
                }, hooks: hooks)
            let tensors = try run.checkpoint(output, step: 1).tensors
            return try #require(tensors.first { $0.name == "1.running_mean" }?.floats)
        }
        let (averaged, together) = (try means(.average), try means(.sync))
        let largest = together.map(\.magnitude).max() ?? 0
        // A few roundings of float32: of each mean, its weight, two sums and the share.
        for (a, b) in zip(averaged, together) { #expect(abs(a - b) <= 8 * 0x1p-24 * largest) }
    }
}
