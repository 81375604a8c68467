import Tensors

/// A key of a recipe. The table `all` is the only place that describes a key: its name, kind, range, default and
/// meaning. Reading, checking, layering and printing walk it. The help of flags and docs/options.md are made from it.
package struct RecipeKey: Sendable {
    /// The section of the help, and of docs/options.md, that has the key.
    package enum Section: String, CaseIterable, Sendable {
        case network = "The network"
        case data = "Data"
        case optimization = "Steps and learning rate"
        case optimizer = "The optimizer"
        case loss = "The loss"
        case ranks = "Many ranks"
        case machine = "The machine"
        case results = "Results"
        case checkpoints = "Checkpoints"
    }

    /// The name in YAML: `batch_size`.
    package let name: String
    /// The flag without its two dashes: `batch-size`. It is the name with dashes, except where a flag that is repeated
    /// gives one entry at a time.
    package let flag: String
    /// A word for the flag's value where its name does not serve: `file`.
    package let valueName: String?
    package let section: Section
    /// The key's meaning, in a sentence or two, for help and documentation.
    package let summary: String
    /// The values that it takes, in words: `a whole number from 1 to 1024`.
    package let expected: String
    /// The default in the form of a flag's value, or in words where it depends on other values.
    package let shownDefault: String
    /// Whether a resumed run may have another value than it began with.
    package let whenResumed: WhenResumed
    /// Other names that users try; never accepted, but used to suggest the right key.
    let alsoKnownAs: [String]
    private let field: Field
    /// The schema of the values that an editor accepts for the key.
    package let schema: JSONSchema
    /// Whether a file's value means that none is given.
    let isSilent: @Sendable (RecipeNode) -> Bool
    /// Reads a value in a file's form; false where it is of another kind.
    let read: @Sendable (RecipeNode, inout RecipeOverrides) -> Bool
    /// Returns the value where there is one and it is out of range.
    let invalid: @Sendable (RecipeOverrides) -> String?
    /// Copies the value, if there is one, in place of the target's.
    let copy: @Sendable (RecipeOverrides, inout RecipeOverrides) -> Void
    /// Removes the value.
    let clear: @Sendable (inout RecipeOverrides) -> Void
    /// Sets the default, if there is one, where there is no value.
    let fill: @Sendable (inout RecipeOverrides) -> Void
    /// Returns the value as a file writes it.
    package let print: @Sendable (RecipeOverrides) -> String?

    /// - Parameter otherwise: words for the default where `value` is nil.
    init<Value>(
        _ name: String, _ path: any WritableKeyPath<RecipeOverrides, Value?> & Sendable, _ kind: RecipeValueKind<Value>,
        in section: Section, default value: Value? = nil, otherwise: String = "none", _ summary: String,
        flag: String? = nil, valueName: String? = nil, alsoKnownAs: [String] = [],
        whenResumed: WhenResumed = .changesOnRequest
    ) {
        self.name = name
        self.flag = flag ?? String(name.map { $0 == "_" ? "-" : $0 })
        self.valueName = valueName
        self.section = section
        self.summary = summary
        self.whenResumed = whenResumed
        self.expected = kind.expected
        self.shownDefault = value.map { Self.plain(kind.print($0)) } ?? otherwise
        self.alsoKnownAs = alsoKnownAs
        self.field = Field(path: path)
        self.schema = kind.schema
        self.isSilent = { node in node.isNull || (kind.isRefusable && node.text?.isRefusal == true) }
        self.clear = { values in values[keyPath: path] = nil }
        self.read = { node, values in
            guard let value = kind.read(node) else { return false }
            values[keyPath: path] = value
            return true
        }
        self.invalid = { values in
            guard let value = values[keyPath: path], !kind.accepts(value) else { return nil }
            return kind.print(value)
        }
        self.copy = { source, destination in
            guard let value = source[keyPath: path] else { return }
            destination[keyPath: path] = destination[keyPath: path].map { kind.merge($0, value) } ?? value
        }
        self.fill = { values in
            if values[keyPath: path] == nil { values[keyPath: path] = value }
        }
        self.print = { values in values[keyPath: path].map(kind.print) }
    }

    /// Returns a value as a flag takes it: without a list's brackets and a whole number's point.
    private static func plain(_ text: String) -> String {
        let text = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    typealias Default = Recipe.Default

    /// The end of `expected` for a key whose value a run may choose.
    static let orAutoWords = ", or auto"

    /// The expected form of a value that the run does not choose.
    package var expectedNumber: String {
        expected.hasSuffix(Self.orAutoWords) ? String(expected.dropLast(Self.orAutoWords.count)) : expected
    }

    /// The keys, in the order in which a recipe is written. Each section has a file of its own in `Keys`.
    package static let all: [RecipeKey] =
        network + data + optimization + stopping + optimizer + schedule + loss + ranks + machine + results + checkpoints

    /// Returns the key that sets a field; nil where the table has no row for it.
    package static func of<Value>(_ path: any KeyPath<RecipeOverrides, Value?> & Sendable) -> RecipeKey? {
        places[Field(path: path)].map { all[$0] }
    }

    /// The row of each field.
    private static let places = Dictionary(
        all.enumerated().map { ($1.field, $0) }, uniquingKeysWith: { first, _ in first })

    /// A field of the values, whatever its type.
    private struct Field: Hashable, Sendable {
        let path: any AnyKeyPath & Sendable

        static func == (left: Field, right: Field) -> Bool { (left.path as AnyKeyPath) == (right.path as AnyKeyPath) }
        func hash(into hasher: inout Hasher) { (path as AnyKeyPath).hash(into: &hasher) }
    }

    /// The names of all keys, for messages.
    static var names: String { (all.map(\.name) + [include]).joined(separator: ", ") }

    /// Returns the key that `name` is most likely meant to be.
    static func nearest(to name: String) -> String? {
        let spelled = String(name.lowercased().map { $0 == "-" || $0 == " " ? "_" : $0 })
        let own = all.flatMap { key in ([key.name] + key.alsoKnownAs).map { (spelling: $0, name: key.name) } }
        let names = own + [(spelling: include, name: include)]
        let guess = Spelling.nearest(to: spelled, among: names.map(\.spelling))
        return names.first { $0.spelling == guess }?.name
    }
}
