import Collectives
import Datasets
import Engine
import Graphs
import Recipes
import Tensors
import Terminal

extension Trainer {
    /// Takes the forward and backward passes of a step, and begins the sums over ranks, bucket by bucket as the last
    /// pass's gradients become final.
    ///
    /// - Returns: the tally of this rank's samples.
    func trainPasses(of loaded: LoadedBatch) throws -> Tally {
        guard let accumulation else { return try train(loaded, progress: gradientProgress(gradientSum.finished)) }
        accumulation.begin()
        var tallies = TallyTree()
        for pass in loaded.earlierPasses {
            tallies.add(try train(pass, progress: nil))
            accumulation.keep()
        }
        let progress = gradientProgress { [gradientSum] count in
            accumulation.complete(count)
            gradientSum.finished(count)
        }
        tallies.add(try train(loaded, progress: progress))
        engine.withGradients { accumulation.complete($0.count) }
        return tallies.total
    }

    private func train(_ pass: LoadedBatch, progress: GradientProgress?) throws -> Tally {
        try engine.train(
            pass.batch, globalSamples: pass.globalSamples, step: step, sumOverRanks: sumOverRanks,
            momentSamples: pass.momentSamples, lossDivisor: pass.lossDivisor, progress: progress)
    }

    /// Notes on steps of several passes, for people.
    var accumulationNotes: [String] {
        guard recipe.accumulate > 1 else { return [] }
        let passes = "\(recipe.accumulate) passes of \(Wording.grouped(recipe.batchSize)) samples a step"
        if engine.parameters.contains(where: { $0.role == .runningMean }) {
            return [
                passes
                    + ": batch norm sees each by itself, so that results depend on the number of ranks, and are not "
                    + "those of one batch of \(Wording.grouped(recipe.globalBatchSize))"
            ]
        }
        let isExact = Sharding(shards: recipe.virtualShards, ranks: world.size * recipe.accumulate).isExact
        return [
            passes
                + (isExact
                    ? ": the bits of one batch of \(Wording.grouped(recipe.globalBatchSize))"
                    : ": equal to one batch of \(Wording.grouped(recipe.globalBatchSize)) up to rounding; for the same "
                        + "bits passes x ranks must be a power of two up to --virtual-shards")
        ]
    }
}

/// The sums of passes' tallies, in the order in which `Accumulation` adds gradients.
private struct TallyTree {
    private var waiting: [Tally?] = []
    private var last: Tally?

    mutating func add(_ tally: Tally) {
        if let last { carry(last) }
        last = tally
    }

    private mutating func carry(_ tally: Tally) {
        var sum = tally
        var level = 0
        while level < waiting.count, let other = waiting[level] {
            sum = sum + other
            waiting[level] = nil
            level += 1
        }
        if level == waiting.count { waiting.append(nil) }
        waiting[level] = sum
    }

    var total: Tally { waiting.reduce(last ?? Tally()) { sum, other in other.map { sum + $0 } ?? sum } }
}

func + (a: Tally, b: Tally) -> Tally {
    Tally(lossSum: a.lossSum + b.lossSum, correct: a.correct + b.correct, samples: a.samples + b.samples)
}
