import ArgumentParser
import Collectives
import Files
import Foundation
import Launching
import Networks
import Recipes
import Training

/// `cnn-train train`: a run from its recipe to its results.
struct TrainCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Trains a network. (What cnn-train does where no subcommand is named.)")

    @Option(help: "The network; `cnn-train models` lists them.") var model: String?
    @Option(
        name: .customLong("model-option"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("What the model's paper lets vary; may be repeated.", valueName: "key=value"))
    var modelOptions: [KeyAndValue] = []
    @Option(
        name: .customLong("init"),
        help: ArgumentHelp(
            "Weights to begin with: safetensors, plain or in zstd, ours or torchvision's.", valueName: "file"),
        transform: userPath)
    var initFile: String?
    @Flag(help: "Begins with those tensors of --init that fit.") var initSkipMismatched = false
    @Option(help: "How weights begin where no file gives them: reference, he_normal, xavier_uniform, …")
    var initScheme: String?
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Parameters whose names begin so are not updated; may be repeated.", valueName: "prefix"))
    var freeze: [String] = []
    @Option(
        name: .customLong("lr-multiplier"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Multiplies the learning rate where names begin so; may be repeated.", valueName: "prefix=x"))
    var rateMultipliers: [PrefixAndFactor] = []
    @Option(parsing: .unconditional, help: "The rate of all dropout layers; 0 turns them off.") var dropout: Double?
    @Option(help: "Whether each epoch has an order of its own: on or off.") var shuffle: OnOff?
    @Option(help: "What is done to training images: none, crop-flip or resized-crop-flip.")
    var augment: Recipe.Augmentation?
    @Option(help: "The dataset: shapes, fashion-mnist, fashion-mnist:DIR or synthetic.", transform: userDataset)
    var data: String?
    @Option(help: ArgumentHelp("A recipe in YAML; flags win over it.", valueName: "file.yaml"), transform: userPath)
    var config: String?
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
    @Option(help: "How 3x3 convolutions are computed: winograd, with less than half the products, or direct.")
    var convolution: Recipe.Convolution?
    @Option(
        parsing: .unconditional,
        help: "Keeps averages of the weights over time too, of which each step leaves this share, such as 0.999.")
    var averageWeights: Double?
    @Option(parsing: .unconditional, help: "Seeds weights, the order of samples, and dropout.") var seed: UInt64?
    @Option(help: ArgumentHelp("The folder for results.", valueName: "dir"), transform: userPath) var output: String?
    @OptionGroup(title: "Checkpoints") var checkpoints: CheckpointOptions
    @Option(parsing: .unconditional, help: "Steps between two reports.") var logEvery: Int?
    @Option(help: "How the log writes losses: rounded or full.") var lossPrecision: Recipe.LossPrecision?
    @Option(help: "Moments of batch norm: sync, of the global batch; average or local, of each rank's part.")
    var batchNorm: Recipe.BatchNorm?
    @Option(name: .customLong("allreduce"), help: "Who sums over ranks: tree, or mpi.") var allReduce: Recipe.AllReduce?
    @Option(name: .customLong("gradient-dtype"), help: "What stands for gradients between ranks: fp32, bf16 or fp16.")
    var gradientType: Recipe.GradientType?
    @Option(parsing: .unconditional, help: "Gradients that are summed at once.") var bucketMegabytes: Int?
    @Option(parsing: .unconditional, help: "Seconds that ranks wait for each other before the run ends.")
    var collectiveTimeout: Double?
    @Option(parsing: .unconditional, help: "Steps between two comparisons of the ranks' parameters.")
    var replicaCheckEvery: Int?

    @Option(parsing: .unconditional, help: "Passes of --batch-size samples that make one step.") var accumulate: Int?
    @Option(parsing: .unconditional, help: "Parts of the batch, whatever the number of ranks: a power of two.")
    var virtualShards: Int?
    @Option(parsing: .unconditional, help: "Starts this many processes here, as `launch -n` does.") var workers: Int?

    func validate() throws {
        // Where it can be followed it has been, before the command line was read.
        if workers != nil { throw ValidationError(LaunchError.launchedAlready.description) }
    }

    func run(in world: any Communicator) throws {
        StopRequest.listen(isAlone: !Launcher.isPresent)
        let recipe = try Recipe.shared(in: world, resolved)
        let trainer = try Trainer(recipe: recipe, world: world, console: Console(isQuiet: world.rank != 0))
        _ = try trainer.run()
    }

    private func resolved() throws -> Recipe {
        try Recipe.resolve(file: file(), flags: flags())
    }

    /// What the user's file says; where a run is resumed without one, what that run was made with.
    private func file() throws -> RecipeOverrides? {
        if let config { return try RecipeOverrides(contentsOf: config) }
        return try checkpoints.place.flatMap { try RunFolder.recipe(toResume: $0, output: output) }
    }

    private func flags() throws -> RecipeOverrides {
        var flags = RecipeOverrides()
        flags.model = model
        flags.modelOptions = modelOptions.isEmpty ? nil : modelOptions.texts
        flags.initFile = initFile
        flags.initSkipMismatched = initSkipMismatched ? true : nil
        flags.initScheme = try initScheme.map { name in try InitialScheme(named: name) }
        flags.freeze = freeze.isEmpty ? nil : freeze
        let multipliers = Dictionary(
            rateMultipliers.map { ($0.prefix, $0.factor) }, uniquingKeysWith: { _, last in last })
        flags.rateMultipliers = multipliers.isEmpty ? nil : multipliers
        flags.dropout = dropout
        flags.averageWeights = averageWeights
        flags.shuffle = shuffle.map { $0 == .on }
        flags.augmentation = augment
        flags.lossPrecision = lossPrecision
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
        flags.convolution = convolution
        flags.seed = seed
        flags.output = output
        checkpoints.write(to: &flags)
        flags.logEvery = logEvery
        flags.batchNorm = batchNorm
        flags.allReduce = allReduce
        flags.gradientType = gradientType
        flags.bucketMegabytes = bucketMegabytes
        flags.collectiveTimeout = collectiveTimeout
        flags.replicaCheckEvery = replicaCheckEvery
        flags.virtualShards = virtualShards
        flags.accumulate = accumulate
        return flags
    }
}
