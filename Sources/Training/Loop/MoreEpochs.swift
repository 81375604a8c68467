import Checkpoints
package import Recipes
import Runs

extension Recipe {
    /// Returns the recipe of a run that continues for `more` epochs after its end. A run that has not ended first goes
    /// to its end: so a supervisor that repeats the command does not lengthen the run twice.
    ///
    /// - Throws: `CheckpointError` where there is no state to continue from, `TrainingError.nothingToResume` where the
    ///   recipe begins a new run.
    package func goingOn(forMore more: Int) throws -> Recipe {
        let place: String
        switch resume {
        case .none: throw TrainingError.nothingToResume(path: output ?? "")
        case .auto: place = RunFolder.existing(asked: output, model: model, data: data).checkpoints
        case .from(let path): place = path
        }
        let point = try CheckpointDirectory.load(place)
        guard let epochs = try point.about.epochs(withMore: more, path: point.entry.path) else { return self }
        return try changing { ($0.steps, $0.time, $0.epochs) = (nil, nil, epochs) }
    }
}

extension Checkpoint.About {
    /// Returns the run's length in epochs with `more` added to those so far, of which an incomplete one counts; nil
    /// where the run has not ended.
    ///
    /// - Parameter path: the checkpoint's name in messages.
    func epochs(withMore more: Int, path: String) throws -> Int? {
        guard let recipe = try trainingRecipe(path: path) else { return nil }
        let isAtEnd =
            switch recipe.duration {
            case .epochs(let epochs): progress.epoch >= epochs
            case .steps(let steps): progress.globalStep >= steps
            case .time: metrics["fitted_steps"].map { Double(progress.globalStep) >= $0 } ?? false
            }
        return isAtEnd ? progress.epoch + (progress.stepInEpoch > 0 ? 1 : 0) + more : nil
    }
}
