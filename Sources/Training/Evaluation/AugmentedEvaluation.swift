import Checkpoints
import Collectives
import Datasets
import Engine
import Foundation
package import Recipes
import Tensors
import Terminal

/// Test-time augmentation: the views of a test image whose logits are averaged.
package struct TestViews: Sendable {
    /// The views and the weights of their scores, which add up to 1. The image as it is comes first.
    let views: [(view: ImageView, weight: Float)]
    /// The share of the images, the least certain ones, that are evaluated in all views.
    let share: Double

    /// Makes the views; nil where only the image itself is evaluated.
    package init?(_ kind: Recipe.TestAugmentation, share: Double) {
        func both(_ shift: Int, _ weight: Float) -> [(view: ImageView, weight: Float)] {
            [false, true].map { (ImageView(isMirrored: $0, shift: shift), weight / 2) }
        }
        switch kind {
        case .none: return nil
        case .flip: views = both(0, 1)
        case .flipShift: views = both(0, 0.5) + both(-1, 0.25) + both(1, 0.25)
        }
        self.share = share
    }
}

extension Setup {
    /// Evaluates a split, and its least certain samples in other views too. Collective. All ranks get the same bits,
    /// for any number of ranks up to the number of shards.
    ///
    /// Samples that cannot be read have been counted by the evaluation before this one.
    /// - Throws: `SharedFailure` where the loss is infinite or NaN.
    func evaluate(
        _ engine: Engine, split: Split = .test, views: TestViews, world: any Communicator
    ) throws -> Evaluation {
        let start = Date()
        let loader = Loader(
            dataset: dataset, imageSize: imageSize, shorterSide: presentation?.shorterSide, images: images,
            limits: prefetchLimits(batchSize: evaluationBatchSize * world.size))
        var scores = SplitScores(shards: Sharding(ranks: world.size, rank: world.rank).shards)
        func look(_ views: ArraySlice<(view: ImageView, weight: Float)>, of wanted: Set<UInt32>?) throws {
            let batches = loader.evaluationBatches(
                split: split, ranks: world.size, rank: world.rank, batchSize: evaluationBatchSize, of: wanted)
            defer {
                batches.close()
                bar?.remove()
            }
            var done = 0
            while let loaded = try batches.next() {
                done += loaded.batch.count + loaded.bad.count
                // How many samples all ranks want is not known; the first view is evaluated for all.
                if wanted == nil { showProgress(done, split: split, ranks: world.size) }
                guard loaded.batch.count > 0 else { continue }
                for (view, weight) in views {
                    let batch = Batch(
                        images: view(loaded.batch.images, side: imageSize), targets: loaded.batch.targets,
                        sampleIDs: loaded.batch.sampleIDs, shardSizes: loaded.batch.shardSizes)
                    _ = try engine.evaluate(batch)
                    scores.add(engine.logits(), of: batch, shard: loaded.shard, weight: weight)
                }
            }
        }
        try look(views.views[..<1], of: nil)
        let uncertain = try scores.leastCertain(
            share: views.share, of: dataset.count(of: split), weight: views.views[0].weight, world)
        scores.complete(allBut: uncertain, weight: views.views[0].weight)
        try look(views.views[1...], of: uncertain)
        let total = ShardTallies.total(of: try world.sum(scores.tallies()))
        return try evaluation(total, of: split, by: engine, since: start) { .otherCheckpoint }
    }
}

/// The logits of a rank's samples, summed over views.
private struct SplitScores {
    private struct Sample {
        let id: UInt32
        let label: Int
        var scores: [Float]

        /// The class with the highest score; of equal ones the first.
        private var best: Int { scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 } }

        var isCorrect: Bool { best == label }

        /// The difference between the highest score and the second.
        var margin: Float {
            let best = best
            let second = scores.indices.filter { $0 != best }.map { scores[$0] }.max()
            return second.map { scores[best] - $0 } ?? .greatestFiniteMagnitude
        }

        /// The cross-entropy.
        var loss: Double {
            let highest = Double(scores[best])
            let sum = scores.reduce(0.0) { $0 + Elementary.exp(Double($1) - highest) }
            return Elementary.log(sum) - (Double(scores[label]) - highest)
        }
    }

    /// The samples by shard, in the order of the split.
    private var samples: [[Sample]]
    /// The index of a sample in its shard.
    private var places: [UInt32: Int] = [:]

    init(shards: Int) { samples = Array(repeating: [], count: shards) }

    mutating func add(_ logits: [Float], of batch: Batch, shard: Int, weight: Float) {
        let classes = logits.count / batch.count
        for (index, id) in batch.sampleIDs.enumerated() {
            let own = logits[index * classes..<(index + 1) * classes].map { weight * $0 }
            if let place = places[id] {
                for k in own.indices { samples[shard][place].scores[k] += own[k] }
            } else {
                places[id] = samples[shard].count
                samples[shard].append(Sample(id: id, label: Int(batch.targets[index].label), scores: own))
            }
        }
    }

    /// Returns the samples, over all ranks, whose two highest scores are closest. Collective.
    ///
    /// - Parameters:
    ///   - count: the number of samples in the split.
    ///   - weight: the factor by which scores have been multiplied.
    func leastCertain(share: Double, of count: Int, weight: Float, _ world: any Communicator) throws -> Set<UInt32> {
        // The number is 1 for samples of this rank; the zeros of other ranks do not change the sums' bits.
        var found = [Double](repeating: 0, count: 2 * count)
        for sample in samples.joined() {
            found[2 * Int(sample.id)] = 1
            found[2 * Int(sample.id) + 1] = Double(sample.margin)
        }
        let sums = try world.sum(found)
        let order = (0..<count).filter { sums[2 * $0] == 1 }.sorted { (sums[2 * $0 + 1], $0) < (sums[2 * $1 + 1], $1) }
        let wanted = (share * Double(order.count)).rounded(.up)
        return Set(order.prefix(Int(wanted)).map { UInt32($0) })
    }

    /// Gives samples without further views the scores of their first view alone.
    mutating func complete(allBut others: Set<UInt32>, weight: Float) {
        for shard in samples.indices {
            for place in samples[shard].indices where !others.contains(samples[shard][place].id) {
                samples[shard][place].scores = samples[shard][place].scores.map { $0 / weight }
            }
        }
    }

    /// Returns (loss, correct, samples) of each shard.
    func tallies() -> [Double] {
        samples.flatMap { shard in
            shard.reduce(into: [0.0, 0, 0]) { tally, sample in
                tally[0] += sample.loss
                tally[1] += sample.isCorrect ? 1 : 0
                tally[2] += 1
            }
        }
    }
}
