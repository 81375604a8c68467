package import Tensors

/// A rank's part of one global batch, and facts on the whole batch.
package struct LoadedBatch: Sendable {
    /// The global step within the epoch in training; the number of this rank's batch in evaluation.
    package let step: Int
    package let batch: Batch
    /// Samples of the global batch over all ranks; in evaluation the batch's own.
    package var globalSamples: Int
    /// The virtual shard of the split that the batch is a piece of, in evaluation; 0 in training. Sums over shards can
    /// so follow the one tree whatever the number of ranks.
    package let shard: Int
    /// The samples of all ranks in this pass, over which batch norms' moments are taken.
    package var momentSamples: Int
    /// The sum of the weights of all samples of the global batch, which divides the sum of their losses; nil where that
    /// is `globalSamples`.
    package var lossDivisor: Double?
    /// Samples that were left out because they cannot be had.
    package var bad: [BadSample] = []
    /// The passes before this one, where the batch is trained on in several.
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
    package var dataset: any Dataset
    /// Pixels a side.
    package private(set) var imageSize: Int
    /// The length to which the shorter side of a stored image is resized, as in `SampleLook`.
    package var shorterSide: Int?
    /// The augmentation of the images of training batches.
    package let augmentation: Augmentation
    package let mixing: Mixing
    /// The weight of each class in losses; nil for 1.
    package let classWeights: [Float]?
    package let images: ImageOptions
    package var limits: PrefetchLimits

    package init(
        dataset: any Dataset, imageSize: Int, shorterSide: Int? = nil, augmentation: Augmentation = .none,
        mixing: Mixing = Mixing(), classWeights: [Float]? = nil, images: ImageOptions = ImageOptions(),
        limits: PrefetchLimits = PrefetchLimits()
    ) {
        precondition(imageSize > 0, "images of \(imageSize) pixels a side")
        self.dataset = dataset
        self.imageSize = imageSize
        self.shorterSide = shorterSide
        self.augmentation = augmentation
        self.mixing = mixing
        self.classWeights = classWeights
        self.images = images
        self.limits = limits
    }

    /// Returns a loader of the same images at another size in pixels a side. Where their middle is cut out, the same
    /// share of them is.
    package func sized(_ pixels: Int) -> Loader {
        var loader = self
        loader.shorterSide = shorterSide.map { ($0 * pixels + imageSize / 2) / imageSize }
        loader.imageSize = pixels
        return loader
    }

    /// Returns the batches of one training epoch from global step `step` on, where a resumed run may begin.
    ///
    /// The augmentation has the sampler's seed. Each batch has the samples of `sharding`'s own shards in their order,
    /// cut into `passes`. All ranks get the same number of batches; one may be empty on some ranks where a global batch
    /// has fewer samples than ranks.
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
        let look = SampleLook(
            imageSize: imageSize, shorterSide: shorterSide,
            training: SampleLook.Training(
                augmentation: augmentation, mixing: mixing, seed: sampler.seed, epoch: epoch), images: images)
        // Mixed targets are shares of classes; torch divides their losses by the number of samples.
        let weights = mixing.isNone ? classWeights : nil
        return BatchStream(steps: step..<order.steps, limits: limits) { [dataset] step in
            let global = order[step]
            let parts = shardings.map { pass in
                let ranges = pass.ownShards.map { pass.samples(ofShard: $0, batchSize: global.count) }
                // All passes have as many shards, be they empty.
                let sizes = ranges.map(\.count) + Array(repeating: 0, count: shards - ranges.count)
                return BatchPart(
                    ranges.flatMap { global.dropFirst($0.lowerBound).prefix($0.count) }, shardSizes: sizes, of: dataset,
                    in: split, as: look)
            }
            return UnfinishedBatch(parts) {
                var loaded = zip(shardings, parts).map { pass, part in
                    LoadedBatch(
                        step: step, part, globalSamples: global.count, shard: 0,
                        momentSamples: pass.samplesOfPass(ranks: sharding.ranks, batchSize: global.count))
                }
                if let weights {
                    let divisor = global.reduce(0.0) { sum, number in
                        sum + Double(weights[dataset.label(at: dataset.index(of: number, in: split), in: split)])
                    }
                    for pass in loaded.indices { loaded[pass].lossDivisor = divisor }
                }
                var last = loaded.removeLast()
                last.earlierPasses = loaded
                return last
            }
        }
    }

    /// Returns this rank's part of a whole split, in batches of at most `batchSize` samples of one shard.
    ///
    /// Over all ranks every sample comes exactly once, whatever their number. Ranks may get different numbers of
    /// batches, as evaluation does not need them to match. The batches are the same for any number of ranks up to the
    /// number of shards.
    /// - Parameter wanted: The samples to evaluate, each on the rank that it would have among all samples; nil for all.
    package func evaluationBatches(
        split: Split = .test, ranks: Int, rank: Int, batchSize: Int, of wanted: Set<UInt32>? = nil
    ) -> BatchStream {
        precondition(batchSize > 0, "evaluation batches of \(batchSize) samples")
        let sharding = Sharding(ranks: ranks, rank: rank)
        let count = dataset.count(of: split)
        let pieces = sharding.ownShards.flatMap { shard in
            let samples = sharding.samples(ofShard: shard, batchSize: count).map { UInt32($0) }
                .filter { wanted?.contains($0) ?? true }
            return stride(from: 0, to: samples.count, by: batchSize).map { start in
                (shard: shard, samples: samples[start..<min(start + batchSize, samples.count)])
            }
        }
        let look = SampleLook(imageSize: imageSize, shorterSide: shorterSide, images: images)
        return BatchStream(steps: pieces.indices, limits: limits) { [dataset] step in
            let piece = pieces[step]
            let part = BatchPart(
                Array(piece.samples), shardSizes: [piece.samples.count], of: dataset, in: split, as: look)
            return UnfinishedBatch([part]) {
                LoadedBatch(step: step, part, globalSamples: piece.samples.count, shard: piece.shard)
            }
        }
    }
}

/// The samples of a batch for one pass, in the making.
private struct BatchPart: Sendable {
    let samples: [UInt32]
    let shardSizes: [Int]
    let making: any BatchInMaking
    private let dataset: any Dataset
    private let split: Split
    private let look: SampleLook

    init(_ samples: [UInt32], shardSizes: [Int], of dataset: any Dataset, in split: Split, as look: SampleLook) {
        self.samples = samples
        self.shardSizes = shardSizes
        self.dataset = dataset
        self.split = split
        self.look = look
        making = dataset.batch(of: samples, in: split, as: look)
    }

    /// Returns the samples that could be read, and those that could not.
    func finish() -> (batch: Batch, bad: [BadSample]) {
        var bad: [BadSample] = []
        var positions: [Int] = []
        var sizes = shardSizes
        var first = 0
        for (shard, size) in shardSizes.enumerated() {
            for position in first..<first + size {
                if let sample = making.bad(position) {
                    bad.append(sample)
                    sizes[shard] -= 1
                } else {
                    positions.append(position)
                }
            }
            first += size
        }
        let sound = positions.map { samples[$0] }
        var images = making.images(at: positions)
        var targets = sound.map { Target(Int32(dataset.label(at: dataset.index(of: $0, in: split), in: split))) }
        if let training = look.training {
            (images, targets) = training.mixing.mix(
                images, targets, shards: sizes, sampleIDs: sound, seed: training.seed, epoch: training.epoch,
                side: look.imageSize)
        }
        return (Batch(images: images, targets: targets, sampleIDs: sound, shardSizes: sizes), bad)
    }
}

extension UnfinishedBatch {
    fileprivate init(_ parts: [BatchPart], finish: @escaping @Sendable () -> LoadedBatch) {
        self.init(parts: parts.map(\.making), sizes: parts.map(\.samples.count), finish: finish)
    }
}

extension LoadedBatch {
    fileprivate init(step: Int, _ part: BatchPart, globalSamples: Int, shard: Int, momentSamples: Int? = nil) {
        let (batch, bad) = part.finish()
        self.init(step: step, batch: batch, globalSamples: globalSamples, shard: shard, momentSamples: momentSamples)
        self.bad = bad
    }
}
