import Checkpoints
import Collectives
import Datasets
import Engine

/// Hooks by which tests change a run. Steps count from 0, as `Trainer.step` before the step is taken.
struct TrainerHooks: Sendable {
    /// Replaces the loaded batch of a rank.
    var batch: @Sendable (_ rank: Int, _ step: Int, LoadedBatch) -> LoadedBatch = { _, _, batch in batch }
    /// Changes a rank's own gradients, of which the first `finished` are final but not summed yet.
    var gradients: (@Sendable (_ rank: Int, _ step: Int, _ finished: Int, inout MutableSpan<Float>) -> Void)?
    /// Whether a rank is asked to save its state and end.
    var isStopAsked: @Sendable (_ rank: Int, _ step: Int) -> Bool = { _, _ in StopRequest.isReceived }
    /// Called before each checkpoint is written.
    var commit: @Sendable (CheckpointDraft) throws -> Void = { _ in }
    /// The folder in which a rank keeps snapshots; nil where it is not the first of its host.
    var snapshotFolder: @Sendable (_ rank: Int, _ localRank: Int) -> SnapshotFolder? = { _, localRank in
        localRank == 0 ? .shared : nil
    }
    /// Called on all ranks after the snapshot of each step, before the step is reported.
    var snapshotKept: @Sendable (_ rank: Int, _ step: Int) throws -> Void = { _, _ in }
    /// The clock of rank 0 in seconds; nil for the machine's.
    var clock: (@Sendable () -> Double)?
}

extension Trainer {
    /// Returns the function to call when gradients are final: the hook, if there is one, and then `next`.
    func gradientProgress(_ next: @escaping (Int) -> Void) -> GradientProgress {
        guard let hook = hooks.gradients else { return next }
        return { [engine, world, step] finished in
            engine.withGradients { gradients in hook(world.rank, step, finished, &gradients) }
            next(finished)
        }
    }
}
