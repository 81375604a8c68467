import Collectives
import Engine
import Recipes
import Runs
import Tensors
import Terminal

/// The measurements of its own pace by a run with `--time`; rank 0's clock decides.
struct RunTiming {
    /// The time at which the run began.
    var start = 0.0
    /// The first step of this process, which is not timed, and the time at its end.
    var first: (step: Int, seconds: Double)?
    /// The seconds of the evaluations since then, and their number.
    var evaluationSeconds = 0.0
    var evaluations = 0
    /// Whether the number of steps is final.
    var isFitted = false
}

// The run's time becomes a number of steps once its first steps have been timed, and once more after the first
// evaluation. From then on the run is like any other with that number of steps.

extension Trainer {
    /// The budget; nil for a run without a time.
    private var budget: TimeBudget? {
        if case .time(let seconds) = recipe.duration { TimeBudget(seconds: seconds) } else { nil }
    }

    /// The seconds on the clock that decides.
    var clockSeconds: Double { hooks.clock?() ?? monotonicSeconds() }

    /// Whether the number of steps is known.
    var areStepsKnown: Bool { sizes.totalSteps < RunSizes.mostSteps }

    /// Whether rank 0 can now compute the number of steps.
    var isFitDue: Bool {
        guard world.rank == 0, let budget, !areStepsKnown, let first = timing.first else { return false }
        return budget.isDue(afterSeconds: clockSeconds - timing.start, timedSteps: step - first.step)
    }

    /// Notes that a step has been taken.
    func timeStep() {
        if budget != nil, timing.first == nil { timing.first = (step, clockSeconds) }
    }

    /// Sets the number of steps to the one that rank 0 computes. Collective.
    func fitToTime() throws {
        guard let budget, let first = timing.first, step > first.step else { return }
        let now = clockSeconds
        var pace = TimeBudget.Pace(
            steps: step - first.step, seconds: now - first.seconds - timing.evaluationSeconds, evaluationSeconds: 0)
        // A forward pass takes a third of a step.
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

    /// Runs `body`, which evaluates, and computes the number of steps again after the first evaluation. Collective.
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

    /// Sets the number of steps to the one that an earlier part of the run was fitted to.
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

    /// Returns the seconds until the run's end at a speed of `imagesPerSecond`.
    func secondsLeft(imagesPerSecond: Double) -> Double {
        if let budget, !areStepsKnown { return max(budget.seconds - (clockSeconds - timing.start), 0) }
        return trainingSizes.samplesLeft(after: step, sizes) / imagesPerSecond
    }

    /// The reason why the run ends; nil where it has taken all its steps.
    var stopReason: StopReason? { stopRule.reason ?? (budget == nil ? nil : .time) }
}
