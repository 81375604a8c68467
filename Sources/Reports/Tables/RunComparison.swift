import Runs

/// A comparison of several runs: their numbers, and the differences of their recipes.
package struct RunComparison: Sendable {
    package struct Row: Encodable, Sendable {
        package let name: String
        /// The value of each run.
        package let values: [String]
    }

    /// Names that tell the runs apart.
    package let names: [String]
    package let numbers: [Row]
    /// The keys whose values differ.
    package let recipe: [Row]

    package init(_ histories: [RunHistory]) {
        let runs = histories.map { RunSummary($0) }
        names = Self.names(of: runs)
        numbers = [
            "state", "epochs", "steps", "accuracy", "best_accuracy", "best_epoch", "loss", "training_loss",
            "calibration_error", "images_per_second", "seconds",
        ].compactMap { name in RunColumn.all.first { $0.name == name } }.map { column in
            Row(name: column.name, values: runs.map(column.text))
        }.filter { row in row.values.contains { $0 != NumberText.none } }
        let keys = histories.flatMap { $0.recipe.map(\.key) }
        var seen: Set<String> = []
        recipe = keys.filter { seen.insert($0).inserted && $0 != "output" }.map { key in
            Row(name: key, values: histories.map { $0.setting(key) ?? NumberText.none })
        }.filter { Set($0.values).count > 1 }
    }

    /// Returns the names of the runs' folders where these differ, else their paths.
    private static func names(of runs: [RunSummary]) -> [String] {
        Set(runs.map(\.name)).count == runs.count ? runs.map(\.name) : runs.map(\.path)
    }
}
