import ArgumentParser
import Files
import Recipes

/// The options of a run's checkpoints, and of the one that it resumes from.
struct CheckpointOptions: RecipeFlags {
    @Option(\.resume, defaultAsFlag: "auto", transform: userPath) var resume: String?
    @Option(\.overriddenKeys) var overriddenKeys: [String] = []
    @Option(\.checkpointEvery) var checkpointEvery: [ListArgument<Recipe.Interval>] = []
    @Option(\.keepLast) var keepLast: Int?
    @Option(\.keepBest) var keepBest: Int?
    @Option(\.keepEvery) var keepEvery: ListArgument<Recipe.Interval>?
    @Option(\.checkpointLevel) var checkpointLevel: Int?
    @Option(\.checkpointBusy) var checkpointBusy: Recipe.Checkpoints.Busy?
    @Option(\.snapshotEvery) var snapshotEvery: Int?

    /// The place to resume from, by the flag.
    var place: Recipe.Resume? {
        resume.map { $0 == "auto" ? .auto : .from(path: $0) }
    }

    func write(to recipe: inout RecipeOverrides) {
        recipe.resume = place
        // A key may be spelled as its flag is.
        let keys = overriddenKeys.map { key in String(key.map { $0 == "-" ? "_" : $0 }) }
        recipe.overriddenKeys = keys.isEmpty ? nil : keys
        let intervals = checkpointEvery.flatMap(\.values)
        recipe.checkpointEvery = intervals.isEmpty ? nil : intervals
        recipe.keepLast = keepLast
        recipe.keepBest = keepBest
        recipe.keepEvery = keepEvery?.values.first
        recipe.checkpointLevel = checkpointLevel
        recipe.checkpointBusy = checkpointBusy
        recipe.snapshotEvery = snapshotEvery
    }
}

extension Recipe.Checkpoints.Busy: ExpressibleByArgument {}
extension Recipe.NonFinitePolicy: ExpressibleByArgument {}
