/// A value as a file writes it.
struct RecipeText {
    let text: String
    /// A quoted value is text, whatever it looks like.
    let isQuoted: Bool
}

/// What kind of value a key takes: how it is read, checked and written.
struct RecipeValueKind<Value: Sendable>: Sendable {
    let expected: String
    let read: @Sendable (RecipeText) -> Value?
    let accepts: @Sendable (Value) -> Bool
    let print: @Sendable (Value) -> String
}

extension RecipeValueKind where Value == Int {
    static func integer(in range: ClosedRange<Int>) -> Self {
        Self(
            expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            read: { $0.isQuoted ? nil : Int($0.text) },
            accepts: { range.contains($0) },
            print: { String($0) })
    }
}

extension RecipeValueKind where Value == UInt64 {
    static var seed: Self {
        Self(
            expected: "a whole number from 0 to \(UInt64.max)",
            read: { $0.isQuoted ? nil : UInt64($0.text) },
            accepts: { _ in true },
            print: { String($0) })
    }
}

extension RecipeValueKind where Value == Double {
    /// A finite number that is `accepted`. Swift prints the shortest text that reads as the same number.
    static func number(_ expected: String, where accepted: @escaping @Sendable (Double) -> Bool) -> Self {
        Self(
            expected: expected,
            read: { $0.isQuoted ? nil : Double($0.text) },
            accepts: { $0.isFinite && accepted($0) },
            print: { "\($0)" })
    }
}

extension RecipeValueKind where Value == Bool {
    static var boolean: Self {
        Self(
            expected: "true or false",
            read: { $0.isQuoted ? nil : Bool($0.text) },
            accepts: { _ in true },
            print: { String($0) })
    }
}

extension RecipeValueKind where Value == String {
    static var text: Self {
        Self(expected: "a text that is not empty", read: { $0.text }, accepts: { !$0.isEmpty }, print: yamlScalar)
    }

    /// Writes `text` so that YAML reads that text: as it is where nothing in it means anything to YAML, else quoted.
    @Sendable private static func yamlScalar(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "/"):
                true
            default: false
            }
        }
        if isPlain, let first = text.first, first != "-", first != "." { return text }
        return "\"" + text.unicodeScalars.map(escaped).joined() + "\""
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case " "..."~": return String(scalar)
        default:
            let hexadecimal = String(scalar.value, radix: 16)
            return "\\U" + String(repeating: "0", count: 8 - hexadecimal.count) + hexadecimal
        }
    }
}

extension RecipeValueKind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static func choice() -> Self {
        Self(
            expected: Value.allCases.map(\.rawValue).joined(separator: ", "),
            read: { Value(rawValue: $0.text) },
            accepts: { _ in true },
            print: \.rawValue)
    }
}
