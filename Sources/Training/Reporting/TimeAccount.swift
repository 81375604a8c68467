import Collectives
import Machine
import Runs
import Tensors

/// Adds up where a rank's time goes: two looks at clocks whenever it begins with something else.
struct TimeAccount {
    private(set) var split = TimeSplit()
    /// Seconds for which the computing thread waited for sums of gradients, in all.
    var waitedForGradients = 0.0
    /// Seconds of earlier parts of the run.
    private var earlierSeconds = 0.0
    private let start: Double
    /// The part of the run that goes on now, since when, and the seconds of communication before.
    private(set) var part = TimeSplit.Part.other
    private var since: Double
    private var communicatedBefore = 0.0

    init(at time: Double = monotonicSeconds()) {
        start = time
        since = time
    }

    /// Goes on from what earlier parts of the run took.
    mutating func add(earlier: TimeSplit, seconds: Double) {
        for part in TimeSplit.Part.allCases { split[part] += earlier[part] }
        earlierSeconds += seconds
    }

    /// Seconds of training since the run began.
    var seconds: Double { earlierSeconds + monotonicSeconds() - start }

    /// From here on time goes into `part`.
    ///
    /// - Parameter collectives: seconds of the computing thread's collectives, in all. Of computing and of waiting for
    ///   images, those that fall into it are communication.
    mutating func enter(_ next: TimeSplit.Part, collectives: Double, at time: Double = monotonicSeconds()) {
        let communicated = collectives + waitedForGradients
        let elapsed = time - since
        var exchanged = 0.0
        if part == .computing || part == .data {
            exchanged = min(max(communicated - communicatedBefore, 0), elapsed)
            split.communication += exchanged
        }
        split[part] += elapsed - exchanged
        (part, since, communicatedBefore) = (next, time, communicated)
    }
}

extension Trainer {
    /// From here on this rank's time goes into `part`.
    func spend(on part: TimeSplit.Part) {
        timeAccount.enter(part, collectives: world.recorder.seconds(on: .main))
    }

    /// Tells the metrics where the time went until now.
    func recordTime() {
        guard let coordinator else { return }
        spend(on: timeAccount.part)
        coordinator.append(
            line: timeAccount.split.line(
                epoch: sizes.epochNumber(ofStep: step), step: step, peakMemory: PeakMemory.bytes))
    }
}
