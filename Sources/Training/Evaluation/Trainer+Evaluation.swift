import Collectives
import Engine
import Recipes
import Runs
import Tensors

extension Trainer {
    /// Whether an evaluation is due after the last step: at the end of each n-th epoch, and of the run.
    var isEvaluationDue: Bool {
        step == sizes.totalSteps
            || sizes.stepInEpoch(after: step) == 0 && (step / sizes.stepsPerEpoch).isMultiple(of: recipe.evaluateEvery)
    }

    /// Evaluates the network on the test split, and saves a checkpoint where that is due: after each epoch and at the
    /// end. Collective.
    func evaluate(isLast: Bool) throws -> Evaluation {
        try enter("evaluation", .evaluation, fault: .evaluation, mayTakeLong: true)
        let evaluation = try timingEvaluation {
            try shareRunningStatistics()
            let (evaluation, outcomes) = try evaluatedInDetail()
            report(.evaluation, evaluation)
            show(evaluation, of: outcomes)
            try evaluateAverages()
            return evaluation
        }
        note(evaluation)
        recordTime()
        stopRule.add(evaluation.accuracy)
        if !isLast, let reason = stopRule.reason, let words = stopRule.words(reason) { log.note(words) }
        let isLast = isLast || stopRule.reason != nil
        if isLast { try evaluateViews() }
        if isLast || isCheckpointDue { try saveCheckpoint(evaluation, isLast: isLast) }
        return evaluation
    }

    /// Evaluates the engine's current weights on the test split. Collective.
    ///
    /// - Throws: `SharedFailure` where the loss is infinite or NaN.
    func evaluateWeights(each: ((SampleOutcome) -> Void)? = nil) throws -> Evaluation {
        try setup.evaluate(engine, bad: &badSamples, world: world, each: each) {
            nonFiniteRemedy(learningRate: schedule.learningRate(step: max(step - 1, 0)))
        }
    }

    /// Evaluates the averages, where they are kept. Collective.
    private func evaluateAverages() throws {
        guard engine.keepsAverages else { return averagedEvaluation = nil }
        engine.swapAverages()
        let evaluation = try evaluateWeights()
        engine.swapAverages()
        averagedEvaluation = evaluation
        report(.averagedEvaluation, evaluation)
    }

    /// Evaluates the network once more, with several views of the test images, where asked for. Collective.
    private func evaluateViews() throws {
        guard let views = TestViews(recipe.testAugmentation, share: recipe.testAugmentationShare) else { return }
        let evaluation = try setup.evaluate(engine, views: views, world: world)
        augmentedEvaluation = evaluation
        report(.augmentedEvaluation, evaluation)
    }

    /// Completes the run's metrics with its results and the digest of its parameters. Collective.
    func finish(_ evaluation: Evaluation, seconds: Double) throws -> TrainingOutcome {
        try enter("end", mayTakeLong: true)
        if step > 0 { try finishSaving(evaluation) }
        let digest = engine.parametersSHA256
        var final = record(.final, evaluation)
        final.parametersSHA256 = digest
        final.stoppedBy = stopReason?.rawValue
        recordTime()
        coordinator?.record(final)
        try together(world) { try coordinator?.close() }
        removeSnapshots()
        let outcome = TrainingOutcome(
            evaluation: evaluation, augmented: augmentedEvaluation, step: step, seconds: seconds,
            folder: coordinator?.folder ?? RunFolder(path: ""),
            parametersSHA256: digest)
        log.end(outcome, ending)
        return outcome
    }

    /// Tells metrics and people of an evaluation.
    private func report(_ kind: MetricsRecord.Kind, _ evaluation: Evaluation) {
        let record = record(kind, evaluation)
        coordinator?.record(record)
        log.evaluation(record)
    }

    private func record(_ kind: MetricsRecord.Kind, _ evaluation: Evaluation) -> MetricsRecord {
        var record = MetricsRecord(
            kind, epoch: sizes.epochNumber(ofStep: step), step: step, samples: evaluation.samples,
            loss: evaluation.loss, accuracy: evaluation.accuracy,
            learningRate: step > 0 ? schedule.learningRate(step: step - 1) : nil,
            imagesPerSecond: evaluation.imagesPerSecond)
        record.seconds = timeAccount.seconds
        return record
    }
}
