import ArgumentParser
import Files
import Networks
import Recipes

/// The network of a run, and the weights that it begins with.
struct NetworkOptions: RecipeFlags {
    @Option(\.model) var model: String?
    @Option(\.modelOptions) var modelOptions: [KeyAndValue<String>] = []
    @Option(\.imageSize) var imageSize: Int?
    @Option(\.trainingSizes) var trainSizes: [KeyAndValue<Recipe.Interval>] = []
    @Option(\.classes) var classes: Int?
    @Option(\.dropout) var dropout: Double?
    @Option(\.initScheme) var initScheme: SchemeArgument?
    @Option(\.initFile, transform: userPath) var initFile: String?
    @Flag(\.initSkipMismatched) var initSkipMismatched = false
    @Flag(\.initForce) var initForce = false
    @Option(\.freeze) var freeze: [String] = []
    @Option(\.trainOnly) var trainOnly: [String] = []
    @Option(\.rateMultipliers) var rateMultipliers: [KeyAndValue<Double>] = []
    @Option(\.trainingLengths) var trainFor: [KeyAndValue<Recipe.Interval>] = []
    @Option(\.whiteningImages) var whiteningImages: Int?

    func write(to recipe: inout RecipeOverrides) throws {
        recipe.model = model
        recipe.modelOptions = modelOptions.isEmpty ? nil : modelOptions.byKey()
        recipe.imageSize = imageSize
        recipe.classes = classes
        recipe.dropout = dropout
        recipe.initScheme = try initScheme.map { try InitialScheme(named: $0.name) }
        recipe.initFile = initFile
        recipe.initSkipMismatched = initSkipMismatched ? true : nil
        recipe.initForce = initForce ? true : nil
        recipe.freeze = freeze.isEmpty ? nil : freeze
        recipe.trainOnly = trainOnly.isEmpty ? nil : trainOnly
        recipe.rateMultipliers = rateMultipliers.isEmpty ? nil : rateMultipliers.byKey()
        recipe.trainingSizes = trainSizes.isEmpty ? nil : trainSizes.byKey()
        recipe.trainingLengths = trainFor.isEmpty ? nil : trainFor.byKey()
        recipe.whiteningImages = whiteningImages
    }
}

/// The samples of a run.
struct DataOptions: RecipeFlags {
    @Option(\.data, transform: userDataset) var data: String?
    @Option(\.shuffle) var shuffle: OnOff?
    @Option(\.balancedSampling) var balancedSampling: OnOff?
    @Option(\.seed) var seed: UInt64?
    @Option(\.imageCache) var cache: Recipe.ImageCache?

    func write(to recipe: inout RecipeOverrides) {
        recipe.data = data
        recipe.shuffle = shuffle.map { $0 == .on }
        recipe.balancedSampling = balancedSampling.map { $0 == .on }
        recipe.seed = seed
        recipe.imageCache = cache
    }
}

/// The options of loading: the changes to samples on their way to the network, and the treatment of damaged ones.
struct LoadingOptions: RecipeFlags {
    @Option(\.validationFraction) var validationFraction: Double?
    @Option(\.augmentation) var augment: Recipe.Augmentation?
    @Option(\.mixup) var mixup: Double?
    @Option(\.cutMix) var cutmix: Double?
    @Option(\.interpolation) var interpolation: Recipe.Interpolation?
    @Option(\.normalisation) var normalise: Recipe.Normalisation?
    @Option(\.decoding) var decode: Recipe.Decoding?
    @Option(\.exifOrientation) var exifOrientation: OnOff?
    @Option(\.maxImagePixels) var maxImagePixels: Int?
    @Option(\.maxBadSamples) var maxBadSamples: Int?
    @Flag(\.isStrict) var strict: Bool?
    @Option(\.prefetchMegabytes) var prefetchMegabytes: Int?

    func write(to recipe: inout RecipeOverrides) {
        recipe.validationFraction = validationFraction
        recipe.augmentation = augment
        recipe.mixup = mixup
        recipe.cutMix = cutmix
        recipe.interpolation = interpolation
        recipe.normalisation = normalise
        recipe.decoding = decode
        recipe.exifOrientation = exifOrientation.map { $0 == .on }
        recipe.maxImagePixels = maxImagePixels
        recipe.maxBadSamples = maxBadSamples
        recipe.isStrict = strict
        recipe.prefetchMegabytes = prefetchMegabytes
    }
}

/// The length of a run, and the steps that it takes.
struct OptimizationOptions: RecipeFlags {
    @Option(\.duration) var duration: ListArgument<Recipe.Interval>?
    @Option(\.epochs) var epochs: Int?
    @Option(\.steps) var steps: Int?
    @Option(\.time) var time: PeriodArgument?
    @Option(\.batchSize) var batchSize: AutoInteger?
    @Option(\.accumulate) var accumulate: Int?
    @Option(\.learningRate) var learningRate: AutoNumber?
    @Option(\.learningRateBatch) var lrForBatch: Int?
    @Option(\.schedule) var schedule: Recipe.Schedule.Name?
    @Option(\.warmupEpochs) var warmupEpochs: Double?
    @Option(\.warmupSteps) var warmupSteps: Int?
    @Option(\.finalLearningRate) var finalLr: Double?
    @Option(\.stepEpochs) var stepEpochs: Int?
    @Option(\.stepEvery) var stepEvery: ListArgument<Recipe.Interval>?
    @Option(\.stepFactor) var stepFactor: Double?
    @Option(\.milestones) var milestones: [ListArgument<Recipe.Interval>] = []
    @Option(\.power) var power: Double?
    @Option(\.restartEvery) var restartEvery: ListArgument<Recipe.Interval>?
    @Option(\.restartGrowth) var restartGrowth: Int?
    @Option(\.averageWeights) var averageWeights: Double?
    @Flag(\.averageWarmup) var averageWarmup: Bool?
    @Option(\.averageEvery) var averageEvery: Int?
    @Option(\.evaluateEvery) var evaluateEvery: Int?
    @Option(\.patience) var patience: Int?
    @Option(\.stopAtAccuracy) var stopAtAccuracy: Double?

    func write(to recipe: inout RecipeOverrides) {
        recipe.duration = duration?.values.first
        recipe.epochs = epochs
        recipe.steps = steps
        recipe.time = time?.seconds
        recipe.batchSize = batchSize?.value
        recipe.accumulate = accumulate
        recipe.learningRate = learningRate?.value
        recipe.learningRateBatch = lrForBatch
        recipe.schedule = schedule
        recipe.warmupEpochs = warmupEpochs
        recipe.warmupSteps = warmupSteps
        recipe.finalLearningRate = finalLr
        recipe.stepEpochs = stepEpochs
        recipe.stepEvery = stepEvery?.values.first
        recipe.stepFactor = stepFactor
        recipe.milestones = milestones.isEmpty ? nil : milestones.flatMap(\.values)
        recipe.power = power
        recipe.restartEvery = restartEvery?.values.first
        recipe.restartGrowth = restartGrowth
        recipe.averageWeights = averageWeights
        recipe.averageWarmup = averageWarmup
        recipe.averageEvery = averageEvery
        recipe.evaluateEvery = evaluateEvery
        recipe.patience = patience
        recipe.stopAtAccuracy = stopAtAccuracy
    }
}

/// The options of the loss that a run minimises.
struct LossOptions: RecipeFlags {
    @Option(\.labelSmoothing) var labelSmoothing: Double?
    @Option(\.classWeights) var classWeights: Recipe.ClassWeights?

    func write(to recipe: inout RecipeOverrides) {
        recipe.labelSmoothing = labelSmoothing
        recipe.classWeights = classWeights
    }
}

/// The options of the ranks' work together.
struct RankOptions: RecipeFlags {
    @Option(\.batchNorm) var batchNorm: Recipe.BatchNorm?
    @Option(\.allReduce) var allReduce: Recipe.AllReduce?
    @Option(\.gradientType) var gradientType: Recipe.GradientType?
    @Option(\.bucketMegabytes) var bucketMegabytes: Int?
    @Option(\.collectiveTimeout) var collectiveTimeout: Double?
    @Option(\.heartbeat) var heartbeat: PeriodArgument?
    @Option(\.replicaCheckEvery) var replicaCheckEvery: Int?
    @Option(\.virtualShards) var virtualShards: Int?

    func write(to recipe: inout RecipeOverrides) {
        recipe.batchNorm = batchNorm
        recipe.allReduce = allReduce
        recipe.gradientType = gradientType
        recipe.bucketMegabytes = bucketMegabytes
        recipe.collectiveTimeout = collectiveTimeout
        recipe.heartbeat = heartbeat?.seconds
        recipe.replicaCheckEvery = replicaCheckEvery
        recipe.virtualShards = virtualShards
    }
}

/// The options of a rank's threads and kernels.
struct MachineOptions: RecipeFlags {
    @Option(\.threads) var threads: Int?
    @Option(\.instructionSet) var instructionSet: Recipe.InstructionSet?
    @Option(\.convolution) var convolution: Recipe.Convolution?

    func write(to recipe: inout RecipeOverrides) {
        recipe.threads = threads
        recipe.instructionSet = instructionSet
        recipe.convolution = convolution
    }
}

/// The options of a run's files and output.
struct ResultOptions: RecipeFlags {
    @Option(\.output, transform: userPath) var output: String?
    @Option(\.logEvery) var logEvery: Int?
    @Option(\.progress) var progress: Recipe.ProgressDisplay?
    @Option(\.lossPrecision) var lossPrecision: Recipe.LossPrecision?
    @Option(\.report) var report: Recipe.Report?
    @Option(\.testAugmentation) var testAugment: Recipe.TestAugmentation?
    @Option(\.testAugmentationShare) var testAugmentShare: Double?
    @Option(\.onNonFinite) var onNan: Recipe.NonFinitePolicy?
    @Flag(\.tensorBoard) var tensorboard: Bool?
    @Option(\.statusPort) var statusPort: Int?
    @Option(\.statusHost) var statusHost: String?

    func write(to recipe: inout RecipeOverrides) {
        recipe.output = output
        recipe.logEvery = logEvery
        recipe.progress = progress
        recipe.lossPrecision = lossPrecision
        recipe.report = report
        recipe.testAugmentation = testAugment
        recipe.testAugmentationShare = testAugmentShare
        recipe.onNonFinite = onNan
        recipe.tensorBoard = tensorboard
        recipe.statusPort = statusPort
        recipe.statusHost = statusHost
    }
}

/// A time in a recipe's form: `5s`, `1min`, or `none`, which is 0.
struct PeriodArgument: ExpressibleByArgument {
    let text: String
    let seconds: Double

    init?(argument: String) {
        guard let seconds = Recipe.seconds(argument) else { return nil }
        text = argument
        self.seconds = seconds
    }
}
