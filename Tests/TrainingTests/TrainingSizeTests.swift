import Checkpoints
import Foundation
import Networks
import Recipes
import Testing

@testable import Training

@Suite("A run whose images grow", .serialized, .withOurKernels)
struct TrainingSizeTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    /// 3 steps of 12 pixels, 3 of 20 and 3 of 28.
    private func flags(_ output: String, _ change: (inout RecipeOverrides) -> Void = { _ in }) -> RecipeOverrides {
        run.flags(output) { flags in
            flags.model = "densenet_bc_100_12"
            flags.modelOptions = ["blocks": "2,2"]
            flags.learningRate = 0.1
            flags.imageSize = 28
            flags.trainingSizes = ["20": .epochs(1), "12": .epochs(1)]
            flags.checkpointEvery = [.steps(1)]
            flags.keepLast = 20
            change(&flags)
        }
    }

    @Test("has the same bits and story on 1, 2 and 4 ranks, with any threads")
    func ranks() throws {
        let one = try run.train(flags("one")).parametersSHA256
        let story = try run.story("one")
        for ranks in [2, 4] {
            let outcome = try run.train(ranks: ranks, flags("ranks\(ranks)") { $0.threads = 2 })
            #expect(outcome.parametersSHA256 == one)
            #expect(try run.story("ranks\(ranks)") == story)
        }
    }

    @Test(
        "goes on from any step to the bit, before, at and after a change of size", arguments: [1, 3, 4, 6, 8])
    func resumed(stop: Int) throws {
        let whole = try run.train(flags("whole"))
        try run.train(flags("broken"))
        try run.forget("broken", after: stop)
        let resumed = try run.train(ranks: 2, flags("broken") { $0.resume = .auto })
        #expect(resumed.parametersSHA256 == whole.parametersSHA256)
        #expect(try run.story("broken") == run.story("whole"))
    }

    @Test("takes the steps of its first epoch as a run of that size takes them, and its evaluations are of full size")
    func sizes() throws {
        try run.train(flags("growing"))
        try run.train(
            flags("small") { flags in
                flags.imageSize = 12
                flags.trainingSizes = nil
            })
        try run.train(flags("full") { $0.trainingSizes = nil })
        #expect(try run.checkpoint("growing", step: 3).tensors == run.checkpoint("small", step: 3).tensors)
        #expect(try run.checkpoint("growing", step: 4).tensors != run.checkpoint("small", step: 4).tensors)
        #expect(try run.checkpoint("growing", step: 3).tensors != run.checkpoint("full", step: 3).tensors)
        let evaluated = try run.story("growing").filter { $0.contains("\"evaluation\"") }
        #expect(try evaluated != run.story("small").filter { $0.contains("\"evaluation\"") })
        let about = try run.checkpoint("growing", step: 3).about(path: "growing")
        #expect(about.imageSize == 28 && about.recipe.contains("train_sizes: {12: 1epoch, 20: 1epoch}\n"))
    }

    @Test("time left counts the samples of larger images by their pixels")
    func timeLeft() throws {
        let network = try Zoo.model(named: "vgg11").network(classes: 10, inputChannels: 3)
        func trainingSizes(_ sizes: [String: Recipe.Interval]?) throws -> TrainingSizes {
            var flags = RecipeOverrides()
            (flags.model, flags.imageSize, flags.trainingSizes) = ("vgg11", 128, sizes)
            return try TrainingSizes(Recipe.resolve(flags: flags), of: network, full: 128)
        }
        let growing = try trainingSizes(["32": .epochs(2), "64": .epochs(1)])
        // Four steps an epoch, of 8, 8, 8 and 6 samples.
        let sizes = RunSizes(trainingSamples: 30, testSamples: 1, batchSize: 8, duration: .epochs(5))
        // Two epochs of one weight, one of four times, two of sixteen times that of the first.
        let left = [0, 6, 8, 9, 13, 20].map { growing.samplesLeft(after: $0, sizes) }
        #expect(left == [1140, 1094, 1080, 262, 52, 0])
        #expect(try trainingSizes(nil).samplesLeft(after: 5, sizes) == 112)
    }

    @Test("a network that is another one at a size is refused by one error that names the layer, on all ranks")
    func unfit() throws {
        let lenet = try run.failure(
            ranks: 2,
            flags("lenet") { flags in
                (flags.model, flags.modelOptions) = ("lenet", nil)
                flags.trainingSizes = ["20": .epochs(1)]
            })
        #expect(
            lenet.contains(
                "lenet for images of 28x28 cannot be trained on images of 20x20 first: its 7.weight is of 120 x 144 "
                    + "there and of 120 x 400 here. Leave --train-size 20 out"), "\(lenet)")
        let tiny = try run.failure(
            flags("tiny") { flags in
                (flags.model, flags.modelOptions) = ("vgg11_bn", ["head": "conv1x1"])
                flags.imageSize = 32
                flags.trainingSizes = ["8": .epochs(1)]
            })
        #expect(tiny.contains("on images of 8x8 first: nothing is left of such images in its layers"), "\(tiny)")
        let same = try run.failure(
            flags("same") { flags in
                flags.imageSize = nil
                flags.trainingSizes = ["32": .epochs(1)]
            })
        #expect(same.contains("on images of 32x32 first: images grow to that size"), "\(same)")
    }

    @Test("other sizes than a run began with are refused when it goes on, unless that is asked for")
    func otherSizes() throws {
        try run.train(flags("run"))
        try run.forget("run", after: 4)
        func resume(_ overridden: [String]) -> RecipeOverrides {
            flags("run") { flags in
                flags.resume = .auto
                flags.trainingSizes = ["12": .epochs(1)]
                flags.overriddenKeys = overridden
            }
        }
        #expect(try run.failure(resume([])).contains("train_sizes"))
        try run.train(resume(["train_sizes"]))
        #expect(try run.steps("run").last == 9)
    }
}
