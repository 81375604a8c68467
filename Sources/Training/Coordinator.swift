import Checkpoints
import Recipes

/// What rank 0 does beyond computing: it keeps what a run leaves behind.
///
/// Its methods touch only this machine's disk: no other rank waits inside them.
final class Coordinator {
    let folder: RunFolder
    private let metrics: MetricsFile
    private let checkpoints: CheckpointDirectory

    /// Begins or goes on with a run in `folder`.
    ///
    /// - Parameter resumedStep: the step that the run goes on after; nil for a new run.
    /// - Throws: `TrainingError.cannotWrite`
    init(folder: RunFolder, recipe: Recipe, resumedStep: Int?) throws {
        self.folder = folder
        // The recipe of the whole run, which whoever takes it up again begins anew.
        var whole = recipe.overrides
        whole.resume = nil
        try folder.begin(recipe: Recipe.resolve(flags: whole).yaml())
        metrics = try MetricsFile(path: folder.metrics, resumedStep: resumedStep)
        checkpoints = CheckpointDirectory(path: folder.checkpoints)
    }

    func record(_ record: MetricsRecord) throws {
        try metrics.append(record)
    }

    /// Writes a checkpoint, after the metrics that lead up to it.
    func keep(_ checkpoint: Checkpoint) throws {
        try metrics.synchronize()
        try checkpoints.commit(checkpoint)
    }

    /// Makes the story's end last.
    func close() throws {
        try metrics.synchronize()
    }
}
