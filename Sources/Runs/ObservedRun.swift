package import Recipes

/// The run that observers are made for, as rank 0 knows it when it begins or goes on.
package struct ObservedRun: Sendable {
    package let folder: RunFolder
    package let recipe: Recipe
    package let ranks: Int
    /// The names of the dataset's classes, in the order of labels.
    package let classes: [String]
    package let stepsPerEpoch: Int
    /// Steps of the whole run; nil where its time decides, which a line of kind `fitted` tells later.
    package let totalSteps: Int?
    /// Steps that earlier parts of the run have taken; their lines are in `metrics.jsonl` already.
    package let resumedStep: Int
    /// Tells people, on standard error, what they should do something about.
    package let warn: @Sendable (String) -> Void

    package init(
        folder: RunFolder, recipe: Recipe, ranks: Int, classes: [String], stepsPerEpoch: Int, totalSteps: Int?,
        resumedStep: Int, warn: @escaping @Sendable (String) -> Void
    ) {
        self.folder = folder
        self.recipe = recipe
        self.ranks = ranks
        self.classes = classes
        self.stepsPerEpoch = stepsPerEpoch
        self.totalSteps = totalSteps
        self.resumedStep = resumedStep
        self.warn = warn
    }
}

/// Makes the observers of a run, on rank 0, when its folder is there and before its first step. What it throws ends the run.
package typealias RunObservers = @Sendable (ObservedRun) throws -> [any RunObserver]
