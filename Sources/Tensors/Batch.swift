/// One rank's share of one global batch, as a data loader hands it to the engine.
///
/// Samples stand in the order of the rank's virtual shards: first `shardSizes[0]` samples of its first shard, and so on.
package struct Batch: Sendable {
    /// Pixels of all samples, sample after sample, each height x width x channels; already normalised.
    package var images: [Float]
    /// The class of each sample, in 0..<classes.
    package var labels: [Int32]
    /// What each sample is called in its dataset: an index that does not depend on order or rank.
    package var sampleIDs: [UInt32]
    /// How many samples each of this rank's shards has; some may be 0 in a short last batch.
    package var shardSizes: [Int]

    package init(images: [Float], labels: [Int32], sampleIDs: [UInt32], shardSizes: [Int]) {
        precondition(labels.count == sampleIDs.count, "\(labels.count) labels for \(sampleIDs.count) samples")
        precondition(
            shardSizes.reduce(0, +) == labels.count, "shards of \(shardSizes) samples for \(labels.count) labels")
        self.images = images
        self.labels = labels
        self.sampleIDs = sampleIDs
        self.shardSizes = shardSizes
    }

    package var count: Int { labels.count }
}
