/// A rank's share of one global batch, as a data loader hands it to the engine.
///
/// Samples are in the order of the rank's virtual shards: first `shardSizes[0]` samples of its first shard, and so on.
package struct Batch: Sendable {
    /// The pixels of all samples.
    package var images: any BatchImages
    /// The class of each sample, or the two that it is a mixture of, in 0..<classes.
    package var targets: [Target]
    /// The number of each sample in its dataset: an index that does not depend on order or rank.
    package var sampleIDs: [UInt32]
    /// The number of samples in each of this rank's shards; some may be 0 in a short last batch.
    package var shardSizes: [Int]

    package init(images: any BatchImages, targets: [Target], sampleIDs: [UInt32], shardSizes: [Int]) {
        precondition(targets.count == sampleIDs.count, "\(targets.count) targets for \(sampleIDs.count) samples")
        precondition(
            shardSizes.reduce(0, +) == targets.count, "shards of \(shardSizes) samples for \(targets.count) targets")
        self.images = images
        self.targets = targets
        self.sampleIDs = sampleIDs
        self.shardSizes = shardSizes
    }

    /// Makes a batch of samples of one class each, with their pixels one after the other, height x width x channels
    /// each, normalised.
    package init(images: [Float], labels: [Int32], sampleIDs: [UInt32], shardSizes: [Int]) {
        self.init(
            images: FloatImages(images, samples: labels.count), targets: labels.map { Target($0) },
            sampleIDs: sampleIDs, shardSizes: shardSizes)
    }

    package var count: Int { targets.count }
}

/// The class of a sample, or the two classes of a mixture.
package struct Target: Hashable, Sendable {
    package var label: Int32
    /// The other class of a mixture; of no effect where `weight` is 1.
    package var second: Int32
    /// The share of `label`, in 0...1; `second` has the rest.
    package var weight: Float

    package init(_ label: Int32) {
        self.init(label, second: label, weight: 1)
    }

    package init(_ label: Int32, second: Int32, weight: Float) {
        self.label = label
        self.second = second
        self.weight = weight
    }
}
