import Checkpoints
import Networks
import Recipes

/// The changes that a resumed run makes to what it began with.
struct RunChanges {
    /// Lines to be read.
    let notes: [String]
    /// Whether its steps are those that it would have taken anyway.
    let leaveFuture: Bool
    /// Whether it is to last as long as it was.
    let keepTime: Bool
}

extension Trainer {
    /// Makes sure that this run is the one that a saved state is of: what makes it so may not change half-way.
    ///
    /// - Returns: what is asked for otherwise than the run began with and may be.
    func checkSameRun(as about: Checkpoint.About, path: String = "a snapshot") throws -> RunChanges {
        let earlier = try Recipe.resolve(flags: RecipeOverrides(yaml: about.recipe, path: "\(path): recipe"))
        let differences = recipe.differences(from: earlier).filter { !isTheSame($0, about) }
        let refused = differences.filter { difference in
            switch difference.whenResumed {
            case .changesFreely: false
            case .changesOnRequest: !isOverridden(difference.key)
            case .stays: true
            }
        }
        guard refused.isEmpty else { throw TrainingError.differentRecipe(differences: refused) }
        // Checkpoints of earlier versions say nothing of it.
        // Those of earlier versions begin with the dataset's name.
        guard
            about.dataset.isEmpty || about.dataset == dataFingerprint || about.dataset.hasSuffix(", " + dataFingerprint)
        else {
            throw TrainingError.otherData(data: recipe.data, checkpoint: about.dataset, found: dataFingerprint)
        }
        let samples = sizes.samples(after: about.progress.globalStep)
        guard about.progress.samples == samples else {
            throw TrainingError.differentData(
                data: recipe.data, step: about.progress.globalStep, checkpoint: about.progress.samples, found: samples)
        }
        let told = differences.filter { !["output", "resume", "override", "data"].contains($0.key) }
        let words = told.map { "\($0.key) \($0.before ?? "none") -> \($0.now ?? "none")" }
        return RunChanges(
            notes: words.isEmpty ? [] : ["changed: " + words.joined(separator: ", ")],
            // How long a run lasts decides on learning rates.
            leaveFuture: differences.allSatisfy { difference in
                difference.whenResumed == .changesFreely && !["epochs", "steps", "time"].contains(difference.key)
            },
            keepTime: !differences.contains { $0.key == "time" })
    }

    /// Whether another value of a key is asked for by name, or with the key that it is a setting of.
    private func isOverridden(_ key: String) -> Bool {
        recipe.overriddenKeys.contains { $0 == key || Recipe.settings(of: $0).contains(key) }
    }

    /// Whether two recipes that say a thing in other words, or say it and leave it out, mean the same.
    private func isTheSame(_ difference: RecipeDifference, _ about: Checkpoint.About) -> Bool {
        switch difference.key {
        case "classes": about.classes == setup.network.classes
        case "image_size": about.imageSize == setup.imageSize
        // Where it lies and in what form may change; what it is tells its fingerprint, where there is one.
        case "data": !about.dataset.isEmpty || difference.before?.dataset == difference.now?.dataset
        // All kernels of ours give the same bits, OpenBLAS others.
        case "isa": ![difference.before, difference.now].contains(Recipe.InstructionSet.openblas.rawValue)
        default: false
        }
    }
}

extension String {
    /// `fashion-mnist` of `"fashion-mnist:/data"`.
    fileprivate var dataset: Substring { drop { $0 == "\"" }.prefix { $0 != ":" && $0 != "\"" } }
}
