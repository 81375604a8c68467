import Checkpoints
package import Recipes
import Runs

extension Recipe {
    /// The recipe of a run that goes on for `more` epochs beyond its end. One that has not come to its end goes there
    /// first: so a supervisor that says the same again lengthens no run twice.
    ///
    /// - Throws: `CheckpointError` where there is no state to go on from, `TrainingError.nothingToResume` where the
    ///   recipe begins a run.
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
    /// The epochs of the run once it goes on for `more` beyond its end, of which an epoch that has begun is part; nil
    /// where it has not come to its end.
    ///
    /// - Parameter path: what messages call the checkpoint.
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
