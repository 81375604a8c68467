import Checkpoints
import Networks
import Recipes

/// The changes in a resumed run's recipe.
struct RunChanges {
    /// Notes for people, one a line.
    let notes: [String]
    /// Whether the following steps are those that the run would have taken without the changes.
    let leaveFuture: Bool
    /// Whether the run keeps its length in time.
    let keepTime: Bool
}

extension Trainer {
    /// Checks that a saved state belongs to this run: the values that define a run must not change half-way.
    ///
    /// - Returns: the allowed changes.
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
        // Checkpoints of earlier versions have no fingerprint, or one that begins with the dataset's name.
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
            // The length of a run determines its learning rates.
            leaveFuture: differences.allSatisfy { difference in
                difference.whenResumed == .changesFreely && !["epochs", "steps", "time"].contains(difference.key)
            },
            keepTime: !differences.contains { $0.key == "time" })
    }

    /// Returns whether the user asks for another value of a key, by its name or by the key that it is a setting of.
    private func isOverridden(_ key: String) -> Bool {
        recipe.overriddenKeys.contains { $0 == key || Recipe.settings(of: $0).contains(key) }
    }

    /// Returns whether two values that differ as text, or of which one is absent, mean the same.
    private func isTheSame(_ difference: RecipeDifference, _ about: Checkpoint.About) -> Bool {
        switch difference.key {
        case "classes": about.classes == setup.network.classes
        case "image_size": about.imageSize == setup.imageSize
        // The data's place and form may change; their fingerprint, where there is one, identifies them.
        case "data": !about.dataset.isEmpty || difference.before?.dataset == difference.now?.dataset
        // All our kernels give the same bits, OpenBLAS others.
        case "isa": ![difference.before, difference.now].contains(Recipe.InstructionSet.openblas.rawValue)
        default: false
        }
    }
}

extension String {
    /// The dataset's name: `fashion-mnist` of `"fashion-mnist:/data"`.
    fileprivate var dataset: Substring { drop { $0 == "\"" }.prefix { $0 != ":" && $0 != "\"" } }
}
