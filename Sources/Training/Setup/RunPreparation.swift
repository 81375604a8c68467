import Checkpoints
import Collectives
import Datasets
import Engine
import Networks
import Recipes
import Terminal

/// The parts of a run that follow from its recipe and its data, before there is an engine.
struct RunPreparation {
    /// The recipe, with a chosen batch size where it leaves that to the run.
    let recipe: Recipe
    /// The same recipe, adapted to the number of samples.
    let fitted: Recipe
    /// The choices that were made, with their reasons.
    let choices: [String]
    let setup: Setup
    let sizes: RunSizes
    let optimizer: any OptimizerRule
    /// The factors of the classes' losses, by class; nil for 1.
    let classWeights: [Float]?
    let layout: EngineLayout
    /// The sizes of training images, by epoch.
    let trainingSizes: TrainingSizes

    /// Opens the data, builds the network and checks that the machine has enough memory. Collective.
    ///
    /// - Throws: `SharedFailure` on all ranks where any finds an error.
    init(_ asked: Recipe, world: any Communicator, console: Console) throws {
        let opened = try together(world) { try Self.open(asked, world: world) }
        let (recipe, choices) = try Self.chooseBatchSize(asked, opened, world: world, console: console)
        self.recipe = recipe
        self.choices = choices
        let optimizer = recipe.optimizerRule
        self.optimizer = optimizer
        let trainingSizes = try together(world) {
            try TrainingSizes(recipe, of: opened.network, full: opened.imageSize)
        }
        self.trainingSizes = trainingSizes
        (fitted, setup, sizes, layout, classWeights) = try together(world) {
            try Self.layOut(recipe, opened, trainingSizes, optimizer: optimizer, world: world)
        }
    }

    private static func open(_ recipe: Recipe, world: any Communicator) throws -> Setup {
        let setup = try Setup(
            model: ModelChoice(
                recipe.model, options: recipe.modelOptions, scheme: recipe.initScheme, dropout: recipe.dropout),
            data: recipe.data, validationFraction: recipe.validationFraction, imageSize: recipe.imageSize,
            classes: recipe.classes, threads: recipe.threads,
            instructionSet: recipe.instructionSet, convolution: recipe.convolution, shards: recipe.virtualShards,
            images: ImageOptions(recipe), prefetchMegabytes: recipe.prefetchMegabytes, world: world)
        try setup.dataset.require(Augmentation(recipe.augmentation))
        if recipe.normalisation == .none, setup.dataset.isDrawn {
            throw TrainingError.drawnPixels(data: setup.dataset.name)
        }
        for split in Split.allCases where setup.dataset.count(of: split) == 0 {
            throw TrainingError.emptySplit(data: setup.dataset.name, split: split.rawValue)
        }
        return setup
    }

    /// Returns the recipe with a batch size, and the reason for it where it is not the recipe's own. Collective.
    private static func chooseBatchSize(
        _ recipe: Recipe, _ setup: Setup, world: any Communicator, console: Console
    ) throws -> (Recipe, choices: [String]) {
        guard recipe.choosesBatchSize else { return (recipe, []) }
        console.say("Looking for the largest batch that fits and keeps the speed")
        let choice = try BatchSizeChoice(recipe, setup, world: world)
        return (try recipe.with(batchSize: choice.chosen?.batchSize ?? Recipe.Default.batchSize), [choice.words])
    }

    /// Lays out the engine, and lets decoded pictures use the memory that it leaves.
    ///
    /// - Returns: the fitted recipe, the setup, the sizes, the layout and the weights of classes.
    /// - Throws: where the machine has too little memory.
    private static func layOut(
        _ recipe: Recipe, _ opened: Setup, _ trainingSizes: TrainingSizes, optimizer: any OptimizerRule,
        world: any Communicator
    ) throws -> (Recipe, Setup, RunSizes, EngineLayout, [Float]?) {
        var setup = opened
        let sizes = RunSizes(
            trainingSamples: setup.dataset.count(of: .train), testSamples: setup.dataset.count(of: .test),
            batchSize: recipe.globalBatchSize, duration: recipe.duration)
        let weights = try recipe.classWeights?.weights(of: setup.dataset, classes: setup.network.classes)
        // A batch that the data cannot fill needs memory only for their samples.
        let layout = try setup.layout(
            batchSize: min(recipe.globalBatchSize, sizes.trainingSamples), seed: recipe.seed,
            accumulate: recipe.accumulate, labelSmoothing: recipe.labelSmoothing, classWeights: weights,
            optimizer: optimizer, keepsAverages: recipe.averageWeights != nil,
            otherSizes: trainingSizes.others)
        let needs = setup.needs(
            toTrain: recipe, layout, samples: sizes.trainingSamples, isCoordinator: world.rank == 0,
            snapshots: world.localRank == 0 && recipe.snapshotEvery > 0 ? .shared : nil)
        try needs.require()
        setup.keepPictures(
            recipe.imageCache, epochs: sizes.epochNumber(ofStep: sizes.totalSteps), left: needs.left())
        return (try recipe.fitted(toSamples: sizes.trainingSamples), setup, sizes, layout, weights)
    }

    /// The order of the training samples.
    var sampler: Sampler {
        Sampler(
            count: sizes.trainingSamples, batchSize: recipe.globalBatchSize, seed: recipe.seed,
            isShuffled: recipe.shuffle,
            balancedLabels: recipe.balancedSampling
                ? (0..<sizes.trainingSamples).map { setup.dataset.label(at: $0, in: .train) } : nil)
    }

    /// The loader of the training batches.
    var loader: Loader {
        Loader(
            dataset: setup.dataset, imageSize: setup.imageSize,
            shorterSide: setup.presentation?.shorterSide, augmentation: Augmentation(recipe.augmentation),
            mixing: Mixing(recipe), classWeights: classWeights, images: setup.images,
            limits: setup.prefetchLimits(batchSize: min(recipe.globalBatchSize, sizes.trainingSamples)))
    }
}
