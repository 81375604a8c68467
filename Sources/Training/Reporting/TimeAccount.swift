import Collectives
import Machine
import Runs
import Tensors

/// An account of a rank's time by use: two looks at clocks at each change of use.
struct TimeAccount {
    private(set) var split = TimeSplit()
    /// The seconds for which the computing thread has waited for sums of gradients so far.
    var waitedForGradients = 0.0
    /// The seconds of earlier parts of the run.
    private var earlierSeconds = 0.0
    private let start: Double
    /// The current use of time, its start, and the seconds of communication before it.
    private(set) var part = TimeSplit.Part.other
    private var since: Double
    private var communicatedBefore = 0.0

    init(at time: Double = monotonicSeconds()) {
        start = time
        since = time
    }

    /// Adds the time of earlier parts of the run.
    mutating func add(earlier: TimeSplit, seconds: Double) {
        for part in TimeSplit.Part.allCases { split[part] += earlier[part] }
        earlierSeconds += seconds
    }

    /// The seconds of training since the run began.
    var seconds: Double { earlierSeconds + monotonicSeconds() - start }

    /// Counts time as `next` from now on.
    ///
    /// - Parameter collectives: the seconds of all collectives of the computing thread so far. Those within computing,
    ///   or within waiting for images, count as communication.
    mutating func enter(_ next: TimeSplit.Part, collectives: Double, at time: Double = monotonicSeconds()) {
        let communicated = collectives + waitedForGradients
        let elapsed = time - since
        var within = 0.0
        if part == .computing || part == .data {
            within = min(max(communicated - communicatedBefore, 0), elapsed)
            split.communication += within
        }
        split[part] += elapsed - within
        (part, since, communicatedBefore) = (next, time, communicated)
    }
}

extension Trainer {
    /// Counts this rank's time as `part` from now on.
    func spend(on part: TimeSplit.Part) {
        timeAccount.enter(part, collectives: world.recorder.seconds(on: .main))
    }

    /// Records in the metrics the uses of the time so far.
    func recordTime() {
        guard let coordinator else { return }
        spend(on: timeAccount.part)
        coordinator.append(
            line: timeAccount.split.line(
                epoch: sizes.epochNumber(ofStep: step), step: step, peakMemory: PeakMemory.bytes))
    }
}
