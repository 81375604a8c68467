import ArgumentParser
import Collectives
import Foundation
import Recipes
import Training

/// `cnn-train train`: a run from its recipe to its results.
struct TrainCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Trains a network. (What cnn-train does where no subcommand is named.)")

    @Option(help: "The network; `cnn-train models` lists them.") var model: String?
    @Option(help: "The dataset: shapes, fashion-mnist, fashion-mnist:DIR or synthetic.") var data: String?
    @Option(help: ArgumentHelp("A recipe in YAML; flags win over it.", valueName: "file.yaml")) var config: String?
    @Option(parsing: .unconditional, help: "Passes over the training data.") var epochs: Int?
    @Option(parsing: .unconditional, help: "Optimizer steps, instead of epochs.") var steps: Int?
    @Option(parsing: .unconditional, help: "Samples of a step, over all ranks together.") var batchSize: Int?
    @Option(name: .customLong("lr"), parsing: .unconditional, help: "The learning rate after the warm-up.")
    var learningRate: Double?
    @Option(parsing: .unconditional, help: "The momentum of SGD.") var momentum: Double?
    @Flag(inversion: .prefixedNo, help: "Nesterov's form of the momentum.") var nesterov: Bool?
    @Option(parsing: .unconditional, help: "The decay of weights; biases and norms are spared.")
    var weightDecay: Double?
    @Option(help: "How the learning rate goes after the warm-up: cosine, step or constant.")
    var schedule: Recipe.Schedule.Name?
    @Option(parsing: .unconditional, help: "Epochs, also parts of one, over which the learning rate climbs.")
    var warmupEpochs: Double?
    @Option(parsing: .unconditional, help: "Schedule step: epochs between two drops.") var stepEpochs: Int?
    @Option(parsing: .unconditional, help: "Schedule step: what a drop multiplies the learning rate with.")
    var stepFactor: Double?
    @Option(parsing: .unconditional, help: "Height and width of the images in pixels.") var imageSize: Int?
    @Option(parsing: .unconditional, help: "Outputs of the network.") var classes: Int?
    @Option(parsing: .unconditional, help: "Threads of each rank.") var threads: Int?
    @Option(name: .customLong("isa"), help: "What computes: auto, avx512, avx2 or openblas.")
    var instructionSet: Recipe.InstructionSet?
    @Option(parsing: .unconditional, help: "Seeds weights, the order of samples, and dropout.") var seed: UInt64?
    @Option(help: ArgumentHelp("The folder for results.", valueName: "dir")) var output: String?
    @Flag(help: "Goes on from the newest checkpoint in the output folder.") var resume = false
    @Option(parsing: .unconditional, help: "Steps between two reports.") var logEvery: Int?
    @Option(help: "Moments of batch norm: sync, of the global batch; local, of each rank's part.")
    var batchNorm: Recipe.BatchNorm?

    func run(in world: any Communicator) throws {
        let recipe = try Recipe.shared(in: world, resolved)
        let trainer = try Trainer(recipe: recipe, world: world, console: Console(isQuiet: world.rank != 0))
        _ = try trainer.run()
    }

    private func resolved() throws -> Recipe {
        try Recipe.resolve(file: file(), flags: flags)
    }

    /// What the user's file says; where a run is resumed without one, what that run was made with.
    private func file() throws -> RecipeOverrides? {
        if let config { return try RecipeOverrides(contentsOf: config) }
        guard resume, let output else { return nil }
        let earlier = RunFolder(path: output).recipe
        return FileManager.default.fileExists(atPath: earlier) ? try RecipeOverrides(contentsOf: earlier) : nil
    }

    private var flags: RecipeOverrides {
        var flags = RecipeOverrides()
        flags.model = model
        flags.data = data
        flags.epochs = epochs
        flags.steps = steps
        flags.batchSize = batchSize
        flags.learningRate = learningRate
        flags.momentum = momentum
        flags.nesterov = nesterov
        flags.weightDecay = weightDecay
        flags.schedule = schedule
        flags.warmupEpochs = warmupEpochs
        flags.stepEpochs = stepEpochs
        flags.stepFactor = stepFactor
        flags.imageSize = imageSize
        flags.classes = classes
        flags.threads = threads
        flags.instructionSet = instructionSet
        flags.seed = seed
        flags.output = output
        flags.resume = resume ? true : nil
        flags.logEvery = logEvery
        flags.batchNorm = batchNorm
        return flags
    }
}

extension Recipe.Schedule.Name: ExpressibleByArgument {}
extension Recipe.InstructionSet: ExpressibleByArgument {}
extension Recipe.BatchNorm: ExpressibleByArgument {}
