import Recipes
import Testing

/// Returns the values of a YAML text, which messages call `r.yaml`.
func file(_ yaml: String) throws -> RecipeOverrides { try RecipeOverrides(yaml: yaml, path: "r.yaml") }

/// The message of the error that `body` throws.
func message(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "nothing was thrown"
    } catch {
        return "\(error)"
    }
}

@Suite struct Layering {
    @Test("a learning rate that depends on the batch depends on the number of samples where these are fewer")
    func fitted() throws {
        var flags = RecipeOverrides()
        flags.model = "lenet"
        flags.batchSize = 1_000_000
        let recipe = try Recipe.resolve(flags: flags)
        #expect(try recipe.fitted(toSamples: 256).learningRate == 0.1)
        #expect(try recipe.fitted(toSamples: 1_000_000) == recipe)
        flags.learningRate = 3
        let asked = try Recipe.resolve(flags: flags)
        #expect(try asked.fitted(toSamples: 256) == asked)
    }

    @Test("a model alone makes a recipe of default values")
    func defaults() throws {
        let recipe = try Recipe.resolve(file: file("model: lenet"), flags: RecipeOverrides())
        #expect(recipe.data == "shapes")
        #expect(recipe.duration == .epochs(10))
        #expect(recipe.batchSize == 32)
        #expect(recipe.learningRate == 0.0125)
        #expect(recipe.momentum == 0.9)
        #expect(recipe.weightDecay == 1e-4)
        #expect(recipe.schedule.shape == .cosine(final: 0) && recipe.schedule.warmup == .epochs(0))
        #expect(recipe.batchNorm == .sync)
        #expect(recipe.instructionSet == .auto)
        #expect(recipe.threads == nil && recipe.imageSize == nil && recipe.classes == nil && recipe.output == nil)
        #expect(recipe.resume == .none && !recipe.nesterov)
    }

    @Test("flags win over the file, and the file over the defaults")
    func flagsWin() throws {
        var flags = RecipeOverrides()
        flags.batchSize = 32
        flags.batchNorm = .local
        let recipe = try Recipe.resolve(file: file("model: lenet\nbatch_size: 128\nlr: 0.5"), flags: flags)
        #expect(recipe.batchSize == 32)
        #expect(recipe.batchNorm == .local)
        #expect(recipe.learningRate == 0.5)
        #expect(recipe.momentum == 0.9)
    }

    @Test("steps and epochs of the flags replace whichever the file gives")
    func durationWins() throws {
        var flags = RecipeOverrides()
        flags.steps = 7
        #expect(try Recipe.resolve(file: file("model: lenet\nepochs: 3"), flags: flags).duration == .steps(7))
        flags.steps = nil
        flags.epochs = 2
        #expect(try Recipe.resolve(file: file("model: lenet\nsteps: 3"), flags: flags).duration == .epochs(2))
    }

    @Test("a schedule of the flags drops the step settings of the file")
    func scheduleWins() throws {
        let stepped = try file("model: lenet\nschedule: step\nstep_epochs: 4\nstep_factor: 0.5")
        #expect(
            try Recipe.resolve(file: stepped, flags: RecipeOverrides()).schedule.shape
                == .step(every: .epochs(4), factor: 0.5))
        var flags = RecipeOverrides()
        flags.schedule = .constant
        #expect(try Recipe.resolve(file: stepped, flags: flags).schedule.shape == .constant)
    }

    @Test("flags replace single options and multipliers of the file, and its whole list of frozen prefixes")
    func mapsMerge() throws {
        let yaml = "model: a\nmodel_options: {b: c, d: e}\nlr_multipliers: {f: 1, g: 2}\nfreeze: [h, i]"
        var flags = RecipeOverrides()
        flags.modelOptions = ["d": "x", "y": "z"]
        flags.rateMultipliers = ["g": 0]
        flags.freeze = ["j"]
        let recipe = try Recipe.resolve(file: file(yaml), flags: flags)
        #expect(recipe.modelOptions == ["b": "c", "d": "x", "y": "z"])
        #expect(recipe.rateMultipliers == ["f": 1, "g": 0])
        #expect(recipe.freeze == ["j"])
    }

    @Test("contradictory values are refused")
    func contradictions() throws {
        var both = RecipeOverrides()
        both.model = "lenet"
        both.steps = 1
        both.epochs = 1
        #expect(message { _ = try Recipe.resolve(flags: both) }.contains("--epochs and --steps are both given"))
        for yaml in [
            "model: lenet\nepochs: 1\nsteps: 2", "model: lenet\ntime: 10min\nsteps: 2",
            "model: lenet\naverage_warmup: true", "model: lenet\naverage_every: 2",
            "model: lenet\nbalanced_sampling: on\nshuffle: off", "model: lenet\nstep_epochs: 2",
            "model: lenet\nschedule: constant\nstep_factor: 0.1", "model: lenet\ninit_skip_mismatched: true",
            "model: lenet\ninit: w\ninit_force: true", "model: lenet\nschedule: multistep",
            "model: lenet\nschedule: exponential", "model: lenet\nlr_for_batch: 256",
            "model: lenet\nschedule: step\nstep_epochs: 2\nstep_every: 2epochs",
            "model: lenet\nwarmup_epochs: 1\nwarmup_steps: 10", "model: lenet\nrestart_growth: 2",
            "model: lenet\nschedule: onecycle\nfinal_lr: 0.1",
            "model: lenet\nnesterov: true\nmomentum: 0", "model: lenet\ntime: 10min\ntrain_sizes: {20: 1epochs}",
            "model: lenet\nepochs: 3\ntrain_sizes: {20: 1epochs, 24: 2epochs}",
            "model: lenet\nimage_size: 28\ntrain_sizes: {28: 1epochs}",
        ] {
            #expect {
                _ = try Recipe.resolve(file: file(yaml), flags: RecipeOverrides())
            } throws: { error in
                if case .contradiction = error as? RecipeError { true } else { false }
            }
        }
    }

    @Test("a recipe without a model is refused with a hint at how to name one")
    func modelMissing() {
        #expect(message { _ = try Recipe.resolve(flags: RecipeOverrides()) }.contains("--model"))
    }

    @Test("values out of range are refused and the flag is named", arguments: outOfRange)
    func ranges(_ example: OutOfRange) {
        var flags = RecipeOverrides()
        flags.model = "lenet"
        example.set(&flags)
        let text = message { _ = try Recipe.resolve(flags: flags) }
        #expect(text.hasPrefix("\(example.flag) is "), "\(text)")
        #expect(text.contains("; expected "))
    }
}

struct OutOfRange: Sendable, CustomTestStringConvertible {
    let flag: String
    let set: @Sendable (inout RecipeOverrides) -> Void
    var testDescription: String { flag }
}

let outOfRange = [
    OutOfRange(flag: "--model") { $0.model = "" },
    OutOfRange(flag: "--epochs") { $0.epochs = 0 },
    OutOfRange(flag: "--steps") { $0.steps = 0 },
    OutOfRange(flag: "--batch-size") { $0.batchSize = 0 },
    OutOfRange(flag: "--batch-size") { $0.batchSize = .max },
    OutOfRange(flag: "--lr") { $0.learningRate = 0 },
    OutOfRange(flag: "--lr") { $0.learningRate = .infinity },
    OutOfRange(flag: "--lr") { $0.learningRate = .nan },
    OutOfRange(flag: "--momentum") { $0.momentum = 1 },
    OutOfRange(flag: "--momentum") { $0.momentum = -0.1 },
    OutOfRange(flag: "--weight-decay") { $0.weightDecay = -1e-9 },
    OutOfRange(flag: "--warmup-epochs") { $0.warmupEpochs = -1 },
    OutOfRange(flag: "--step-epochs") { $0.stepEpochs = 0 },
    OutOfRange(flag: "--step-factor") { $0.stepFactor = 0 },
    OutOfRange(flag: "--image-size") { $0.imageSize = 4097 },
    OutOfRange(flag: "--classes") { $0.classes = 0 },
    OutOfRange(flag: "--threads") { $0.threads = 1025 },
    OutOfRange(flag: "--threads") { $0.threads = 0 },
    OutOfRange(flag: "--log-every") { $0.logEvery = 0 },
    OutOfRange(flag: "--checkpoint-every") { $0.checkpointEvery = [] },
    OutOfRange(flag: "--keep-last") { $0.keepLast = 0 },
    OutOfRange(flag: "--keep-best") { $0.keepBest = -1 },
    OutOfRange(flag: "--keep-every") { $0.keepEvery = .steps(10) },
    OutOfRange(flag: "--checkpoint-level") { $0.checkpointLevel = 20 },
    OutOfRange(flag: "--dropout") { $0.dropout = 1 },
    OutOfRange(flag: "--dropout") { $0.dropout = -0.1 },
    OutOfRange(flag: "--average-weights") { $0.averageWeights = 1 },
    OutOfRange(flag: "--class-weights") { $0.classWeights = .list([1, 0]) },
    OutOfRange(flag: "--class-weights") { $0.classWeights = .named(["a": .infinity]) },
    OutOfRange(flag: "--time") { $0.time = 0 },
    OutOfRange(flag: "--patience") { $0.patience = 0 },
    OutOfRange(flag: "--evaluate-every") { $0.evaluateEvery = 0 },
    OutOfRange(flag: "--stop-at-accuracy") { $0.stopAtAccuracy = 1.5 },
    OutOfRange(flag: "--average-every") { $0.averageEvery = 0 },
    OutOfRange(flag: "--label-smoothing") { $0.labelSmoothing = 1 },
    OutOfRange(flag: "--freeze") { $0.freeze = [""] },
    OutOfRange(flag: "--lr-multiplier") { $0.rateMultipliers = ["a": -1] },
    OutOfRange(flag: "--lr-multiplier") { $0.rateMultipliers = ["a": .nan] },
    OutOfRange(flag: "--train-for") { $0.trainingLengths = ["a": .seconds(3)] },
    OutOfRange(flag: "--train-size") { $0.trainingSizes = ["a": .epochs(1)] },
    OutOfRange(flag: "--train-size") { $0.trainingSizes = ["0": .epochs(1)] },
    OutOfRange(flag: "--train-size") { $0.trainingSizes = ["32": .steps(1)] },
    OutOfRange(flag: "--whitening-images") { $0.whiteningImages = 0 },
    OutOfRange(flag: "--test-augment-share") { $0.testAugmentationShare = 0 },
    OutOfRange(flag: "--model-option") { $0.modelOptions = ["": "a"] },
]
