import Checkpoints
package import Collectives
package import Datasets
package import Engine
import Foundation
import Tensors
import Terminal

/// The results of a network on a whole split.
package struct Evaluation: Hashable, Sendable {
    /// The mean loss of a sample.
    package let loss: Double
    package let correct: Int
    package let samples: Int
    package let seconds: Double

    /// The share of samples whose highest logit is that of their label, in 0...1.
    package var accuracy: Double { Double(correct) / Double(samples) }
    package var imagesPerSecond: Double { Double(samples) / max(seconds, 1e-9) }
}

extension Setup {
    /// Evaluates the engine on every sample of a split exactly once, over all ranks. Collective; all ranks get the same
    /// bits, for any number of ranks up to the number of shards.
    ///
    /// - Parameters:
    ///   - bad: counts the samples that cannot be read.
    ///   - each: called with the outcome of each sample of this rank.
    ///   - remedy: the advice where the loss is infinite or NaN.
    /// - Throws: `SharedFailure` in that case.
    func evaluate(
        _ engine: Engine, split: Split = .test, bad: inout BadSamples, world: any Communicator,
        each: ((SampleOutcome) -> Void)? = nil, remedy: () -> NonFiniteRemedy = { .otherCheckpoint }
    ) throws -> Evaluation {
        let start = Date()
        guard dataset.count(of: split) > 0 else {
            throw TrainingError.emptySplit(data: dataset.name, split: split.rawValue)
        }
        let batches = Loader(
            dataset: dataset, imageSize: imageSize, shorterSide: presentation?.shorterSide, images: images,
            limits: prefetchLimits(batchSize: evaluationBatchSize * world.size)
        ).evaluationBatches(
            split: split, ranks: world.size, rank: world.rank, batchSize: evaluationBatchSize)
        defer {
            batches.close()
            bar?.remove()
        }
        var tallies = ShardTallies(shards: Sharding(ranks: world.size, rank: world.rank).shards)
        var own: [BadSample] = []
        var done = 0
        while let loaded = try batches.next() {
            own += loaded.bad
            if loaded.batch.count > 0 {
                tallies.add(try engine.evaluate(loaded.batch), shard: loaded.shard)
                if let each { engine.forEachOutcome(each) }
            }
            done += loaded.batch.count + loaded.bad.count
            showProgress(done, split: split, ranks: world.size)
        }
        let missing = dataset.mayBeDamaged ? try bad.count([own], in: world)[0] : 0
        // A rank's zeros for other ranks' shards do not change the sums' bits.
        let total = ShardTallies.total(of: try world.sum(tallies.numbers))
        precondition(
            total.samples + missing == dataset.count(of: split),
            "\(total.samples) of \(dataset.count(of: split)) samples evaluated, \(missing) left out")
        return try evaluation(total, of: split, by: engine, since: start, remedy: remedy)
    }

    /// The results of a look at a whole split, of which `total` are the sums.
    func evaluation(
        _ total: Tally, of split: Split, by engine: Engine, since start: Date, remedy: () -> NonFiniteRemedy
    ) throws -> Evaluation {
        guard total.samples > 0 else { throw TrainingError.emptySplit(data: dataset.name, split: split.rawValue) }
        guard total.lossSum.isFinite else {
            let error = TrainingError.evaluationNotFinite(
                loss: total.lossSum / Double(total.samples), samples: total.samples,
                tensor: engine.firstNotFinite?.name, remedy: remedy())
            throw SharedFailure(error.words)
        }
        return Evaluation(
            loss: total.lossSum / Double(total.samples), correct: total.correct, samples: total.samples,
            seconds: Date().timeIntervalSince(start))
    }

    /// Shows a person the progress of a look at a whole split. This rank has done `done` samples of it, and the others
    /// about as many.
    func showProgress(_ done: Int, split: Split, ranks: Int) {
        let all = dataset.count(of: split)
        bar?.show(ProgressFigures(.init("evaluation", short: "test"), done: min(done * ranks, all), of: all))
    }
}

/// The sums of each virtual shard of a split, which are added in one order whatever ranks they are on.
struct ShardTallies {
    /// (loss, correct, samples) of each shard.
    private(set) var numbers: [Double]

    init(shards: Int) { numbers = [Double](repeating: 0, count: 3 * shards) }

    mutating func add(_ tally: Tally, shard: Int) {
        numbers[3 * shard] += tally.lossSum
        numbers[3 * shard + 1] += Double(tally.correct)
        numbers[3 * shard + 2] += Double(tally.samples)
    }

    static func total(of numbers: [Double]) -> Tally {
        stride(from: 0, to: numbers.count, by: 3).reduce(into: Tally()) { total, shard in
            total.lossSum += numbers[shard]
            total.correct += Int(numbers[shard + 1])
            total.samples += Int(numbers[shard + 2])
        }
    }
}
