import Terminal

/// Writes one flat JSON object on one line, keys in the order given, numbers in the fewest digits that read back
/// exactly.
///
/// Not for nested data: `JSONEncoder` serves that better.
package struct JSONLine: Sendable {
    private var fields: [String] = []

    package init() {}

    package var text: String { "{" + fields.joined(separator: ", ") + "}" }

    package mutating func add(_ key: String, _ value: Int) { fields.append("\"\(key)\": \(value)") }

    package mutating func add(_ key: String, _ value: String) { fields.append("\"\(key)\": \(Self.quoted(value))") }

    package mutating func add(_ key: String, _ values: [String]) {
        fields.append("\"\(key)\": [\(values.map(Self.quoted).joined(separator: ", "))]")
    }

    /// A value that is JSON already.
    package mutating func add(_ key: String, json: String) { fields.append("\"\(key)\": \(json)") }

    /// JSON has no word for infinity or not-a-number: null stands for both.
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
