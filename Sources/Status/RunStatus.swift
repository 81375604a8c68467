import Recipes
import Runs
import Terminal

/// A run as its newest lines tell it.
///
/// Times are seconds of a clock that only goes forward; the caller reads it.
struct RunStatus: Sendable {
    /// An event that people may want to know of.
    struct Event: Sendable, Codable {
        /// The time at which it was heard of, in ISO 8601.
        var time: String
        var kind: String
        var step: Int?
        var text: String
    }

    let folder: RunFolder
    let model: String
    let data: String
    let ranks: Int
    let stepsPerEpoch: Int
    private(set) var totalSteps: Int?
    /// Optimizer steps of the whole run.
    private(set) var step: Int
    private(set) var training: ObservedLine?
    private(set) var evaluation: ObservedLine?
    private(set) var bestAccuracy: Double?
    /// The newest last.
    private(set) var events: [Event] = []
    /// Events of each kind since this process began.
    private(set) var eventCounts: [String: Int] = [:]
    /// Seconds for which steps waited for images since this process began.
    private(set) var waitedForImages = 0.0
    private(set) var isComplete = false
    /// The time of the newest line, or of the run's beginning.
    private(set) var newest: Double
    /// The longest time between two lines.
    private var longestGap = 0.0
    /// Reports in a row in which each rank was slower than the others by much.
    private var slowReports: [Int: Int] = [:]
    /// The newest reports: when they came, and their steps.
    private var reports: [(time: Double, step: Int)] = []

    /// Reports that the speed is taken from.
    private static let windowReports = 32
    private static let keptEvents = 50

    init(of run: ObservedRun, at now: Double) {
        folder = run.folder
        model = run.recipe.model
        data = run.recipe.data
        ranks = run.ranks
        stepsPerEpoch = run.stepsPerEpoch
        totalSteps = run.totalSteps
        step = run.resumedStep
        newest = now
    }

    /// - Parameter date: the time of day in ISO 8601.
    mutating func add(_ line: ObservedLine, at now: Double, date: String) {
        longestGap = max(longestGap, now - newest)
        newest = now
        step = max(step, line.step)
        switch line.kind {
        case MetricsRecord.Kind.train.rawValue:
            training = line
            waitedForImages += line["waited_for_images_seconds"] ?? 0
            reports.append((now, line.step))
            if reports.count > Self.windowReports { reports.removeFirst() }
            for (rank, ratio) in ratios {
                slowReports[rank] = ratio > Self.slowRatio ? slowReports[rank, default: 0] + 1 : 0
            }
        case MetricsRecord.Kind.evaluation.rawValue: addEvaluation(line)
        case MetricsRecord.Kind.final.rawValue:
            isComplete = true
            addEvaluation(line)
        case MetricsFile.fittedKind: totalSteps = line.integer("total_steps")
        case "skipped", "rewound": addEvent(line, date: date)
        default: break
        }
    }

    /// Takes a line of an earlier part of the run.
    mutating func addEarlier(_ line: ObservedLine) {
        if line.kind == MetricsRecord.Kind.evaluation.rawValue { addEvaluation(line) }
        if line.kind == MetricsRecord.Kind.train.rawValue { training = line }
    }

    private mutating func addEvaluation(_ line: ObservedLine) {
        evaluation = line
        if let accuracy = line["accuracy"] { bestAccuracy = max(bestAccuracy ?? accuracy, accuracy) }
    }

    private mutating func addEvent(_ line: ObservedLine, date: String) {
        let place = line.integer("back_to").map { "going on from the state of step \($0)" } ?? "the step is left out"
        events.append(
            Event(
                time: date, kind: line.kind, step: line.step,
                text: "\(line.text("reason") ?? "not finite") at step \(line.step): \(place)".visible))
        if events.count > Self.keptEvents { events.removeFirst() }
        eventCounts[line.kind, default: 0] += 1
    }
}

extension RunStatus {
    /// Seconds until the last step, at the newest reports' speed; nil where that or the number of steps is not known.
    var secondsLeft: Double? {
        guard let totalSteps, let first = reports.first, let last = reports.last, last.step > first.step else {
            return nil
        }
        return Double(max(totalSteps - step, 0)) * (last.time - first.time) / Double(last.step - first.step)
    }

    /// Whether steps seem to advance: the time since the newest line is not much longer than the longest interval so
    /// far.
    func isAdvancing(at now: Double) -> Bool {
        let patience = training == nil ? Self.patienceAtFirst : max(Self.patience, Self.tolerance * longestGap)
        return now - newest <= patience
    }

    /// Seconds without a line that are nothing yet, whatever the run's pace.
    private static let patience = 120.0
    /// The allowed seconds before the first step.
    private static let patienceAtFirst = 900.0
    /// The longest gap between lines so far, times this, is nothing yet.
    private static let tolerance = 5.0

    /// A rank's time of work in the newest report.
    struct RankStatus: Sendable, Codable {
        enum State: String, Sendable, Codable {
            case inStep = "in_step"
            /// The others wait for it.
            case behind
        }

        var rank: Int
        var state: State
        /// The slowest rank's time, relative to the median rank's.
        var lagRatio: Double
    }

    /// Empty for one rank alone; the slowest alone where there are very many.
    var rankStatuses: [RankStatus] {
        ratios.map { rank, ratio in
            let isBehind = slowReports[rank, default: 0] >= Self.reportsUntilBehind
            return RankStatus(rank: rank, state: isBehind ? .behind : .inStep, lagRatio: ratio)
        }
    }

    /// Ranks' times of work over the median rank's, as the newest report has them.
    private var ratios: [(rank: Int, ratio: Double)] {
        guard ranks > 1, let training else { return [] }
        if let work = training.text("rank_work")?.split(separator: " ").compactMap({ Double($0) }) {
            return work.enumerated().map { ($0.offset, $0.element) }
        }
        guard let rank = training.integer("slowest_rank"), let ratio = training["slowest_over_median"] else {
            return []
        }
        return [(rank, ratio)]
    }

    /// The rule by which the log names a slow rank: its time relative to the median, and the number of successive
    /// reports.
    private static let slowRatio = 1.25
    private static let reportsUntilBehind = 3
}
