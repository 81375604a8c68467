import Datasets
import Machine
import Recipes
import Tensors

/// The preparation of a rank's samples, and the memory that it takes.
extension Setup {
    /// Returns the threads that prepare samples for this rank, and how many batches they may be ahead: with the batch
    /// in use, `prefetchMegabytes` of them where that is at least two batches.
    ///
    /// - Parameter batchSize: that of a global batch.
    func prefetchLimits(batchSize: Int) -> PrefetchLimits {
        guard dataset.mayBeDamaged else { return PrefetchLimits() }
        let own = max((batchSize + sharding.ranks - 1) / sharding.ranks, 1).saturatingProduct(sampleBytes)
        return PrefetchLimits(threads: threads.threads, batches: min(max((prefetchMegabytes << 20) / own - 1, 1), 16))
    }

    /// Returns the bytes of the samples that this rank has prepared, prepares or computes on.
    ///
    /// - Parameters:
    ///   - own: the number of its samples in a batch.
    ///   - limits: the batches that its threads may be ahead.
    func loaderBytes(own: Int, limits: PrefetchLimits) -> Int {
        own.saturatingProduct(sampleBytes).saturatingProduct(limits.batches + 1)
            .saturatingSum(dataset.mayBeDamaged ? limits.threads * Self.scratchBytes : 0)
    }

    /// The bytes of a prepared sample: stored images are bytes until the engine reads them, generated ones are floats.
    /// Each has a label and a number as well.
    var sampleBytes: Int {
        dataset.shape(imageSize: imageSize).count
            .saturatingProduct(dataset.isDrawn ? MemoryLayout<Float>.stride : 1).saturatingSum(8)
    }

    /// The memory of a thread that decodes pictures, in bytes: for small ones, `ImageBuffer` keeps no more than this.
    private static let scratchBytes = 16 << 20

    /// Keeps decoded pictures in memory from now on, where they are needed more than once and all of them fit into a
    /// quarter of the memory left.
    ///
    /// - Parameters:
    ///   - epochs: how often each picture is needed; part of an epoch counts as one.
    ///   - left: the bytes of this rank that are otherwise unused.
    mutating func keepPictures(_ choice: Recipe.ImageCache, epochs: Int, left: Int) {
        guard choice == .auto, epochs > 1, let stored = dataset as? StoredDataset,
            let cache = PictureCache(of: stored.source, as: images, capacity: left / 4)
        else { return }
        dataset = stored.keeping(cache)
    }
}
