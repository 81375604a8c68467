import Terminal

/// A writer of one flat JSON object on one line, with keys in the order given and numbers in the fewest digits that
/// read back exactly.
///
/// For nested data, `JSONEncoder` is the better choice.
package struct JSONLine: Sendable {
    private var fields: [String] = []

    package init() {}

    package var text: String { "{" + fields.joined(separator: ", ") + "}" }

    package mutating func add(_ key: String, _ value: Int) { fields.append("\"\(key)\": \(value)") }

    package mutating func add(_ key: String, _ value: String) { fields.append("\"\(key)\": \(Self.quoted(value))") }

    package mutating func add(_ key: String, _ values: [String]) {
        fields.append("\"\(key)\": [\(values.map(Self.quoted).joined(separator: ", "))]")
    }

    /// Adds a value that is JSON already.
    package mutating func add(_ key: String, json: String) { fields.append("\"\(key)\": \(json)") }

    /// Adds a number; null for infinities and NaN, which JSON lacks.
    package mutating func add(_ key: String, _ value: some BinaryFloatingPoint & LosslessStringConvertible) {
        fields.append("\"\(key)\": \(value.isFinite ? value.description : "null")")
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.replacingScalars { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\n": "\\n"
            default: nil
            }
        }
        return "\"" + escaped.visibleJSON + "\""
    }
}
