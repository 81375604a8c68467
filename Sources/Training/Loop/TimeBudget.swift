/// The number of steps that fit into a run's time, from what the first of them took.
struct TimeBudget: Equatable {
    /// Seconds of the whole run.
    let seconds: Double

    /// The share of the time after which steps are counted, and that is left for the end: the last checkpoint.
    private static let shareBefore = 0.03
    private static let shareAtEnd = 0.02
    /// Steps that are timed at the least; the first of a process is not, as it touches memory for the first time.
    static let leastTimedSteps = 3

    /// The pace of a run, as it has seen it.
    struct Pace: Equatable {
        /// Steps that were timed, and the seconds that they took.
        var steps: Int
        var seconds: Double
        /// Seconds of an evaluation, or what it is expected to take.
        var evaluationSeconds: Double
    }

    /// Whether enough has been seen after so many seconds.
    func isDue(afterSeconds elapsed: Double, timedSteps: Int) -> Bool {
        timedSteps > 0 && elapsed >= Self.shareBefore * seconds
            && (timedSteps >= Self.leastTimedSteps || elapsed >= seconds / 2)
    }

    /// The steps that the whole run is to have.
    ///
    /// - Parameters:
    ///   - step: those that it has.
    ///   - elapsed: seconds that have passed.
    ///   - stepsPerEvaluation: steps from one evaluation to the next.
    func totalSteps(after step: Int, elapsed: Double, pace: Pace, stepsPerEvaluation: Int) -> Int {
        let left = seconds * (1 - Self.shareAtEnd) - elapsed
        let secondsPerStep = pace.seconds / Double(max(pace.steps, 1))
        guard left > pace.evaluationSeconds, secondsPerStep > 0 else { return max(step, 1) }
        /// Seconds of `count` more steps and of the evaluations among and after them.
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
