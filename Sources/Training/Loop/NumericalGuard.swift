import Collectives
import Datasets
import Engine
import Recipes
import Terminal

/// The means to keep infinities and NaN out of a run's state: the running statistics before the step, and counts of how
/// often such steps occurred.
struct NumericalGuard {
    /// The running statistics and their count before the step; a forward pass changes them.
    private var statistics: (values: [Float], batches: Int)?
    /// The number of successive steps that were not finite.
    private(set) var unsoundInARow = 0
    /// The number of times the run went back to the checkpoint of a step, by step.
    private var rewinds: [Int: Int] = [:]
    /// The number of steps taken when this process began.
    private(set) var firstStep = 0

    /// The most successive steps that are not finite: a network whose every batch overflows learns nothing more.
    private static let mostInARow = 10
    private static let mostRewinds = 3

    mutating func begin(after step: Int) { firstStep = step }

    /// Copies the running statistics before a step that may have to be undone.
    mutating func remember(_ engine: Engine) {
        statistics = (engine.runningStatistics, engine.batchesTracked)
    }

    mutating func passed() { unsoundInARow = 0 }

    /// Restores the running statistics from before the step.
    ///
    /// - Returns: false where steps have been skipped too often already.
    mutating func skip(_ engine: Engine) -> Bool {
        if let statistics {
            engine.setRunningStatistics(statistics.values)
            engine.batchesTracked = statistics.batches
        }
        unsoundInARow += 1
        return unsoundInARow <= Self.mostInARow
    }

    /// Counts a return to the checkpoint of a step.
    ///
    /// - Returns: false where the run has returned too often already.
    mutating func rewind(to step: Int) -> Bool {
        unsoundInARow += 1
        rewinds[step, default: 0] += 1
        return unsoundInARow <= Self.mostInARow && rewinds[step, default: 0] <= Self.mostRewinds
    }
}

extension Trainer {
    /// Waits for the sums of gradients over ranks.
    ///
    /// - Returns: whether all sums are finite.
    func sumGradients() throws -> Bool {
        let waited = try gradientSum.wait().waited
        pace.waitedForGradients += waited
        timeAccount.waitedForGradients += waited
        return engine.gradientsAreFinite()
    }

    /// Returns whether the step's loss and gradients, which are the same on all ranks, are finite. If not, responds as
    /// the recipe says and counts the step. Collective.
    ///
    /// - Throws: `SharedFailure` where the run cannot continue.
    func isSound(
        _ tally: Tally, areGradientsFinite: Bool, _ loaded: LoadedBatch, learningRate: Float
    ) throws -> Bool {
        let isLossFinite = tally.lossSum.isFinite
        if isLossFinite && areGradientsFinite {
            guarding.passed()
            return true
        }
        let loss = tally.lossSum / Double(tally.samples)
        let what = isLossFinite ? "a gradient became infinite or not a number" : "the loss became \(loss)"
        let rank = try firstBadRank(loaded)
        func failure(_ remedy: NonFiniteRemedy) -> SharedFailure {
            let error = TrainingError.notFinite(
                step: step + 1, what: what, rank: rank, ranks: world.size, remedy: remedy)
            return SharedFailure(error.words)
        }
        switch recipe.onNonFinite {
        case .stop where step == guarding.firstStep: throw failure(step == 0 ? .noStepBefore : .resumed(from: step))
        case .stop: throw failure(nonFiniteRemedy(learningRate: learningRate))
        case .skip:
            guard guarding.skip(engine) else { throw failure(.skippedInVain) }
            try coordinator?.note(.skipped, step: step + 1, what: what, rank: rank, ranks: world.size)
        case .rewind:
            guard let back = try rewound() else { throw failure(.nothingToRewindTo) }
            guard guarding.rewind(to: back) else { throw failure(.rewoundInVain) }
            try coordinator?.note(.rewound(to: back), step: step + 1, what: what, rank: rank, ranks: world.size)
        }
        step += 1
        return false
    }

    /// Returns the advice for a loss or gradient that is not finite after steps at a learning rate. Waits on rank 0,
    /// which alone knows of checkpoints, until the current one is written.
    func nonFiniteRemedy(learningRate: Float) -> NonFiniteRemedy {
        if let fewNormValues {
            return .moreNormValues(
                values: fewNormValues.values, ways: fewNormValues.remedy(recipe, ranks: world.size))
        }
        coordinator?.waitForWriter()
        return .smallerRate(learningRate, kept: coordinator?.savedStep)
    }

    /// Returns the first rank whose own part of the step was not finite, by computing the step once more. Collective.
    ///
    /// With the next sum of batch norms' moments, one rank's NaN is on all ranks. So the rank with the earliest one in
    /// the order of these sums is the first; where several have one at the same sum, the lowest rank.
    private func firstBadRank(_ loaded: LoadedBatch) throws -> Int {
        guard world.size > 1 else { return 0 }
        try enter("search for the first bad rank", mayTakeLong: true)
        // Counts the events that all ranks have in the same order: sums of moments, and ends of passes.
        var moment = 0.0
        var place: Double?
        let checkedSum = sumOverRanks.map { sum -> SumOverRanks in
            { moments in
                moment += 1
                if place == nil, moments.indices.contains(where: { !moments[$0].isFinite }) { place = moment }
                try sum(&moments)
            }
        }
        for pass in loaded.earlierPasses + [loaded] {
            let own = try engine.train(
                pass.batch, globalSamples: pass.globalSamples, step: step, sumOverRanks: checkedSum,
                momentSamples: pass.momentSamples, progress: gradientProgress { _ in })
            if !own.lossSum.isFinite { place = place ?? moment + 1 }
            if !engine.gradientsAreFinite() { place = place ?? moment + 2 }
            moment += 2
        }
        var places = [Double](repeating: 0, count: world.size)
        places[world.rank] = place ?? 0
        // Finite parts may have an infinite sum; then no rank is more at fault than another.
        let all = try world.sum(places).map { $0 == 0 ? Double.infinity : $0 }
        return all.indices.min { all[$0] < all[$1] } ?? 0
    }
}
