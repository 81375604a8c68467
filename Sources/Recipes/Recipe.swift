package import Networks
import Tensors

/// Everything that a run is: one recipe and its seed give one result, bit for bit.
///
/// A recipe is only made by `resolve(file:flags:)`, so its values are within their ranges.
package struct Recipe: Equatable, Sendable {
    /// How long a run lasts.
    package enum Duration: Equatable, Sendable {
        /// Passes over the training set.
        case epochs(Int)
        /// Optimizer steps, across epochs.
        case steps(Int)
    }

    /// How the learning rate goes after the warm-up.
    package enum Schedule: Equatable, Sendable {
        case constant
        /// Half a cosine from the learning rate to 0 over the whole run. (Loshchilov & Hutter, "SGDR", 2017.)
        case cosine
        /// Times `factor` after every `epochs` epochs.
        case step(epochs: Int, factor: Double)

        /// What a recipe calls a schedule.
        package enum Name: String, CaseIterable, Sendable { case constant, cosine, step }
    }

    /// What computes.
    package enum InstructionSet: String, CaseIterable, Sendable {
        /// The widest that the CPU has.
        case auto
        case avx512, avx2, openblas
    }

    /// How convolutions are computed.
    package enum Convolution: String, CaseIterable, Sendable {
        /// Kernels of 3x3 at strides 1 and 2 by Winograd's minimal filtering, others directly. Not on OpenBLAS.
        case winograd
        /// All as the sum over their taps.
        case direct
    }

    /// Whose moments batch norm normalises with.
    package enum BatchNorm: String, CaseIterable, Sendable {
        /// Those of the global batch.
        case sync
        /// Those of each rank's part of it; before an evaluation and a checkpoint, running statistics become the ranks' mean.
        case average
        /// Those of each rank's part of it; running statistics that are evaluated and kept are those of rank 0.
        case local
    }

    /// Whose algorithm sums over ranks.
    package enum AllReduce: String, CaseIterable, Sendable {
        /// Ours, along one tree.
        case tree
        /// MPI's.
        case mpi
    }

    /// What stands for a gradient's numbers on their way between ranks.
    package enum GradientType: String, CaseIterable, Sendable { case fp32, bf16, fp16 }

    /// What is done to training images besides scaling them.
    package enum Augmentation: String, CaseIterable, Sendable {
        case none
        /// Moved by up to four pixels, with black around, and mirrored every other time: for small images.
        case cropFlip = "crop-flip"
        /// A part of 0.08 to 1 of the area brought to full size, and mirrored every other time: for photographs.
        case resizedCropFlip = "resized-crop-flip"
    }

    /// How the log writes losses.
    package enum LossPrecision: String, CaseIterable, Sendable {
        /// Four decimals.
        case rounded
        /// As many digits as read back to the same bits.
        case full
    }

    /// A name that the zoo knows: `resnet18`.
    package let model: String
    /// Options of the model by key, values as text; the model says which there are.
    package let modelOptions: [String: String]
    /// How weights begin where no file gives them.
    package let initScheme: InitialScheme
    /// In 0..<1, of every dropout layer; nil means the model's.
    package let dropout: Double?
    /// A file of weights to begin with: safetensors, plain or in zstd.
    package let initFile: String?
    /// Whether tensors of `initFile` that do not fit the network are left out.
    package let initSkipMismatched: Bool
    /// Parameters whose names begin with one of these are not updated.
    package let freeze: [String]
    /// What the learning rate is multiplied with for parameters whose names begin so; the longest that fits counts.
    package let rateMultipliers: [String: Double]
    /// Whether each epoch has an order of its own.
    package let shuffle: Bool
    package let augmentation: Augmentation
    /// A dataset's name, with a folder after a colon where it takes one: `fashion-mnist:/data`.
    package let data: String
    package let duration: Duration
    /// Samples of an optimizer step over all ranks, at least 1.
    package let batchSize: Int
    /// The learning rate after the warm-up, above 0.
    package let learningRate: Double
    /// In 0..<1.
    package let momentum: Double
    package let nesterov: Bool
    /// At least 0; biases and norms are spared.
    package let weightDecay: Double
    package let schedule: Schedule
    /// In 0..<1, the share of itself that the average of each parameter keeps at a step; nil where no averages are kept.
    package let averageWeights: Double?
    /// Epochs, also parts of one, over which the learning rate climbs linearly to `learningRate`.
    package let warmupEpochs: Double
    /// Height and width of the network's input in pixels; nil means the model's default.
    package let imageSize: Int?
    /// nil means the dataset's.
    package let classes: Int?
    /// Compute threads of each rank; nil means a fair share of the machine.
    package let threads: Int?
    package let instructionSet: InstructionSet
    package let convolution: Convolution
    /// Seeds initial weights, sample order, augmentation and dropout.
    package let seed: UInt64
    /// Where results go; nil lets the trainer name a folder after model and data.
    package let output: String?
    package let resume: Resume
    /// Keys that a resumed run may have other values of than it began with, besides those that always may.
    package let overriddenKeys: [String]
    package let checkpoints: Checkpoints
    package let onNonFinite: NonFinitePolicy
    /// Steps between two reports.
    package let logEvery: Int
    package let lossPrecision: LossPrecision
    package let batchNorm: BatchNorm
    package let allReduce: AllReduce
    package let gradientType: GradientType
    /// Megabytes of gradients that are summed at once.
    package let bucketMegabytes: Int
    /// Seconds that ranks wait for each other before the run ends.
    package let collectiveTimeout: Double
    /// Steps between two comparisons of the ranks' parameters; 0 for checkpoints only.
    package let replicaCheckEvery: Int
    /// Passes of `batchSize` samples that make one optimizer step.
    package let accumulate: Int
    /// Parts that the global batch is cut into whatever the number of ranks: a power of two. Results depend on it.
    package let virtualShards: Int
}

extension Recipe {
    /// Samples of an optimizer step over all ranks and passes.
    package var globalBatchSize: Int { batchSize * accumulate }

    /// The recipe for a training set of so many samples: a learning rate that follows from the batch follows from what a batch then has.
    package func fitted(toSamples samples: Int) throws(RecipeError) -> Recipe {
        guard globalBatchSize > samples, learningRate == Default.learningRate(batchSize: globalBatchSize) else {
            return self
        }
        var values = overrides
        values.learningRate = Default.learningRate(batchSize: samples)
        return try Recipe.resolve(flags: values)
    }
}

extension Recipe {
    /// What a recipe is where neither a file nor a flag says otherwise.
    enum Default {
        static let data = "shapes"
        static let duration = Duration.epochs(10)
        static let batchSize = 32
        /// Grows with the batch: 0.1 for 256 images. (Goyal et al., "Accurate, Large Minibatch SGD", 2017: the linear scaling rule.)
        static func learningRate(batchSize: Int) -> Double { 0.1 * Double(batchSize) / 256 }
        static let momentum = 0.9
        static let nesterov = false
        static let weightDecay = 1e-4
        static let schedule = Schedule.Name.cosine
        static let stepEpochs = 30
        static let stepFactor = 0.1
        static let warmupEpochs = 0.0
        static let instructionSet = InstructionSet.auto
        static let convolution = Convolution.winograd
        static let seed: UInt64 = 1
        static let resume = Resume.none
        static let checkpointEvery = [Interval.epochs(1)]
        static let keepLast = 3
        static let keepBest = 1
        static let checkpointLevel = 1
        static let checkpointBusy = Checkpoints.Busy.wait
        static let onNonFinite = NonFinitePolicy.stop
        static let logEvery = 10
        static let batchNorm = BatchNorm.sync
        static let allReduce = AllReduce.tree
        static let gradientType = GradientType.fp32
        static let bucketMegabytes = 25
        static let collectiveTimeout = 300.0
        static let replicaCheckEvery = 500
        static let accumulate = 1
        static let virtualShards = Sharding.defaultShards
        static let initScheme = InitialScheme.reference
        static let shuffle = true
        static let augmentation = Augmentation.none
        static let lossPrecision = LossPrecision.rounded
    }
}
