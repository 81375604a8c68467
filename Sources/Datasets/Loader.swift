package import Tensors

/// A rank's part of one global batch, with what it needs to know about the whole.
package struct LoadedBatch: Sendable {
    /// Of training: the global step within the epoch. Of evaluation: which of this rank's batches.
    package let step: Int
    package let batch: Batch
    /// Samples of the global batch over all ranks; in evaluation the batch's own.
    package let globalSamples: Int
    /// In evaluation, the virtual shard of the split that the batch is a piece of, so that sums over shards can follow the
    /// one tree whatever the number of ranks. 0 in training.
    package let shard: Int
    /// Samples that all ranks have in this pass: those that batch norm's moments are of.
    package var momentSamples: Int
    /// Where the batch is trained on in several passes, the ones before this.
    package var earlierPasses: [LoadedBatch] = []

    init(step: Int, batch: Batch, globalSamples: Int, shard: Int, momentSamples: Int? = nil) {
        self.step = step
        self.batch = batch
        self.globalSamples = globalSamples
        self.shard = shard
        self.momentSamples = momentSamples ?? globalSamples
    }
}

/// Reads a rank's share of every batch, ahead of the rank that computes on it.
package struct Loader: Sendable {
    package let dataset: any Dataset
    /// Pixels a side.
    package let imageSize: Int
    /// What is done to the images of training batches.
    package let augmentation: Augmentation
    /// What a black pixel is, for each channel.
    private let black: [Float]

    package init(dataset: any Dataset, imageSize: Int, augmentation: Augmentation = .none) {
        precondition(imageSize > 0, "images of \(imageSize) pixels a side")
        self.dataset = dataset
        self.imageSize = imageSize
        self.augmentation = augmentation
        black =
            Normalisation.of(dataset: dataset.name, channels: dataset.channels)?.black
            ?? Array(repeating: 0, count: dataset.channels)
    }

    /// The batches of one training epoch from global step `step` on, which is how a run resumes in the middle of it.
    ///
    /// The sampler's seed is that of the augmentation, too. Each holds the samples of `sharding`'s own shards in their order, cut into `passes`. All ranks get as many batches; one may be empty on
    /// some ranks where a global batch has fewer samples than ranks.
    package func trainingBatches(
        epoch: Int, from step: Int = 0, sampler: Sampler, sharding: Sharding, passes: Int = 1, split: Split = .train
    ) -> BatchStream {
        precondition(
            sampler.count == dataset.count(of: split),
            "a sampler over \(sampler.count) samples of \(dataset.count(of: split))")
        precondition((0...sampler.stepsPerEpoch).contains(step), "step \(step) of \(sampler.stepsPerEpoch)")
        let order = sampler.order(ofEpoch: epoch)
        let shardings = sharding.passes(passes)
        let shards = shardings.map(\.ownShards.count).max() ?? 0
        return BatchStream(steps: step..<order.steps) { [self] step, isWanted throws(DatasetError) in
            let global = order[step]
            var loaded: [LoadedBatch] = []
            for pass in shardings {
                let ranges = pass.ownShards.map { pass.samples(ofShard: $0, batchSize: global.count) }
                let samples = ranges.flatMap { global.dropFirst($0.lowerBound).prefix($0.count) }
                // All passes have as many shards, be they empty.
                let sizes = ranges.map(\.count) + Array(repeating: 0, count: shards - ranges.count)
                let change: Change = { sample, image in
                    let draws = AugmentationDraws(seed: sampler.seed, epoch: epoch, sample: sample)
                    augmentation.apply(to: &image, side: imageSize, black: black, draws: draws)
                }
                guard
                    let batch = try load(
                        samples, of: split, shardSizes: sizes, change: augmentation == .none ? nil : change,
                        while: isWanted)
                else { return nil }
                loaded.append(
                    LoadedBatch(
                        step: step, batch: batch, globalSamples: global.count, shard: 0,
                        momentSamples: pass.samplesOfPass(ranks: sharding.ranks, batchSize: global.count)))
            }
            var last = loaded.removeLast()
            last.earlierPasses = loaded
            return last
        }
    }

    /// This rank's part of a whole split, in pieces of at most `batchSize` samples of one shard.
    ///
    /// Over all ranks every sample comes exactly once, whatever their number. Ranks may get different numbers of batches:
    /// nothing in evaluation needs them to go in step. Pieces are the same for any number of ranks up to the number of shards.
    package func evaluationBatches(
        split: Split = .test, ranks: Int, rank: Int, batchSize: Int
    ) -> BatchStream {
        precondition(batchSize > 0, "evaluation batches of \(batchSize) samples")
        let sharding = Sharding(ranks: ranks, rank: rank)
        let count = dataset.count(of: split)
        let pieces = sharding.ownShards.flatMap { shard in
            let samples = sharding.samples(ofShard: shard, batchSize: count)
            return stride(from: samples.lowerBound, to: samples.upperBound, by: batchSize).map { start in
                (shard: shard, samples: start..<min(start + batchSize, samples.upperBound))
            }
        }
        return BatchStream(steps: pieces.indices) { [self] step, isWanted throws(DatasetError) in
            let piece = pieces[step]
            let size = piece.samples.count
            let batch = try load(piece.samples.map { UInt32($0) }, of: split, shardSizes: [size], while: isWanted)
            return batch.map { LoadedBatch(step: step, batch: $0, globalSamples: size, shard: piece.shard) }
        }
    }

    /// What is done to an image that has been drawn.
    private typealias Change = (_ sample: UInt32, inout MutableSpan<Float>) -> Void

    /// Draws `samples`, or stops half-way with nil once nobody wants them.
    private func load(
        _ samples: [UInt32], of split: Split, shardSizes: [Int], change: Change? = nil, while isWanted: () -> Bool
    ) throws(DatasetError) -> Batch? {
        let size = dataset.shape(imageSize: imageSize).count
        var images = [Float](repeating: 0, count: samples.count * size)
        var span = images.mutableSpan
        for (place, sample) in samples.enumerated() {
            guard isWanted() else { return nil }
            var image = span._mutatingExtracting(place * size..<(place + 1) * size)
            try dataset.draw(Int(sample), of: split, imageSize: imageSize, into: &image)
            change?(sample, &image)
        }
        return Batch(
            images: images, labels: samples.map { Int32(dataset.label(at: Int($0), in: split)) }, sampleIDs: samples,
            shardSizes: shardSizes)
    }
}
