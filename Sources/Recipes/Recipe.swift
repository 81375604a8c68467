package import Networks
import Tensors

/// The values of a run: a recipe and its seed give one result, bit for bit.
///
/// Only `resolve(file:flags:)` makes a recipe, so its values are within their ranges.
package struct Recipe: Equatable, Sendable {
    /// The length of a run.
    package enum Duration: Equatable, Sendable {
        /// Passes over the training set.
        case epochs(Int)
        /// Optimizer steps, across epochs.
        case steps(Int)
        /// Optimizer steps, as many as fit into a number of seconds.
        case time(seconds: Double)
    }

    /// The instruction set of the kernels, or OpenBLAS.
    package enum InstructionSet: String, CaseIterable, Sendable {
        /// The widest that the CPU has.
        case auto
        case avx512, avx2, openblas
    }

    /// The algorithm of convolutions.
    package enum Convolution: String, CaseIterable, Sendable {
        /// Kernels of 3x3 at strides 1 and 2 by Winograd F(m x m, 3 x 3), others directly. Not on OpenBLAS.
        case winograd
        /// Computes all convolutions as sums over their taps.
        case direct
    }

    /// The samples over which batch norm takes mean and variance.
    package enum BatchNorm: String, CaseIterable, Sendable {
        /// The samples of the global batch.
        case sync
        /// The samples of each rank's part of the batch. Before an evaluation and a checkpoint, running statistics are
        /// averaged over ranks.
        case average
        /// The samples of each rank's part of the batch. Evaluations and checkpoints use rank 0's running statistics.
        case local
    }

    /// The implementation of sums over ranks.
    package enum AllReduce: String, CaseIterable, Sendable {
        /// The all-reduce of this program, along one tree.
        case tree
        /// MPI's all-reduce.
        case mpi
    }

    /// The number format of gradients in messages between ranks.
    package enum GradientType: String, CaseIterable, Sendable { case fp32, bf16, fp16 }

    /// The filter with which images are resized.
    package enum Interpolation: String, CaseIterable, Sendable { case bilinear, bicubic }

    /// The normalisation of the pixels that a network is shown.
    package enum Normalisation: String, CaseIterable, Sendable {
        /// Normalisation by mean and standard deviation.
        case auto
        /// Numbers between 0 and 1.
        case none
    }

    /// The decoding of JPEGs.
    package enum Decoding: String, CaseIterable, Sendable {
        /// Decoding of all pixels, which are then resized.
        case exact
        /// Decoding at a reduced size, where images are to be made smaller anyway.
        case fast
    }

    /// Whether decoded pictures stay in memory.
    package enum ImageCache: String, CaseIterable, Sendable {
        /// Keeps pictures in memory where all of them fit into a modest part of it.
        case auto
        case off
    }

    /// The views of a test image whose logits are averaged.
    package enum TestAugmentation: String, CaseIterable, Sendable {
        /// The image alone.
        case none
        /// The image and its mirror image.
        case flip
        /// Both, and each of them moved by a pixel, two ways.
        case flipShift = "flip-shift"
    }

    /// The page that shows a run to people, besides the log.
    package enum Report: String, CaseIterable, Sendable {
        /// `report.html` in the run's folder.
        case html
        case none
    }

    /// The form in which a run shows its progress.
    package enum ProgressDisplay: String, CaseIterable, Sendable {
        /// A bar where standard error is a person's terminal, else lines.
        case auto
        /// A bar under mpirun and the like too, where standard error is a terminal.
        case bar
        /// Lines.
        case plain
        /// Shows only the lines at the end of epochs and evaluations.
        case none
    }

    /// The precision of losses in the log.
    package enum LossPrecision: String, CaseIterable, Sendable {
        /// Numbers with four decimals.
        case rounded
        /// Numbers with as many digits as are needed to read back the same bits.
        case full
    }

    /// The values of the recipe, including defaults: `resolve` makes the same recipe from them.
    package let overrides: RecipeOverrides
    /// A name that the zoo knows: `resnet18`.
    package let model: String
}

/// The values by name.
extension Recipe {
    /// The options of the model by key, with values as text; the model defines the keys.
    package var modelOptions: [String: String] { overrides.modelOptions ?? [:] }
    /// The initial rule of weights that no file gives.
    package var initScheme: InitialScheme { overrides.initScheme ?? Default.initScheme }
    /// The rate of every dropout layer, in 0..<1; nil for the model's own.
    package var dropout: Double? { overrides.dropout }
    /// A file of weights to begin with: safetensors, plain or in zstd.
    package var initFile: String? { overrides.initFile }
    /// Whether tensors of `initFile` that do not fit the network are left out.
    package var initSkipMismatched: Bool { overrides.initSkipMismatched ?? Default.initSkipMismatched }
    /// Whether a single tensor of `initFile` that fits is enough.
    package var initForce: Bool { overrides.initForce ?? Default.initForce }
    /// The prefixes of the names of parameters that are not updated.
    package var freeze: [String] { overrides.freeze ?? [] }
    /// The prefixes of the names of parameters that are updated, with all others frozen; empty for all parameters.
    package var trainOnly: [String] { overrides.trainOnly ?? [] }
    /// The factors of the learning rate, by the beginning of parameters' names; the longest that fits counts.
    package var rateMultipliers: [String: Double] { overrides.rateMultipliers ?? [:] }
    /// The time for which parameters are trained, by the beginning of their names; the longest that fits counts.
    package var trainingLengths: [String: Interval] { overrides.trainingLengths ?? [:] }
    /// The number of training images from whose patches a whitening layer's weights are computed.
    package var whiteningImages: Int { overrides.whiteningImages ?? Default.whiteningImages }
    /// Whether each epoch has its own order of samples.
    package var shuffle: Bool { overrides.shuffle ?? Default.shuffle }
    /// Whether each epoch draws equally many samples of every class.
    package var balancedSampling: Bool { overrides.balancedSampling ?? Default.balancedSampling }
    package var augmentation: Augmentation { overrides.augmentation ?? Default.augmentation }
    /// The parameter of mixup's Beta distribution; nil for none.
    package var mixup: Double? { overrides.mixup }
    /// The parameter of CutMix's Beta distribution; nil for none.
    package var cutMix: Double? { overrides.cutMix }
    package var interpolation: Interpolation { overrides.interpolation ?? Default.interpolation }
    package var normalisation: Normalisation { overrides.normalisation ?? Default.normalisation }
    package var decoding: Decoding { overrides.decoding ?? Default.decoding }
    /// Whether pictures are rotated and mirrored as their Exif data ask for.
    package var exifOrientation: Bool { overrides.exifOrientation ?? Default.exifOrientation }
    /// The most pixels that a picture may have.
    package var maxImagePixels: Int { overrides.maxImagePixels ?? Default.maxImagePixels }
    /// The number of damaged samples that a run tolerates; nil for a share of all samples.
    package var maxBadSamples: Int? { overrides.maxBadSamples }
    /// Whether the first damaged sample ends the run.
    package var isStrict: Bool { overrides.isStrict ?? Default.isStrict }
    /// The most megabytes of samples that a rank prepares in advance.
    package var prefetchMegabytes: Int { overrides.prefetchMegabytes ?? Default.prefetchMegabytes }
    package var imageCache: ImageCache { overrides.imageCache ?? Default.imageCache }
    /// The dataset's name, with a folder after a colon for some: `fashion-mnist:/data`.
    package var data: String { overrides.data ?? Default.data }
    /// The share of pictures that is held out for testing where the data have no test split, in 0..<1.
    package var validationFraction: Double { overrides.validationFraction ?? Default.validationFraction }
    package var duration: Duration {
        overrides.steps.map(Duration.steps) ?? overrides.time.map { .time(seconds: $0) }
            ?? .epochs(overrides.epochs ?? Default.epochs)
    }
    /// Samples of an optimizer step over all ranks, at least 1.
    package var batchSize: Int {
        choosesBatchSize ? Default.batchSize : overrides.batchSize ?? Default.batchSize
    }
    /// The learning rate after the warm-up, above 0. Where `learningRateBatch` is given, it is scaled in proportion to
    /// the images of a step.
    package var learningRate: Double {
        guard let asked = overrides.learningRate, !choosesLearningRate else {
            return optimizer.learningRate(batchSize: globalBatchSize)
        }
        return learningRateBatch.map { asked * Double(globalBatchSize) / Double($0) } ?? asked
    }
    /// The images of a step for which the learning rate is given; nil for those of the run's steps.
    package var learningRateBatch: Int? { overrides.learningRateBatch }
    /// The learning rate as given, before it is scaled.
    package var writtenLearningRate: Double? { overrides.learningRate }
    package var schedule: Schedule { Schedule(overrides) }
    /// The share of each training label that all classes have alike, in 0..<1.
    package var labelSmoothing: Double { overrides.labelSmoothing ?? Default.labelSmoothing }
    /// The factors of classes' losses; nil for 1.
    package var classWeights: ClassWeights? { overrides.classWeights }
    /// Epochs between two evaluations; the end of the run is evaluated in any case.
    package var evaluateEvery: Int { overrides.evaluateEvery ?? Default.evaluateEvery }
    /// Evaluations in a row without an improvement after which the run ends; nil for no such end.
    package var patience: Int? { overrides.patience }
    /// The test accuracy that ends the run; nil for none.
    package var stopAtAccuracy: Double? { overrides.stopAtAccuracy }
    /// The share of itself that each averaged parameter keeps at a step, in 0..<1; nil where no averages are kept.
    package var averageWeights: Double? { overrides.averageWeights }
    /// Whether averages keep a smaller share at first.
    package var averageWarmup: Bool { overrides.averageWarmup ?? Default.averageWarmup }
    /// Steps between two updates of the averages.
    package var averageEvery: Int { overrides.averageEvery ?? Default.averageEvery }
    /// Height and width of the network's input in pixels; nil means the model's default.
    package var imageSize: Int? { overrides.imageSize }
    /// The sizes of the images that training begins with, in their order; images of `imageSize` follow.
    package var trainingSizes: [TrainingSize] { TrainingSize.all(overrides) }
    /// The number of classes; nil for the dataset's.
    package var classes: Int? { overrides.classes }
    /// Compute threads of each rank; nil means a fair share of the machine.
    package var threads: Int? { overrides.threads }
    package var instructionSet: InstructionSet { overrides.instructionSet ?? Default.instructionSet }
    package var convolution: Convolution { overrides.convolution ?? Default.convolution }
    /// The seed of initial weights, sample order, augmentation and dropout.
    package var seed: UInt64 { overrides.seed ?? Default.seed }
    /// The folder for results; nil to name it after model and data.
    package var output: String? { overrides.output }
    package var resume: Resume { overrides.resume ?? Default.resume }
    /// The keys that a resumed run may change on request, besides those that may always change.
    package var overriddenKeys: [String] { overrides.overriddenKeys ?? [] }
    package var checkpoints: Checkpoints { Checkpoints(overrides) }
    /// Steps between two snapshots of the state in each host's memory; 0 for none.
    package var snapshotEvery: Int { overrides.snapshotEvery ?? Default.snapshotEvery }
    package var onNonFinite: NonFinitePolicy { overrides.onNonFinite ?? Default.onNonFinite }
    /// Steps between two reports.
    package var logEvery: Int { overrides.logEvery ?? Default.logEvery }
    package var progress: ProgressDisplay { overrides.progress ?? Default.progress }
    package var report: Report { overrides.report ?? Default.report }
    package var lossPrecision: LossPrecision { overrides.lossPrecision ?? Default.lossPrecision }
    /// Whether event files for TensorBoard are written.
    package var tensorBoard: Bool { overrides.tensorBoard ?? Default.tensorBoard }
    /// The port of the page that shows the run while it goes on; nil for no page, 0 for any free port.
    package var statusPort: Int? { overrides.statusPort }
    package var statusHost: String { overrides.statusHost ?? Default.statusHost }
    package var testAugmentation: TestAugmentation { overrides.testAugmentation ?? Default.testAugmentation }
    /// The share of the test images, the least certain ones, to which `testAugmentation` applies; in 0<...1.
    package var testAugmentationShare: Double { overrides.testAugmentationShare ?? Default.testAugmentationShare }
    package var batchNorm: BatchNorm { overrides.batchNorm ?? Default.batchNorm }
    package var allReduce: AllReduce { overrides.allReduce ?? Default.allReduce }
    package var gradientType: GradientType { overrides.gradientType ?? Default.gradientType }
    /// Megabytes of gradients that are summed at once.
    package var bucketMegabytes: Int { overrides.bucketMegabytes ?? Default.bucketMegabytes }
    /// Seconds that ranks wait for each other before the run ends.
    package var collectiveTimeout: Double { overrides.collectiveTimeout ?? Default.collectiveTimeout }
    /// Seconds without a sign of life from a rank after which the run ends; nil for never.
    package var heartbeat: Double? { overrides.heartbeat.flatMap { $0 > 0 ? $0 : nil } }
    /// Steps between two comparisons of the ranks' parameters; 0 for comparisons at checkpoints only.
    package var replicaCheckEvery: Int { overrides.replicaCheckEvery ?? Default.replicaCheckEvery }
    /// Passes of `batchSize` samples that make one optimizer step.
    package var accumulate: Int { overrides.accumulate ?? Default.accumulate }
    /// Parts that the global batch is cut into, independently of the number of ranks: a power of two. Results depend on
    /// it.
    package var virtualShards: Int { overrides.virtualShards ?? Default.virtualShards }
    /// Samples of an optimizer step over all ranks and passes.
    package var globalBatchSize: Int { batchSize * accumulate }

    /// Returns the recipe for a training set of `samples`. Where these are fewer than a batch, a default learning rate
    /// is computed again, as it depends on the batch size.
    package func fitted(toSamples samples: Int) throws(RecipeError) -> Recipe {
        guard !choosesLearningRate, globalBatchSize > samples,
            learningRate == optimizer.learningRate(batchSize: globalBatchSize)
        else {
            return self
        }
        return try with(learningRate: optimizer.learningRate(batchSize: samples))
    }
}

extension Recipe {
    /// The values of a recipe where neither a file nor a flag gives any.
    package enum Default {
        static let data = "shapes"
        static let epochs = 10
        package static let batchSize = 32
        /// A rate in proportion to the batch: 0.1 for 256 images. (Goyal et al., "Accurate, Large Minibatch SGD", 2017:
        /// the linear scaling rule.)
        static func learningRate(batchSize: Int) -> Double { 0.1 * Double(batchSize) / 256 }
        static let optimizer = Optimizer.sgd
        static let momentum = 0.9
        static let betas = [0.9, 0.999]
        static let alpha = 0.99
        static let weightDecay = 1e-4
        static let decay = Decay.weights
        static let muonIterations = 5
        static let schedule = Schedule.Name.cosine
        static let labelSmoothing = 0.0
        static let balancedSampling = false
        static let averageWarmup = false
        static let averageEvery = 1
        static let evaluateEvery = 1
        static let stepEpochs = 30
        static let stepFactor = 0.1
        static let warmupEpochs = 0.0
        static let finalLearningRate = 0.0
        static let power = 1.0
        static let restartGrowth = 1
        package static let instructionSet = InstructionSet.auto
        package static let convolution = Convolution.winograd
        static let seed: UInt64 = 1
        static let resume = Resume.none
        static let checkpointEvery = [Interval.epochs(1)]
        static let keepLast = 3
        static let keepBest = 1
        static let checkpointLevel = 1
        static let checkpointBusy = Checkpoints.Busy.wait
        static let snapshotEvery = 0
        static let onNonFinite = NonFinitePolicy.stop
        static let logEvery = 10
        package static let batchNorm = BatchNorm.sync
        package static let allReduce = AllReduce.tree
        package static let gradientType = GradientType.fp32
        package static let bucketMegabytes = 25
        static let collectiveTimeout = 300.0
        static let heartbeat = 0.0
        static let replicaCheckEvery = 500
        static let accumulate = 1
        static let virtualShards = Sharding.defaultShards
        static let initScheme = InitialScheme.reference
        static let initSkipMismatched = false
        static let initForce = false
        static let validationFraction = 0.1
        static let shuffle = true
        static let augmentation = Augmentation.none
        static let interpolation = Interpolation.bilinear
        static let normalisation = Normalisation.auto
        static let decoding = Decoding.exact
        static let exifOrientation = true
        /// Pillow's limit.
        static let maxImagePixels = 178_956_970
        static let isStrict = false
        package static let prefetchMegabytes = 256
        static let imageCache = ImageCache.auto
        static let report = Report.html
        static let lossPrecision = LossPrecision.rounded
        static let progress = ProgressDisplay.auto
        static let tensorBoard = true
        static let statusHost = "127.0.0.1"
        static let whiteningImages = 5000
        package static let testAugmentation = TestAugmentation.none
        package static let testAugmentationShare = 1.0
    }
}
