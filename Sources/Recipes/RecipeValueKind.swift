import Files

/// A single value as a file writes it.
struct RecipeText {
    let text: String
    /// A quoted value is text, whatever it looks like.
    let isQuoted: Bool
}

/// The value of a key in a file.
indirect enum RecipeNode {
    case text(RecipeText)
    case list([RecipeNode])
    /// Keys and values in the order of the file.
    case map([(key: String, value: RecipeNode)])

    /// The single value; nil for a list or a map.
    var text: RecipeText? {
        if case .text(let text) = self { text } else { nil }
    }

    /// Whether the text means no value, in any spelling of YAML 1.2's core schema.
    var isNull: Bool { text?.isOne(of: ["", "~", "null", "Null", "NULL"]) ?? false }
}

extension RecipeText {
    /// Returns a number in YAML's decimal forms: `1e-3`, `.1`, `+2`; nil for others that Swift reads, such as `0x10`
    /// and `inf`.
    static func decimal(_ text: some StringProtocol) -> Double? {
        text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) } ? Double(text) : nil
    }

    /// Whether it is one of these words and not quoted.
    func isOne(of words: [String]) -> Bool { !isQuoted && words.contains(text) }

    /// The boolean in any spelling of YAML 1.2's core schema; nil for anything else.
    var boolean: Bool? {
        if isOne(of: ["true", "True", "TRUE"]) { return true }
        return isOne(of: ["false", "False", "FALSE"]) ? false : nil
    }

    /// The boolean in those spellings, or as on/off and yes/no, which YAML 1.1 also accepts.
    var onOff: Bool? {
        if isOne(of: ["on", "On", "ON", "yes", "Yes", "YES"]) { return true }
        return isOne(of: ["off", "Off", "OFF", "no", "No", "NO"]) ? false : boolean
    }

    /// Whether it switches something optional off: `false`, `no`, `off`, `none`.
    var isRefusal: Bool { onOff == false || isOne(of: ["none", "None", "NONE"]) }
}

/// A kind of value: its reading, checking and writing.
struct RecipeValueKind<Value: Sendable>: Sendable {
    let expected: String
    /// The schema of values for editors: it allows at least all that `read` and `accepts` accept.
    private(set) var schema: JSONSchema
    let read: @Sendable (RecipeNode) -> Value?
    let accepts: @Sendable (Value) -> Bool
    let print: @Sendable (Value) -> String
    /// Whether `false`, `no` and `none` mean no value, as `null` does for every key.
    var isRefusable = false
    /// Combines an earlier value, such as a file's, with a later one, such as a flag's.
    var merge: @Sendable (_ earlier: Value, _ later: Value) -> Value = { _, later in later }

    /// A kind of single values that are never quoted.
    init(
        expected: String, schema: JSONSchema = .anything, plain read: @escaping @Sendable (String) -> Value?,
        accepts: @escaping @Sendable (Value) -> Bool = { _ in true }, print: @escaping @Sendable (Value) -> String
    ) {
        self.init(
            expected: expected, schema: schema,
            read: { node in node.text.flatMap { $0.isQuoted ? nil : read($0.text) } }, accepts: accepts, print: print)
    }

    init(
        expected: String, schema: JSONSchema = .anything, read: @escaping @Sendable (RecipeNode) -> Value?,
        accepts: @escaping @Sendable (Value) -> Bool = { _ in true },
        print: @escaping @Sendable (Value) -> String
    ) {
        self.expected = expected
        self.schema = schema
        self.read = read
        self.accepts = accepts
        self.print = print
    }
}

extension RecipeValueKind {
    /// The same kind for a key that may also be set to no value: `false`, `no`, `none`.
    var orNone: Self {
        var kind = self
        kind.isRefusable = true
        kind.schema = .any([schema, .refusal])
        return kind
    }
}

extension RecipeValueKind where Value == Int {
    static func integer(in range: ClosedRange<Int>) -> Self {
        Self(
            expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            schema: .integer(in: range),
            plain: { Int($0) },
            accepts: { range.contains($0) },
            print: { String($0) })
    }

    static func powerOfTwo(upTo limit: Int) -> Self {
        Self(
            expected: "a power of two from 1 to \(limit)",
            schema: .oneOf(
                (0..<limit.bitWidth).map { 1 << $0 }.filter { (1...limit).contains($0) }.map { .number(Double($0)) }),
            plain: { Int($0) },
            accepts: { (1...limit).contains($0) && $0.nonzeroBitCount == 1 },
            print: { String($0) })
    }
}

extension RecipeValueKind where Value == UInt64 {
    static var seed: Self {
        Self(
            expected: "a whole number from 0 to \(UInt64.max)", schema: .integer(from: 0),
            plain: { UInt64($0) },
            print: { String($0) })
    }
}

extension RecipeValueKind where Value == Double {
    /// A finite number that is `accepted`. Swift prints the shortest text that reads as the same number.
    static func number(
        _ expected: String, schema: JSONSchema = JSONSchema(type: ["number"]),
        where accepted: @escaping @Sendable (Double) -> Bool
    ) -> Self {
        Self(
            expected: expected, schema: schema,
            plain: { RecipeText.decimal($0) },
            accepts: { $0.isFinite && accepted($0) },
            print: { "\($0)" })
    }

    /// A number of this range.
    static func number(_ expected: String, in range: ClosedRange<Double>) -> Self {
        number(expected, schema: JSONSchema(type: ["number"], minimum: range.lowerBound, maximum: range.upperBound)) {
            range.contains($0)
        }
    }

    /// A number from `least` to below `bound`.
    static func number(from least: Double, below bound: Double) -> Self {
        number(
            "a number from \(whole(least)) to below \(whole(bound))",
            schema: JSONSchema(type: ["number"], minimum: least, exclusiveMaximum: bound)
        ) { $0 >= least && $0 < bound }
    }

    /// A number that is not negative.
    static var notNegative: Self {
        number("a number of at least 0", schema: JSONSchema(type: ["number"], minimum: 0)) { $0 >= 0 }
    }

    /// A number above 0, and at most `most` where that is given.
    static func positive(atMost most: Double? = nil) -> Self {
        number(
            "a number above 0" + (most.map { ", at most \(whole($0))" } ?? ""),
            schema: JSONSchema(type: ["number"], maximum: most, exclusiveMinimum: 0)
        ) { $0 > 0 && $0 <= most ?? .infinity }
    }

    /// A share strictly between 0 and 1.
    static var share: Self {
        number(
            "a number above 0, below 1", schema: JSONSchema(type: ["number"], exclusiveMinimum: 0, exclusiveMaximum: 1)
        ) { $0 > 0 && $0 < 1 }
    }

    private static func whole(_ number: Double) -> String {
        number == number.rounded() ? "\(Int(number))" : "\(number)"
    }
}

extension RecipeValueKind where Value == Double {
    /// The kind of value `5s`, `2.5s`, `1min` or `1h` in seconds; `none` (or `false`, `no`) is 0.
    static func seconds(in range: ClosedRange<Double>) -> Self {
        Self(
            expected: "a time from \(Int(range.lowerBound))s to \(Int(range.upperBound))s such as 5s or 1min, or none",
            schema: .any([.text(like: "^[0-9][0-9.eE+-]*(s|min|h)$"), .refusal]),
            read: { node in node.text.flatMap { $0.isRefusal ? 0 : Recipe.seconds($0.text) } },
            accepts: { $0 == 0 || range.contains($0) },
            print: { $0 == 0 ? "none" : $0 == $0.rounded() ? "\(Int($0))s" : "\($0)s" })
    }
}

extension RecipeValueKind where Value == Double {
    /// `90s`, `10min` or `2h` in seconds.
    static var duration: Self {
        Self(
            expected: "a time from 1s to 8760h such as 90s, 10min or 2h",
            schema: .text(like: "^[0-9][0-9.eE+-]*(s|min|h)$"),
            plain: { text in text == "none" ? nil : Recipe.seconds(text) },
            accepts: { (1...31_536_000).contains($0) },
            print: { seconds in
                let isWhole = seconds == seconds.rounded() && seconds < 1e9
                return isWhole ? Recipe.Interval.seconds(Int(seconds)).description : "\(seconds)s"
            })
    }
}

extension Recipe {
    /// Reads `5s`, `2.5s`, `1min` or `1h`, and `none` as 0; nil for anything else.
    package static func seconds(_ text: String) -> Double? {
        if text == "none" { return 0 }
        for (unit, seconds) in [("min", 60.0), ("s", 1.0), ("h", 3600.0)] where text.hasSuffix(unit) {
            let number = text.dropLast(unit.count)
            guard number.utf8.first.map({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) ?? false,
                let count = RecipeText.decimal(number), count.isFinite
            else { return nil }
            return count * seconds
        }
        return nil
    }
}

extension RecipeValueKind where Value == Bool {
    static var boolean: Self {
        Self(
            expected: "true or false", schema: JSONSchema(type: ["boolean"]),
            read: { $0.text?.boolean },
            print: { String($0) })
    }

    static var onOff: Self {
        Self(
            expected: "on or off",
            schema: .any([JSONSchema(type: ["boolean"]), .text(like: "^(on|On|ON|off|Off|OFF|yes|Yes|YES|no|No|NO)$")]),
            read: { $0.text?.onOff },
            print: { $0 ? "on" : "off" })
    }
}

extension RecipeValueKind where Value == String {
    static var text: Self {
        Self(
            expected: "a text that is not empty", schema: .single, read: { $0.text?.text }, accepts: { !$0.isEmpty },
            print: yamlScalar)
    }

    /// A path as its user means it.
    static var path: Self {
        Self(
            expected: "a path; ~ and ~user at its beginning stand for home folders", schema: .single,
            read: { node in
                // The user of a folder with such a name can quote it.
                guard let text = node.text, text.onOff == nil else { return nil }
                return try? userPath(text.text)
            },
            accepts: { !$0.isEmpty }, print: yamlScalar
        ).orNone
    }

    /// A path, a dataset's name, or `name:path`.
    static var dataset: Self {
        Self(
            expected: "a path, or a dataset's name", schema: .single,
            read: { node in node.text.flatMap { try? userDataset($0.text) } },
            accepts: { !$0.isEmpty }, print: yamlScalar)
    }

    /// Words with a meaning in YAML or in recipes, in lower case.
    private static let reserved: Set = ["null", "true", "false", "yes", "no", "on", "off", "none"]

    /// Writes `text` so that YAML reads it back unchanged: unquoted where nothing in it has a meaning in YAML, else
    /// quoted.
    @Sendable fileprivate static func yamlScalar(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "/"):
                true
            default: false
            }
        }
        if isPlain, !reserved.contains(text.lowercased()), let first = text.first, first != "-", first != "." {
            return text
        }
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
            schema: .oneOf(Value.allCases.map { .text($0.rawValue) }),
            read: { $0.text.flatMap { Value(rawValue: $0.text) } },
            print: \.rawValue)
    }
}

extension RecipeValueKind where Value == [String] {
    /// Texts: `[a, b]`, or `a` for one.
    static var list: Self {
        Self(
            expected: "a list of texts that are not empty", schema: .any([.single, .list(of: .single)]),
            read: { node in
                switch node {
                case .text(let text): [text.text]
                case .list(let nodes):
                    nodes.allSatisfy { $0.text != nil && !$0.isNull } ? nodes.compactMap(\.text?.text) : nil
                case .map: nil
                }
            },
            accepts: { $0.allSatisfy { !$0.isEmpty } },
            print: { "[" + $0.map(RecipeValueKind<String>.yamlScalar).joined(separator: ", ") + "]" })
    }
}

extension RecipeValueKind {
    /// Values by name: `{a: 1, b: 2}`. A later map replaces single entries of an earlier one.
    static func map<Element>(of kind: RecipeValueKind<Element>) -> Self where Value == [String: Element] {
        var map = Self(
            expected: "a mapping of names to values, each of them \(kind.expected)",
            schema: .map(of: .any([kind.schema, .list(of: .single), .nothing])),
            read: { node in
                guard case .map(let entries) = node else { return nil }
                var values: [String: Element] = [:]
                for (key, node) in entries where !node.isNull {
                    guard let value = kind.read(node.joined) else { return nil }
                    values[key] = value
                }
                return values
            },
            accepts: { $0.allSatisfy { !$0.key.isEmpty && kind.accepts($0.value) } },
            print: { values in
                let entries = values.sorted { $0.key < $1.key }.map { key, value in
                    RecipeValueKind<String>.yamlScalar(key) + ": " + kind.print(value)
                }
                return "{" + entries.joined(separator: ", ") + "}"
            })
        map.merge = { earlier, later in earlier.merging(later) { _, later in later } }
        return map
    }
}

extension RecipeNode {
    /// A list of single values in the form that flags have for it: `6,12,24,16`.
    fileprivate var joined: RecipeNode {
        guard case .list(let nodes) = self else { return self }
        let texts = nodes.compactMap(\.text?.text)
        guard texts.count == nodes.count else { return self }
        return .text(RecipeText(text: texts.joined(separator: ","), isQuoted: true))
    }
}
