package import Recipes

/// The run that observers are made for, as rank 0 knows it when it starts or resumes.
package struct ObservedRun: Sendable {
    package let folder: RunFolder
    package let recipe: Recipe
    package let ranks: Int
    /// The names of the dataset's classes, in the order of labels.
    package let classes: [String]
    package let stepsPerEpoch: Int
    /// The number of steps of the whole run; nil where its time decides, which a line of kind `fitted` reports later.
    package let totalSteps: Int?
    /// The network as built, the data's size and the machine.
    package let facts: RunFacts
    /// The number of steps of earlier parts of the run, whose lines are in `metrics.jsonl` already.
    package let resumedStep: Int
    /// Prints a warning for the user on standard error.
    package let warn: @Sendable (String) -> Void

    package init(
        folder: RunFolder, recipe: Recipe, ranks: Int, classes: [String], stepsPerEpoch: Int, totalSteps: Int?,
        facts: RunFacts, resumedStep: Int, warn: @escaping @Sendable (String) -> Void
    ) {
        self.folder = folder
        self.recipe = recipe
        self.ranks = ranks
        self.classes = classes
        self.stepsPerEpoch = stepsPerEpoch
        self.totalSteps = totalSteps
        self.facts = facts
        self.resumedStep = resumedStep
        self.warn = warn
    }
}

/// A function that makes the observers of a run, on rank 0, after the folder exists and before the first step. Its
/// errors end the run.
package typealias RunObservers = @Sendable (ObservedRun) throws -> [any RunObserver]
