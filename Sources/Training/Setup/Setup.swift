package import Collectives
package import Datasets
package import Engine
package import Graphs
package import Networks
package import Recipes
package import Tensors
package import Terminal

/// The common part of training, evaluation and benchmarks on every rank: a network, its images, and the machine.
package struct Setup {
    package let model: ModelDescription
    package let network: Network
    /// The size of images, in pixels a side.
    package let imageSize: Int
    package internal(set) var dataset: any Dataset
    /// The options by which stored images are decoded and resized.
    package private(set) var images: ImageOptions
    /// The presentation of images to the network in evaluation; nil where they are no pictures.
    package private(set) var presentation: Presentation?
    /// The note on how labels were matched with the network's.
    let labelNote: String?
    /// The most megabytes of prepared samples of a rank.
    let prefetchMegabytes: Int
    package let summary: Summary
    package let sharding: Sharding
    package let backend: Backend
    package let convolution: Recipe.Convolution
    package let threads: ThreadChoice
    /// The bar that shows the progress of an evaluation; nil for none.
    package var bar: ProgressBar?

    /// Opens the data and builds the network on this rank, without communication.
    ///
    /// - Parameters:
    ///   - choice: the model; an option of its channels must agree with the data's.
    ///   - validationFraction: the share of pictures for testing, where the data do not define it.
    ///   - classes: the number of the network's outputs; nil for the dataset's number of classes.
    ///   - shards: the number of virtual shards of a batch.
    ///   - imageSize: pixels a side; nil for the model's default, or a smaller size that the data suggest and the model
    ///     supports.
    ///   - trained: the trained network, whose labels count; nil for a new one.
    /// - Throws: for errors of model, data or machine.
    package init(
        model choice: ModelChoice, data: String, validationFraction: Double = DatasetOptions().validationFraction,
        imageSize: Int?, classes: Int?, threads: Int?,
        instructionSet: Recipe.InstructionSet, convolution: Recipe.Convolution = .winograd,
        shards: Int = Sharding.defaultShards, images: ImageOptions = ImageOptions(),
        prefetchMegabytes: Int = Recipe.Default.prefetchMegabytes, trained: TrainedNetwork? = nil,
        world: any Communicator
    ) throws {
        self.images = images
        self.prefetchMegabytes = prefetchMegabytes
        model = try Zoo.model(named: choice.name)
        let channels = try model.options(from: choice.options).inputChannels
        // Synthetic images are as the model needs them; others have classes and channels of their own.
        let opened = try openDataset(
            data,
            options: DatasetOptions(
                channels: channels ?? model.defaultChannels, classes: classes ?? 10,
                validationFraction: validationFraction))
        (dataset, labelNote) = try trained?.labels(of: opened) ?? (opened, nil)
        let needed = dataset.classNames.count
        let classes = classes ?? needed
        guard classes >= needed else {
            throw TrainingError.tooFewClasses(found: classes, needed: needed, data: dataset.name)
        }
        if let channels, channels != dataset.channels {
            throw TrainingError.channelsOption(found: channels, data: dataset.name, expected: dataset.channels)
        }
        network = try choice.network(classes: classes, inputChannels: dataset.channels)
        let modelSize = model.defaultImageSize
        let suggested = dataset.suggestedImageSize ?? modelSize
        let isModest = suggested < modelSize && network.takes(imageSize: suggested)
        self.imageSize = imageSize ?? (isModest ? suggested : modelSize)
        presentation = Presentation(of: dataset, imageSize: self.imageSize, images: images)
        summary = try Summary(network: network, imageSize: self.imageSize)
        sharding = Sharding(shards: shards, ranks: world.size, rank: world.rank)
        backend = Backend(instructionSet)
        self.convolution = convolution
        self.threads = ThreadChoice.here(asked: threads, localRanks: world.localSize)
        MachineCores.makeRoom(for: self.threads, localRank: world.localRank)
    }

    /// Returns the layout of an engine for this setup, before it reserves any memory.
    ///
    /// - Parameters:
    ///   - batchSize: the most samples of a global training batch; nil for an engine that only evaluates.
    ///   - seed: the seed of dropout.
    ///   - accumulate: the passes of a step.
    ///   - labelSmoothing: the share of each training target that is spread over all classes alike.
    ///   - classWeights: the factors of training losses, by class; nil for 1.
    ///   - passes: the passes that rewrite the graphs.
    ///   - optimizer: the optimizer of the training.
    ///   - keepsAverages: whether averages over time are kept.
    ///   - otherSizes: further sizes of training images, in pixels a side.
    package func layout(
        batchSize: Int?, seed: UInt64, accumulate: Int = 1, labelSmoothing: Double = 0,
        classWeights: [Float]? = nil, passes: Set<GraphPass> = Set(GraphPass.allCases),
        optimizer: any OptimizerRule = SGD(momentum: 0.9, weightDecay: 0), keepsAverages: Bool = false,
        otherSizes: [Int] = []
    ) throws -> EngineLayout {
        func training(_ size: Int) throws -> Graph { try Graph(network: network, imageSize: size, purpose: .training) }
        let others = try otherSizes.map(training)
        let evaluation = try Graph(network: network, imageSize: imageSize, purpose: .evaluation)
        let pass = sharding.passes(accumulate)
        var configuration = EngineConfiguration(
            backend: backend, threads: threads.threads, shards: pass.map(\.ownShards.count).max() ?? 0,
            shardCapacity: pass[0].capacity(batchSize: batchSize ?? 1), evaluationCapacity: evaluationBatchSize,
            seed: seed)
        configuration.spins = !threads.isOversubscribed
        configuration.usesWinograd = convolution == .winograd
        configuration.labelSmoothing = labelSmoothing
        configuration.classWeights = classWeights
        configuration.passes = passes
        configuration.optimizer = optimizer
        configuration.keepsAverages = keepsAverages
        return EngineLayout(
            training: try batchSize.map { _ in try training(imageSize) }, evaluation: evaluation,
            configuration: configuration, otherTrainings: others)
    }

    /// The number of samples that are evaluated at once. It depends on the image size alone, so that sums are grouped
    /// alike for any number of ranks.
    package var evaluationBatchSize: Int { imageSize <= 64 ? 64 : 16 }
}

extension Setup {
    /// Sets the presentation of stored images from now on.
    mutating func use(_ presentation: Presentation) {
        dataset = dataset.normalised(by: presentation.normalisation)
        images = presentation.images
        self.presentation = presentation
    }

    /// Returns the default number of a model's classes.
    package static func defaultClasses(ofModel name: String) throws -> Int { try Zoo.model(named: name).defaultClasses }
}
