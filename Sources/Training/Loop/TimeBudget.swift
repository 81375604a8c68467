/// The number of steps that fit into a run's time, by the time that the first of them took.
struct TimeBudget: Equatable {
    /// The seconds of the whole run.
    let seconds: Double

    /// The share of the time that passes before steps are counted, and the share that is left at the end for the last
    /// checkpoint.
    private static let shareBefore = 0.03
    private static let shareAtEnd = 0.02
    /// The fewest timed steps. A process's first step is not timed, as it touches memory for the first time.
    static let leastTimedSteps = 3

    /// The measured pace of a run.
    struct Pace: Equatable {
        /// The number of timed steps, and their seconds.
        var steps: Int
        var seconds: Double
        /// The measured or expected seconds of an evaluation.
        var evaluationSeconds: Double
    }

    /// Whether enough steps have been timed after `elapsed` seconds.
    func isDue(afterSeconds elapsed: Double, timedSteps: Int) -> Bool {
        timedSteps > 0 && elapsed >= Self.shareBefore * seconds
            && (timedSteps >= Self.leastTimedSteps || elapsed >= seconds / 2)
    }

    /// Returns the number of steps for the whole run.
    ///
    /// - Parameters:
    ///   - step: the steps taken so far.
    ///   - elapsed: the seconds that have passed.
    ///   - stepsPerEvaluation: the steps from one evaluation to the next.
    func totalSteps(after step: Int, elapsed: Double, pace: Pace, stepsPerEvaluation: Int) -> Int {
        let left = seconds * (1 - Self.shareAtEnd) - elapsed
        let secondsPerStep = pace.seconds / Double(max(pace.steps, 1))
        guard left > pace.evaluationSeconds, secondsPerStep > 0 else { return max(step, 1) }
        /// Returns the seconds of `count` more steps and of the evaluations among and after them.
        func cost(_ count: Int) -> Double {
            let last = step + count
            let evaluations = (last + stepsPerEvaluation - 1) / stepsPerEvaluation - step / stepsPerEvaluation
            return Double(count) * secondsPerStep + Double(max(evaluations, 1)) * pace.evaluationSeconds
        }
        var (fitting, tooMany) = (0, Int(min(left / secondsPerStep, 1e9)) + 1)
        while tooMany - fitting > 1 {
            let middle = (fitting + tooMany) / 2
            if cost(middle) <= left { fitting = middle } else { tooMany = middle }
        }
        return max(step + fitting, 1)
    }
}
