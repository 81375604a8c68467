package import Recipes
import Terminal

extension RecipeChoice {
    /// Returns the recipe.
    ///
    /// - Parameter output: the run's folder; nil for the one that the user gives.
    /// - Throws: `RecipeError` where the user's values contradict each other.
    package func recipe(output: String? = nil) throws(RecipeError) -> Recipe {
        var flags = asked
        flags.output = output ?? asked.output
        return try Recipe.resolve(file: values, flags: flags)
    }

    /// The recipe as a file: the chosen values with their reasons, and the values that the user gives. It has no folder
    /// for results, so that it can be run again.
    package var yaml: String {
        var asked = asked
        (asked.output, asked.resume) = (nil, nil)
        let because = Dictionary(reasons.map { ($0.key, $0.words) }, uniquingKeysWith: { first, _ in first })
        var text = "# Chosen by cnn-train for \(facts.words)\n"
        for key in RecipeKey.all {
            if let value = key.print(asked) {
                text += "# asked for\n\(key.name): \(value)\n"
            } else if let value = key.print(values) {
                text += because[key.name].map { "# \($0)\n" } ?? ""
                text += "\(key.name): \(value)\n"
            }
        }
        return text
    }

    /// The choices and their reasons as a table for people.
    package var words: String {
        let rows = reasons.compactMap { reason in
            RecipeKey.all.first { $0.name == reason.key }?.print(values).map { [reason.key, $0.visible, reason.words] }
        }
        return rows.isEmpty ? "" : Wording.table(rows.map { ["  " + $0[0]] + $0[1...] }, leading: 2, endsInWords: true)
    }
}
