import Collectives
package import Runs
import Tensors

/// The work time of a rank, without the time for which it waits for others.
struct RankPace {
    private var start = 0.0
    private var waitedBefore = 0.0
    /// The seconds for which the computing thread waited for sums of gradients.
    var waitedForGradients = 0.0

    /// Begins an interval.
    mutating func begin(_ recorder: FlightRecorder) {
        start = monotonicSeconds()
        waitedBefore = recorder.seconds(on: .main)
        waitedForGradients = 0
    }

    /// Returns the seconds of work since `begin`.
    func worked(_ recorder: FlightRecorder) -> Double {
        let waited = recorder.seconds(on: .main) - waitedBefore + waitedForGradients
        return max(monotonicSeconds() - start - waited, 0)
    }
}

extension PaceComparison {
    /// Compares the ranks' seconds; nil where there is nothing to compare.
    package init?(seconds: [Double]) {
        let middle = median(seconds)
        guard seconds.count > 1, middle > 0, let slowest = seconds.indices.max(by: { seconds[$0] < seconds[$1] }) else {
            return nil
        }
        self.init(slowest: slowest, ratios: seconds.map { $0 / middle })
    }
}

/// A detector of ranks that fall behind.
struct StragglerWatch {
    /// The number of successive intervals in which each rank has been behind.
    private var behind: [Int: Int] = [:]

    /// The thresholds for naming a rank: its time relative to the median, and the number of successive intervals.
    static let tolerance = 1.25
    static let intervals = 3

    /// Adds the ranks' seconds of an interval.
    ///
    /// - Returns: the ranks that have now been behind for long enough, each once, with their time relative to the
    ///   median.
    mutating func add(_ seconds: [Double]) -> [(rank: Int, ratio: Double)] {
        let middle = median(seconds)
        guard middle > 0 else { return [] }
        return seconds.indices.compactMap { rank in
            let ratio = seconds[rank] / middle
            behind[rank] = ratio > Self.tolerance ? behind[rank, default: 0] + 1 : 0
            return behind[rank] == Self.intervals ? (rank, ratio) : nil
        }
    }
}

extension Trainer {
    /// Compares the ranks' work times since the last report. Collective.
    ///
    /// - Returns: nil for one rank alone.
    func comparePaces() throws -> PaceComparison? {
        guard world.size > 1 else { return nil }
        var seconds = [Double](repeating: 0, count: world.size)
        seconds[world.rank] = pace.worked(world.recorder)
        seconds = try world.sum(seconds)
        for (rank, ratio) in stragglers.add(seconds) {
            log.straggler(rank: rank, ranks: world.size, ratio: ratio)
        }
        pace.begin(world.recorder)
        return PaceComparison(seconds: seconds)
    }
}
