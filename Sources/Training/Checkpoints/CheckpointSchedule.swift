import Recipes

/// The steps after which checkpoints are due.
///
/// Intervals of steps and epochs depend on the step alone, so that a resumed run has the same ones. For intervals of
/// time, rank 0's clock decides and rank 0 tells the others.
struct CheckpointSchedule {
    private let intervals: [Recipe.Interval]
    private let stepsPerEpoch: Int

    init(_ intervals: [Recipe.Interval], stepsPerEpoch: Int) {
        self.intervals = intervals
        self.stepsPerEpoch = stepsPerEpoch
    }

    /// Whether a checkpoint is due after step number `step`, whatever the time.
    func isDue(after step: Int) -> Bool {
        intervals.contains { interval in
            switch interval {
            case .steps(let steps): step % steps == 0
            case .epochs(let epochs): step % (epochs * stepsPerEpoch) == 0
            case .seconds: false
            }
        }
    }

    /// Whether a checkpoint is due that many seconds after the last was taken.
    func isDue(afterSeconds seconds: Double) -> Bool {
        intervals.contains { interval in
            if case .seconds(let period) = interval { seconds >= Double(period) } else { false }
        }
    }
}
