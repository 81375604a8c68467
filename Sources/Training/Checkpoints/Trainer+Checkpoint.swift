import Checkpoints
import Collectives
import Datasets
import Engine
import Graphs
import Networks
import Recipes
import Runs
import Tensors

extension Trainer {
    /// Does the work between two steps: writes checkpoints that are due, and ends the run when asked to. Collective.
    ///
    /// - Parameter isEvaluated: whether an evaluation follows, which checkpoints then wait for.
    /// - Throws: `RunStopped`
    func betweenSteps(isEvaluated: Bool) throws {
        coordinator?.announce()
        if agreed.isStopAsked { try leave() }
        // A step that was not finite has left the state unchanged.
        if !isEvaluated && isCheckpointDue && guarding.unsoundInARow == 0 { try saveCheckpoint() }
    }

    /// Whether a checkpoint is due by the schedule or by rank 0's clock; the same on all ranks.
    var isCheckpointDue: Bool { checkpointSchedule.isDue(after: step) || agreed.isCheckpointDue }

    /// This rank's requests to the others, which are sent with the sums of the current step.
    var ownAgreement: StepAgreement {
        StepAgreement(
            isStopAsked: hooks.isStopAsked(world.rank, step),
            isCheckpointDue: coordinator?.isCheckpointDue(checkpointSchedule) ?? false, isFitDue: isFitDue)
    }

    /// Begins to write a checkpoint of the run's state. Collective.
    ///
    /// - Parameter evaluation: the evaluation of this state; nil where there is none.
    func saveCheckpoint(_ evaluation: Evaluation? = nil, isLast: Bool = false) throws {
        try enter("checkpoint", .checkpoints, fault: .checkpoint, mayTakeLong: true)
        try shareState()
        coordinator?.keep(step: step, isLast: isLast) { captured(evaluation, in: $0) }
    }

    /// Waits until the run's state has been committed. Collective.
    ///
    /// - Throws: `SharedFailure` where it cannot be saved.
    func finishSaving(_ evaluation: Evaluation? = nil) throws {
        try together(world) {
            try coordinator?.finishSaving(step: step) { captured(evaluation, in: $0) }
        }
    }

    /// Saves the state and ends the run for now.
    private func leave() throws -> Never {
        try enter("checkpoint", .checkpoints, fault: .checkpoint, mayTakeLong: true)
        try shareState()
        try finishSaving()
        recordTime()
        try together(world) { try coordinator?.close() }
        removeSnapshots()
        throw RunStopped(
            description:
                "stopped by \(StopRequest.name) after step \(step): the state is saved, and --resume goes on from it")
    }

    /// Copies the state, the only part of a checkpoint that training waits for. The result makes a checkpoint of the
    /// copy, which stays valid until the next copy.
    private func captured(
        _ evaluation: Evaluation?, in memory: SnapshotMemory
    ) -> @Sendable () throws -> CheckpointDraft {
        let snapshot = engine.snapshot(in: memory)
        let about = about(evaluation)
        return {
            // A run cannot continue from a state that is not finite.
            if let bad = snapshot.firstNotFinite() {
                let name = snapshot.parameters[bad.id.index].name
                throw TrainingError.stateNotFinite(tensor: bad.kind.tensorName(of: name))
            }
            return snapshot.draft(about)
        }
    }

    /// Returns the measurements of the current state, and of the run so far.
    private func metrics(_ evaluation: Evaluation?) -> [String: Double] {
        var metrics = window.numbers
        if let lastLoss { metrics["train_loss"] = lastLoss }
        if case .time = recipe.duration, areStepsKnown { metrics["fitted_steps"] = Double(sizes.totalSteps) }
        if let evaluation {
            metrics["test_loss"] = evaluation.loss
            metrics["test_accuracy"] = evaluation.accuracy
            if let averagedEvaluation {
                metrics["averaged_test_loss"] = averagedEvaluation.loss
                metrics["averaged_test_accuracy"] = averagedEvaluation.accuracy
            }
        }
        return metrics
    }

    private func about(_ evaluation: Evaluation?) -> Checkpoint.About {
        var about = aboutRun(recipe)
        about.progress = progress(after: step, samples: sizes.samples(after: step), updates: engine.updates)
        if step > 0 { about.schedule = ["learning_rate": "\(schedule.learningRate(step: step - 1))"] }
        about.metrics = metrics(evaluation)
        return about
    }

    /// Returns the facts that stay the same for the whole run.
    func aboutRun(_ recipe: Recipe) -> Checkpoint.About {
        Checkpoint.About(
            model: recipe.model, modelOptions: recipe.modelOptions, classes: setup.network.classes,
            imageSize: setup.imageSize, inputChannels: setup.dataset.channels, classNames: setup.dataset.classNames,
            presentation: setup.presentation?.texts ?? [:], recipe: recipe.yaml(), seed: recipe.seed,
            progress: progress(after: 0, samples: 0, updates: 0), dataset: dataFingerprint)
    }

    func progress(after step: Int, samples: Int, updates: Int) -> Checkpoint.Progress {
        Checkpoint.Progress(
            epoch: sizes.epoch(after: step), stepInEpoch: sizes.stepInEpoch(after: step), globalStep: step,
            samples: samples, updates: updates)
    }
}
