/// The reasons for which there is no recipe.
package enum RecipeError: Error, Equatable, Sendable {
    case unreadable(path: String, reason: String)
    /// The text is not YAML, or not a mapping of keys to values.
    case malformed(path: String, line: Int?, reason: String)
    case unknownKey(path: String, line: Int?, found: String, nearest: String?)
    /// `place` names the key or the flag.
    case invalid(place: String, found: String, expected: String)
    /// A file that another is to include cannot be, for a reason.
    case include(place: String, reason: String)
    case contradiction(String)
    case modelMissing

    /// Returns the words by which a message points into a file: `configs/a.yaml:3`.
    static func place(path: String, line: Int?) -> String {
        line.map { "\(path):\($0)" } ?? path
    }
}

extension RecipeError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path): the recipe cannot be read: \(reason)"
        case .malformed(let path, let line, let reason):
            "\(Self.place(path: path, line: line)): \(reason); a recipe is YAML, one `key: value` a line"
        case .unknownKey(let path, let line, let found, let nearest):
            "\(Self.place(path: path, line: line)): there is no key \(found); "
                + (nearest.map { "did you mean \($0)?" } ?? "the keys are \(RecipeKey.names)")
        case .invalid(let place, let found, let expected):
            "\(place) is \(found); expected \(expected)"
        case .include(let place, let reason):
            "\(place): \(reason); expected a file of YAML, its path from this file's folder"
        case .contradiction(let what):
            what
        case .modelMissing:
            "no model is named: say --model NAME, or model: NAME in the recipe; `cnn-train models` lists the names"
        }
    }
}
