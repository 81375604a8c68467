import Checkpoints
import Datasets
import Engine
import Machine
import Networks
import Recipes
import Tensors
import Terminal

/// The memory of a rank for an engine and all that is used with it, computed before any of it is reserved.
struct MemoryNeeds {
    /// The purpose of the memory: `training resnet50 with a batch of 256 images of 224x224`.
    let purpose: String
    /// The samples of a global batch that one pass computes on; 0 where the user cannot choose them.
    private let batchSize: Int
    /// The passes of a step; nil where the user cannot choose them.
    private let accumulate: Int?
    /// The bytes of activations, images and scratch memory, which grow with the batch of a pass.
    private let ofPass: Int
    /// The bytes of the batches that the loader has ready, which grow with the batch of a step.
    private let ofLoader: Int
    /// The bytes that do not depend on the batch.
    private let fixed: Int
    /// The lowest possible `ofPass`.
    private let leastOfPass: Int
    /// The address space of threads' stacks, of which hardly any is touched.
    private let stacks: Int
    /// The bytes that this rank needs in addition to those that all ranks need.
    private let own: Int
    private let localRanks: Int

    /// The program's own bytes besides those that are counted: messages, files, the libraries' buffers.
    private static let program = 64 << 20
    /// The number of threads besides the computing ones.
    private static let otherThreads = 8

    /// - Parameters:
    ///   - purpose: the purpose of the memory, in words.
    ///   - loader: the bytes of the samples that the loader has ready or prepares.
    ///   - batchSize: the samples of a global batch that one pass computes on, where a user may change it.
    ///   - state: the copies of parameters or gradients that every rank keeps besides the engine's, in bytes.
    ///   - own: the bytes that this rank needs as rank 0, or as the first of its machine.
    init(
        _ purpose: String, _ setup: Setup, _ layout: EngineLayout, loader: Int, batchSize: Int = 0,
        accumulate: Int? = nil, state: Int = 0, own: Int = 0
    ) {
        self.purpose = purpose
        self.batchSize = batchSize
        self.accumulate = accumulate
        ofPass = layout.activationBytes.saturatingSum(layout.planBytes)
        leastOfPass = layout.leastActivationBytes
        ofLoader = loader
        fixed = layout.parameterBytes.saturatingSum(state).saturatingSum(Self.program)
        stacks = (setup.threads.threads + Self.otherThreads) * SystemThread.stackBytes
        self.own = own
        localRanks = setup.threads.localRanks
    }

    /// The bytes that a rank needs.
    var bytes: Int { fixed.saturatingSum(ofPass).saturatingSum(ofLoader) }

    /// Returns the bytes of this rank's share of the memory that it does not need.
    func left(of capacity: MemoryCapacity = .here) -> Int {
        max(capacity.available(toEachOf: localRanks) - bytes - own, 0)
    }

    /// Checks that the machine has the memory that all its ranks need together.
    ///
    /// - Throws: `MemoryError.tooLittle`
    func require(of capacity: MemoryCapacity = .here) throws(MemoryError) {
        guard
            let shortage = capacity.shortage(
                of: bytes, processes: localRanks, extra: own, addresses: stacks)
        else { return }
        throw .tooLittle(what: purpose, shortage, remedy: remedy(shortage))
    }

    /// Returns the advice that would make the run fit.
    private func remedy(_ shortage: MemoryCapacity.Shortage) -> String {
        let available = max(shortage.available - shortage.besides, 0) / shortage.processes
        guard batchSize > 0, fixed.saturatingSum(leastOfPass) < available else {
            return "A smaller batch does not help: take a smaller model or --image-size, or raise that limit"
        }
        let whole = batchSize.saturatingProduct(accumulate ?? 1)
        if let accumulate {
            let fitting = Self.fitting(batchSize, bytes: ofPass, in: available - fixed.saturatingSum(ofLoader))
            let passes = (whole + max(fitting, 1) - 1) / max(fitting, 1)
            if fitting > 0, passes > accumulate, passes <= Self.mostPasses {
                return "Say --batch-size \(fitting) --accumulate \(passes) to take the batch in parts, or a smaller "
                    + "--batch-size alone"
            }
        }
        let fitting = Self.fitting(batchSize, bytes: ofPass.saturatingSum(ofLoader), in: available - fixed)
        return fitting > 0 && fitting < whole
            ? "Say --batch-size \(fitting), which fits" : "Take a smaller --batch-size, --image-size or model"
    }

    /// Returns the largest power of two of samples that fits, where `batch` samples need `bytes`; 0 for none.
    private static func fitting(_ batch: Int, bytes: Int, in available: Int) -> Int {
        // A tenth is left for memory that does not shrink in proportion.
        let samples = 0.9 * Double(batch) * Double(available) / Double(bytes)
        guard samples >= 1 else { return 0 }
        let most = min(Int(samples), batch)
        return 1 << (Int.bitWidth - 1 - most.leadingZeroBitCount)
    }

    /// The largest value of `--accumulate`.
    private static let mostPasses = 1024
}

extension Setup {
    /// Returns the memory for training on this rank.
    ///
    /// - Parameters:
    ///   - samples: the number of training samples; no batch has more.
    ///   - isCoordinator: whether this is rank 0.
    ///   - snapshots: the folder in which this rank keeps snapshots; nil where it keeps none.
    func needs(
        toTrain recipe: Recipe, _ layout: EngineLayout, samples: Int, isCoordinator: Bool,
        snapshots: SnapshotFolder? = nil
    ) -> MemoryNeeds {
        let batch = min(recipe.globalBatchSize, samples)
        let own = sharding.ownShards.count * sharding.capacity(batchSize: batch)
        // The sums of 1, 2, 4, … passes wait.
        let waiting = Int.bitWidth - (recipe.accumulate - 1).leadingZeroBitCount
        // The memory for a copy of the state for a checkpoint, and for the file that a run begins with.
        let copy = layout.stateBytes
        let sizes = SnapshotHead.Sizes(layout.state)
        // A resumed run finds its file in the folder.
        let slots = snapshots.map { SnapshotHead.fileBytes(sizes) - $0.bytesTaken(sizes) } ?? 0
        let isLoading = recipe.initFile != nil || recipe.resume != .none
        return MemoryNeeds(
            "training \(model.name) with a batch of \(Wording.grouped(batch)) images of \(imageSize)x\(imageSize)",
            self,
            layout,
            loader: max(
                loaderBytes(own: own, limits: prefetchLimits(batchSize: batch)), evaluationLoaderBytes),
            batchSize: (batch + recipe.accumulate - 1) / recipe.accumulate, accumulate: recipe.accumulate,
            // A search for a learning rate needs a copy of the state.
            state: layout.gradientBytes.saturatingProduct(waiting).saturatingSum(recipe.choosesLearningRate ? copy : 0),
            own: (isCoordinator ? copy.saturatingProduct(isLoading ? 2 : 1) : 0).saturatingSum(slots))
    }

    /// Returns the memory for a benchmark on this rank, which keeps one batch.
    ///
    /// - Parameter readsImages: whether a loader runs as well.
    func needs(toMeasure layout: EngineLayout, batchSize: Int, readsImages: Bool) -> MemoryNeeds {
        let own = sharding.ownShards.count * sharding.capacity(batchSize: batchSize)
        let floats = dataset.shape(imageSize: imageSize).count * MemoryLayout<Float>.stride + 8
        let loader = readsImages ? loaderBytes(own: own, limits: prefetchLimits(batchSize: batchSize)) : 0
        return MemoryNeeds(
            "a step of \(model.name) with a batch of \(Wording.grouped(batchSize)) images of \(imageSize)x\(imageSize)",
            self, layout,
            loader: floats.saturatingProduct(own).saturatingSum(loader), batchSize: batchSize)
    }

    /// Returns the memory for an evaluation on this rank, including a checkpoint that may have the optimizer's state
    /// and averages too.
    func needs(toEvaluate layout: EngineLayout) -> MemoryNeeds {
        MemoryNeeds(
            "evaluating \(model.name) on images of \(imageSize)x\(imageSize)", self, layout,
            loader: evaluationLoaderBytes)
    }

    private var evaluationLoaderBytes: Int {
        loaderBytes(
            own: evaluationBatchSize, limits: prefetchLimits(batchSize: evaluationBatchSize * sharding.ranks))
    }
}
