import Datasets
import Machine
import Recipes
import Tensors

/// The preparation of a rank's samples, and the memory that it takes.
extension Setup {
    /// The threads that prepare samples for this rank, and how many batches they may be ahead of it: together with the
    /// batch that is computed on, `prefetchMegabytes` of them where that are two or more.
    ///
    /// - Parameter batchSize: of a global batch.
    func prefetchLimits(batchSize: Int) -> PrefetchLimits {
        guard dataset.mayBeDamaged else { return PrefetchLimits() }
        let own = max((batchSize + sharding.ranks - 1) / sharding.ranks, 1).saturatingProduct(sampleBytes)
        return PrefetchLimits(threads: threads.threads, batches: min(max((prefetchMegabytes << 20) / own - 1, 1), 16))
    }

    /// The bytes of the samples that this rank has prepared or prepares, those that it computes on included.
    ///
    /// - Parameters:
    ///   - own: its samples of a batch.
    ///   - limits: how far its threads are ahead.
    func loaderBytes(own: Int, limits: PrefetchLimits) -> Int {
        own.saturatingProduct(sampleBytes).saturatingProduct(limits.batches + 1)
            .saturatingSum(dataset.mayBeDamaged ? limits.threads * Self.scratchBytes : 0)
    }

    /// Bytes of a prepared sample: stored images are bytes until the engine takes them in, drawn ones are floats. A
    /// label and a number stand beside them.
    var sampleBytes: Int {
        dataset.shape(imageSize: imageSize).count
            .saturatingProduct(dataset.isDrawn ? MemoryLayout<Float>.stride : 1).saturatingSum(8)
    }

    /// The memory of a thread that decodes pictures: `ImageBuffer` holds no more than this for small ones.
    private static let scratchBytes = 16 << 20

    /// Keeps pictures in memory from now on, once they have been decoded, where that is worth it and all of them fit
    /// into a quarter of what is left.
    ///
    /// - Parameters:
    ///   - epochs: how often each of them is needed; a part of an epoch counts as one.
    ///   - left: bytes that no one else needs, of this rank.
    mutating func keepPictures(_ choice: Recipe.ImageCache, epochs: Int, left: Int) {
        guard choice == .auto, epochs > 1, let stored = dataset as? StoredDataset,
            let cache = PictureCache(of: stored.source, as: images, capacity: left / 4)
        else { return }
        dataset = stored.keeping(cache)
    }
}
