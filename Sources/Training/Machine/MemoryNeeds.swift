import Checkpoints
import Datasets
import Engine
import Machine
import Networks
import Recipes
import Tensors
import Terminal

/// The memory that a rank takes for an engine and for what stands beside it, counted before any of it is reserved.
struct MemoryNeeds {
    /// The purpose of the memory: `training resnet50 with a batch of 256 images of 224x224`.
    let purpose: String
    /// Samples of a global batch that one pass computes on; 0 where the batch is not the user's to choose.
    private let batchSize: Int
    /// Passes that make a step, where they can be chosen.
    private let accumulate: Int?
    /// Bytes of activations, images and scratch memory, which grow with the batch of a pass.
    private let ofPass: Int
    /// Bytes of the batches that the loader has ready, which grow with the batch of a step.
    private let ofLoader: Int
    /// Bytes of all else, whatever the batch.
    private let fixed: Int
    /// The least of what `ofPass` can be.
    private let leastOfPass: Int
    /// Address space of threads' stacks, of which hardly any is touched.
    private let stacks: Int
    /// Bytes that this rank takes besides what all take.
    private let own: Int
    private let localRanks: Int

    /// The program's own memory beside what is counted: messages, files, the libraries' buffers.
    private static let program = 64 << 20
    /// Threads beside those that compute.
    private static let otherThreads = 8

    /// - Parameters:
    ///   - purpose: what the memory is for.
    ///   - loader: bytes of the samples that the loader has ready or in the making.
    ///   - batchSize: samples of a global batch that one pass computes on, where a user may change it.
    ///   - state: copies of parameters or gradients that every rank keeps besides the engine's.
    ///   - own: bytes that this rank takes because it is rank 0, or the first of its machine.
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

    /// The bytes that a rank takes.
    var bytes: Int { fixed.saturatingSum(ofPass).saturatingSum(ofLoader) }

    /// Returns the bytes of this rank's share of memory that are left beside what it takes.
    func left(of capacity: MemoryCapacity = .here) -> Int {
        max(capacity.available(toEachOf: localRanks) - bytes - own, 0)
    }

    /// Makes sure that all ranks of this machine together get what they take.
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

    /// The largest power of two of samples that fits, where `batch` take `bytes`; 0 for none.
    private static func fitting(_ batch: Int, bytes: Int, in available: Int) -> Int {
        // A tenth is left for what does not shrink in proportion.
        let samples = 0.9 * Double(batch) * Double(available) / Double(bytes)
        guard samples >= 1 else { return 0 }
        let most = min(Int(samples), batch)
        return 1 << (Int.bitWidth - 1 - most.leadingZeroBitCount)
    }

    /// The largest value of `--accumulate`.
    private static let mostPasses = 1024
}

extension Setup {
    /// Returns the memory that training takes on this rank.
    ///
    /// - Parameters:
    ///   - samples: of the training set; no batch has more.
    ///   - isCoordinator: whether this is rank 0.
    ///   - snapshots: where this rank keeps snapshots; nil where it keeps none.
    func needs(
        toTrain recipe: Recipe, _ layout: EngineLayout, samples: Int, isCoordinator: Bool,
        snapshots: SnapshotFolder? = nil
    ) -> MemoryNeeds {
        let batch = min(recipe.globalBatchSize, samples)
        let own = sharding.ownShards.count * sharding.capacity(batchSize: batch)
        // Sums of 1, 2, 4, … passes wait.
        let waiting = Int.bitWidth - (recipe.accumulate - 1).leadingZeroBitCount
        // What a checkpoint is copied to, and the file that a run begins with.
        let copy = layout.stateBytes
        let sizes = SnapshotHead.Sizes(layout.state)
        // A run that goes on finds its file there.
        let slots = snapshots.map { SnapshotHead.fileBytes(sizes) - $0.bytesTaken(sizes) } ?? 0
        let isLoading = recipe.initFile != nil || recipe.resume != .none
        return MemoryNeeds(
            "training \(model.name) with a batch of \(Wording.grouped(batch)) images of \(imageSize)x\(imageSize)",
            self,
            layout,
            loader: max(
                loaderBytes(own: own, limits: prefetchLimits(batchSize: batch)), evaluationLoaderBytes),
            batchSize: (batch + recipe.accumulate - 1) / recipe.accumulate, accumulate: recipe.accumulate,
            // A state is kept while a learning rate is looked for.
            state: layout.gradientBytes.saturatingProduct(waiting).saturatingSum(recipe.choosesLearningRate ? copy : 0),
            own: (isCoordinator ? copy.saturatingProduct(isLoading ? 2 : 1) : 0).saturatingSum(slots))
    }

    /// Returns the memory that a benchmark takes on this rank, which keeps one batch.
    ///
    /// - Parameter readsImages: whether a loader runs beside it.
    func needs(toMeasure layout: EngineLayout, batchSize: Int, readsImages: Bool) -> MemoryNeeds {
        let own = sharding.ownShards.count * sharding.capacity(batchSize: batchSize)
        let floats = dataset.shape(imageSize: imageSize).count * MemoryLayout<Float>.stride + 8
        let loader = readsImages ? loaderBytes(own: own, limits: prefetchLimits(batchSize: batchSize)) : 0
        return MemoryNeeds(
            "a step of \(model.name) with a batch of \(Wording.grouped(batchSize)) images of \(imageSize)x\(imageSize)",
            self, layout,
            loader: floats.saturatingProduct(own).saturatingSum(loader), batchSize: batchSize)
    }

    /// Returns the memory that an evaluation takes on this rank, beside a checkpoint that may have the optimizer's
    /// state and averages too.
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
