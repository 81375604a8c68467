import Recipes

/// The steps after which checkpoints are due.
///
/// By steps and epochs that is a function of the step alone, so that it is the same in a run that was resumed. By time
/// it is what rank 0's clock says, and it tells the others.
struct CheckpointSchedule {
    private let intervals: [Recipe.Interval]
    private let stepsPerEpoch: Int

    init(_ intervals: [Recipe.Interval], stepsPerEpoch: Int) {
        self.intervals = intervals
        self.stepsPerEpoch = stepsPerEpoch
    }

    /// Whether one is due after step number `step`, whatever the time.
    func isDue(after step: Int) -> Bool {
        intervals.contains { interval in
            switch interval {
            case .steps(let steps): step % steps == 0
            case .epochs(let epochs): step % (epochs * stepsPerEpoch) == 0
            case .seconds: false
            }
        }
    }

    /// Whether one is due so many seconds after the last was taken.
    func isDue(afterSeconds seconds: Double) -> Bool {
        intervals.contains { interval in
            if case .seconds(let period) = interval { seconds >= Double(period) } else { false }
        }
    }
}
