import Checkpoints
import Collectives
import Datasets
import Engine
import Foundation
import Machine
import Recipes
import Tensors
import Terminal

/// The largest batch that fits into memory and keeps the speed of steps, found by trying powers of two.
///
/// A larger batch needs fewer steps for an epoch. Beyond some size, it no longer makes an image faster, and may make it
/// slower where it leaves the caches.
struct BatchSizeChoice: Equatable {
    /// A size that was tried.
    struct Trial: Equatable {
        let batchSize: Int
        let imagesPerSecond: Double
    }

    /// The reason why no larger size was tried.
    enum Limit: Equatable {
        /// An epoch would have too few steps with a larger batch, or the batch more samples than are ever of use.
        case data
        /// A larger batch does not fit.
        case memory
        /// The time of a step for each image has become longer.
        case speed
        /// A trial would take too long.
        case patience
    }

    private(set) var trials: [Trial] = []
    var limit = Limit.data

    /// The share of the highest speed that still counts as the same: measurements vary by a twentieth.
    static let tolerance = 0.95
    /// The most seconds that a trial's steps may be expected to take.
    static let mostSecondsOfTrial = 20.0
    /// The steps of a trial; the first one touches memory for the first time.
    static let stepsOfTrial = 3
    /// The fewest steps of an epoch.
    private static let leastStepsOfEpoch = 20
    private static let range = 8...4096

    /// Returns the sizes to try, the smallest first.
    ///
    /// - Parameters:
    ///   - samples: the number of training samples.
    ///   - accumulate: the passes of a step.
    static func candidates(samples: Int, accumulate: Int) -> [Int] {
        let most = min(max(samples / leastStepsOfEpoch / accumulate, range.lowerBound), range.upperBound)
        return sequence(first: range.lowerBound) { $0 * 2 }.prefix { $0 <= most }.map { $0 }
    }

    private var highest: Double { trials.map(\.imagesPerSecond).max() ?? 0 }

    /// The largest size that keeps the highest speed; nil without trials.
    var chosen: Trial? { trials.last { $0.imagesPerSecond >= Self.tolerance * highest } }

    /// Adds a trial.
    ///
    /// - Returns: whether a larger size is worth trying.
    mutating func add(_ trial: Trial) -> Bool {
        trials.append(trial)
        guard trial.imagesPerSecond >= Self.tolerance * highest else {
            limit = .speed
            return false
        }
        guard Double(2 * trial.batchSize * Self.stepsOfTrial) / trial.imagesPerSecond <= Self.mostSecondsOfTrial else {
            limit = .patience
            return false
        }
        return true
    }

    /// The choice and its reason, for people.
    var words: String {
        guard let chosen else { return "" }
        func speed(_ trial: Trial) -> String { "\(Wording.significant(trial.imagesPerSecond)) images/s" }
        let larger = trials.last.flatMap { $0.batchSize > chosen.batchSize ? $0 : nil }
        let reason =
            switch limit {
            case .data: "more would leave too few steps an epoch"
            case .memory: "twice as many do not fit into memory"
            case .speed:
                larger.map { "\(Wording.grouped($0.batchSize)) make \(speed($0))" } ?? "more are slower"
            case .patience: "twice as many would take long to try"
            }
        let smallest = trials.first.flatMap { $0 == chosen ? nil : $0 }
        let from = smallest.map { ", \(Wording.grouped($0.batchSize)) make \(speed($0))" } ?? ""
        return "--batch-size auto is \(Wording.grouped(chosen.batchSize)): \(speed(chosen))\(from); \(reason)"
    }
}

extension BatchSizeChoice {
    /// Tries sizes with steps on synthetic images, with the same sums over ranks as in training. All ranks take rank
    /// 0's choice. Collective.
    ///
    /// - Throws: `SharedFailure` where not even the smallest size fits.
    init(_ recipe: Recipe, _ setup: Setup, world: any Communicator) throws {
        let samples = setup.dataset.count(of: .train)
        for batchSize in Self.candidates(samples: samples, accumulate: recipe.accumulate) {
            let sized = try recipe.with(batchSize: batchSize)
            let layout = try setup.layout(
                batchSize: sized.globalBatchSize, seed: recipe.seed, accumulate: recipe.accumulate,
                optimizer: sized.optimizerRule, keepsAverages: recipe.averageWeights != nil)
            let needs = setup.needs(
                toTrain: sized, layout, samples: samples, isCoordinator: world.rank == 0,
                snapshots: world.localRank == 0 && recipe.snapshotEvery > 0 ? .shared : nil)
            // The smallest size must fit; of others this rank looks whether they do.
            if trials.isEmpty { try together(world) { try needs.require() } }
            let fits = (try? needs.require()) != nil
            guard try world.sum([fits ? 0 : 1])[0] == 0 else {
                limit = .memory
                break
            }
            // The trial's optimizer is SGD; others hardly take longer.
            let run = try BenchmarkRun(
                setup, setup.layout(batchSize: batchSize, seed: recipe.seed), batchSize: batchSize,
                communication: Communication(recipe), world: world)
            var seconds = Double.infinity
            for _ in 1..<Self.stepsOfTrial { seconds = min(seconds, try run.secondsOfStep()) }
            let trial = Trial(batchSize: batchSize, imagesPerSecond: Double(batchSize) / max(seconds, 1e-9))
            guard try world.broadcast(add(trial) ? 1 : 0) == 1 else { break }
        }
        let own = chosen?.batchSize ?? 0
        let everyones = try world.broadcast(own)
        // Ranks measure nearly the same; all take rank 0's choice.
        if own != everyones { trials = [Trial(batchSize: everyones, imagesPerSecond: 1)] }
    }
}
