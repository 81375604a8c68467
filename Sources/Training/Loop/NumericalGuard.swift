import Collectives
import Datasets
import Engine
import Recipes
import Terminal

/// The means to keep numbers that are not finite out of a run's state: the statistics before the step, and counts of
/// how often they were needed.
struct NumericalGuard {
    /// Running statistics and their count before the step, which a forward pass changes already.
    private var statistics: (values: [Float], batches: Int)?
    /// Steps that were not sound, one right after the other.
    private(set) var unsoundInARow = 0
    /// The number of times the run went back to the checkpoint of a step, by step.
    private var rewinds: [Int: Int] = [:]
    /// The step that this process began after.
    private(set) var firstStep = 0

    /// A network whose every batch overflows learns nothing more.
    private static let mostInARow = 10
    private static let mostRewinds = 3

    mutating func begin(after step: Int) { firstStep = step }

    /// Before a step that may have to be undone.
    mutating func remember(_ engine: Engine) {
        statistics = (engine.runningStatistics, engine.batchesTracked)
    }

    mutating func passed() { unsoundInARow = 0 }

    /// Leaves everything as it was before the step.
    ///
    /// - Returns: false where that was done too often already.
    mutating func skip(_ engine: Engine) -> Bool {
        if let statistics {
            engine.setRunningStatistics(statistics.values)
            engine.batchesTracked = statistics.batches
        }
        unsoundInARow += 1
        return unsoundInARow <= Self.mostInARow
    }

    /// - Returns: false where the run went back too often already.
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

    /// Whether the step's loss and gradients, which all ranks have alike, may be in the parameters. Where not, does
    /// what the recipe says and counts the step. Collective.
    ///
    /// - Throws: `SharedFailure` where the run cannot go on.
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

    /// Returns the advice for a loss or gradient that is not finite after steps at a learning rate. Rank 0, which alone
    /// knows of checkpoints, waits for the one that is being written.
    func nonFiniteRemedy(learningRate: Float) -> NonFiniteRemedy {
        if let fewNormValues {
            return .moreNormValues(
                values: fewNormValues.values, ways: fewNormValues.remedy(recipe, ranks: world.size))
        }
        coordinator?.waitForWriter()
        return .smallerRate(learningRate, kept: coordinator?.savedStep)
    }

    /// The rank whose own part of a step was not finite first. The step is computed once more, and watched. Collective.
    ///
    /// One rank's not-a-number is in everybody's moments after the next exchange of batch norm: so whoever has it
    /// earliest in the order of exchanges is the first; where several have it at the same place, the lowest.
    private func firstBadRank(_ loaded: LoadedBatch) throws -> Int {
        guard world.size > 1 else { return 0 }
        try enter("search for the first bad rank", mayTakeLong: true)
        // Counts what follows one another on all ranks alike: exchanges, and the ends of passes.
        var moment = 0.0
        var place: Double?
        let exchange = statisticsExchange.map { sum -> StatisticsExchange in
            { moments in
                moment += 1
                if place == nil, moments.indices.contains(where: { !moments[$0].isFinite }) { place = moment }
                try sum(&moments)
            }
        }
        for pass in loaded.earlierPasses + [loaded] {
            let own = try engine.train(
                pass.batch, globalSamples: pass.globalSamples, step: step, exchange: exchange,
                momentSamples: pass.momentSamples, progress: gradientProgress { _ in })
            if !own.lossSum.isFinite { place = place ?? moment + 1 }
            if !engine.gradientsAreFinite() { place = place ?? moment + 2 }
            moment += 2
        }
        var places = [Double](repeating: 0, count: world.size)
        places[world.rank] = place ?? 0
        // Finite parts may have an infinite sum; then it is as much the fault of one as of another.
        let all = try world.sum(places).map { $0 == 0 ? Double.infinity : $0 }
        return all.indices.min { all[$0] < all[$1] } ?? 0
    }
}
