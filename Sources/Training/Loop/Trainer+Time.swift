import Collectives
import Engine
import Recipes
import Runs
import Tensors
import Terminal

/// The measurements that a run with `--time` takes of its own pace; rank 0's clock counts.
struct RunTiming {
    /// The time at which the run began.
    var start = 0.0
    /// The first step of this process, which is not timed, and when it had been taken.
    var first: (step: Int, seconds: Double)?
    /// Seconds of the evaluations since then.
    var evaluationSeconds = 0.0
    var evaluations = 0
    /// Whether the number of steps is final.
    var isFitted = false
}

// The run's time becomes a number of steps: once its first steps have been timed, and once more when the first
// evaluation has been. From then on it is a run of so many steps, like any other.

extension Trainer {
    /// nil where the run has no time to keep.
    private var budget: TimeBudget? {
        if case .time(let seconds) = recipe.duration { TimeBudget(seconds: seconds) } else { nil }
    }

    /// Seconds on the clock that counts.
    var clockSeconds: Double { hooks.clock?() ?? monotonicSeconds() }

    /// Whether the number of steps is known.
    var areStepsKnown: Bool { sizes.totalSteps < RunSizes.mostSteps }

    /// Whether rank 0's clock says that steps can be counted now.
    var isFitDue: Bool {
        guard world.rank == 0, let budget, !areStepsKnown, let first = timing.first else { return false }
        return budget.isDue(afterSeconds: clockSeconds - timing.start, timedSteps: step - first.step)
    }

    /// Takes note of a step.
    func timeStep() {
        if budget != nil, timing.first == nil { timing.first = (step, clockSeconds) }
    }

    /// The number of steps that rank 0 finds to fit becomes the run's. Collective.
    func fitToTime() throws {
        guard let budget, let first = timing.first, step > first.step else { return }
        let now = clockSeconds
        var pace = TimeBudget.Pace(
            steps: step - first.step, seconds: now - first.seconds - timing.evaluationSeconds, evaluationSeconds: 0)
        // A forward pass is a third of a step.
        let guess =
            pace.seconds / Double(pace.steps) / Double(recipe.globalBatchSize) / 3
            * Double(sizes.testSamples) * (engine.keepsAverages ? 2 : 1)
        pace.evaluationSeconds =
            timing.evaluations > 0 ? timing.evaluationSeconds / Double(timing.evaluations) : guess
        let fitting = budget.totalSteps(
            after: step, elapsed: now - timing.start, pace: pace,
            stepsPerEvaluation: sizes.stepsPerEpoch * recipe.evaluateEvery)
        let totalSteps = try world.broadcast(fitting)
        take(totalSteps: totalSteps)
        coordinator?.noteFitted(totalSteps: totalSteps, step: step)
        log.note(
            "\(Wording.count(totalSteps, "step")) fit into \(Wording.duration(seconds: budget.seconds)), at "
                + "\(Wording.significant(pace.seconds / Double(pace.steps))) s each and "
                + "\(Wording.significant(pace.evaluationSeconds)) s an evaluation")
    }

    /// Does `body`, which evaluates, and finds the number of steps anew when that is the first. Collective.
    func timingEvaluation<Result>(_ body: () throws -> Result) throws -> Result {
        let start = clockSeconds
        let result = try body()
        guard budget != nil, !timing.isFitted, timing.first != nil else { return result }
        timing.evaluationSeconds += clockSeconds - start
        timing.evaluations += 1
        timing.isFitted = true
        if step < sizes.totalSteps { try fitToTime() }
        return result
    }

    /// Takes over the number of steps that an earlier part of the run was fitted to.
    func goOn(fittedTo totalSteps: Int) {
        guard budget != nil, totalSteps > 0 else { return }
        take(totalSteps: totalSteps)
        timing.isFitted = true
    }

    private func take(totalSteps: Int) {
        sizes = sizes.withSteps(totalSteps)
        schedule = LearningRateSchedule(recipe, stepsPerEpoch: sizes.stepsPerEpoch, totalSteps: totalSteps)
        shortTraining = ShortTraining(recipe, of: setup.network, parameters: engine.parameters, sizes: sizes)
    }

    /// Seconds until the run's end, which has seen `imagesPerSecond`.
    func secondsLeft(imagesPerSecond: Double) -> Double {
        if let budget, !areStepsKnown { return max(budget.seconds - (clockSeconds - timing.start), 0) }
        return trainingSizes.samplesLeft(after: step, sizes) / imagesPerSecond
    }

    /// The reason why the run ends; nil where it has come to the end that it was given.
    var stopReason: StopReason? { stopRule.reason ?? (budget == nil ? nil : .time) }
}
