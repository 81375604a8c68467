import Yams

/// Keys and values of a recipe's YAML, before their meanings are known.
///
/// It is YAML without tags, without several documents and with few aliases: many aliases could make a few lines
/// endless.
struct RecipeDocument {
    struct Entry {
        let key: String
        /// The line, from 1; nil where the parser gives none.
        let line: Int?
        let value: RecipeNode
    }

    let entries: [Entry]

    /// - Parameter path: the name of the text in messages.
    init(yaml: String, path: String) throws(RecipeError) {
        // Editors of Windows begin files with a byte order mark.
        let text = yaml.unicodeScalars.first == "\u{FEFF}" ? String(yaml.unicodeScalars.dropFirst()) : yaml
        try Self.checkAliases(in: text, path: path)
        var entries: [Entry] = []
        for (key, value) in try Self.root(of: text, path: path) {
            guard let name = key.scalar?.string else {
                throw .malformed(path: path, line: key.mark?.line, reason: "a key is a list or a mapping")
            }
            entries.append(Entry(key: name, line: key.mark?.line, value: try RecipeNode(value, path: path)))
        }
        self.entries = entries
    }

    /// Returns the keys and values of the document; none where it is empty.
    private static func root(of text: String, path: String) throws(RecipeError) -> [(key: Node, value: Node)] {
        let document: Node?
        do {
            document = try compose(yaml: text, .default, .default, .utf8)
        } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
            throw .malformed(
                path: path, line: context.mark.line,
                reason: "\(keys.map(shortened).joined(separator: ", ")) stands here and again below; expected once")
        } catch YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _)
        {
            throw .malformed(path: path, line: mark.line, reason: reason(problem, line: mark.line, of: text))
        } catch YamlError.reader(let problem, let offset, _, _) {
            let line = offset.map { text.prefix($0).count { $0.isNewline } + 1 }
            throw .malformed(path: path, line: line, reason: "this is not text: \(problem)")
        } catch {
            throw .malformed(path: path, line: nil, reason: "this is not YAML")
        }
        guard let document, !document.isEmpty else { return [] }
        guard let mapping = document.mapping else {
            throw .malformed(
                path: path, line: document.mark?.line, reason: "found \(try RecipeNode(document, path: path))")
        }
        return Array(mapping)
    }

    /// Returns the parser's message, or one of our own for a problem that it does not show: a tab, which looks like
    /// spaces.
    private static func reason(_ problem: String, line: Int, of text: String) -> String {
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        guard lines.indices.contains(line - 1), lines[line - 1].prefix(while: \.isWhitespace).contains("\t") else {
            return problem
        }
        return "a tab at the beginning of the line; YAML is indented with spaces"
    }

    /// The most aliases that a recipe may have.
    private static let mostAliases = 8

    /// Limits the number of aliases before the parser follows them: in a dozen lines, each naming the previous one ten
    /// times, they stand for a million million values.
    private static func checkAliases(in text: String, path: String) throws(RecipeError) {
        let bytes = Array(text.utf8)
        var (line, anchors, aliases) = (1, 0, 0)
        for (place, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\n") { line += 1 }
            guard byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*") else { continue }
            let before = place > 0 ? bytes[place - 1] : UInt8(ascii: "\n")
            let after = place + 1 < bytes.count ? bytes[place + 1] : UInt8(ascii: " ")
            guard " \t\r\n[{,:".utf8.contains(before), after.isOfAName else { continue }
            if byte == UInt8(ascii: "&") { anchors += 1 } else { aliases += 1 }
            if anchors > 0 && aliases > mostAliases {
                throw .malformed(
                    path: path, line: line, reason: "more than \(mostAliases) aliases (*name); write their values out")
            }
        }
    }

    /// Returns a text for messages, shortened to its beginning where it is long.
    static func shortened(_ text: String) -> String { text.count > 60 ? text.prefix(60) + "…" : text }
}

extension UInt8 {
    /// Whether the byte may be in an anchor's name: a letter, a digit, `_` or `-`.
    fileprivate var isOfAName: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension Node {
    /// Whether the node has no value, as in a document that is `---` alone.
    fileprivate var isEmpty: Bool { scalar.map { $0.style == .plain && $0.string.isEmpty } ?? false }
}

extension RecipeNode {
    /// The greatest depth of lists and mappings within each other; no key needs more than two.
    private static let deepest = 16

    /// - Throws: `malformed` where a key is not a single value or is repeated, a value has a tag, or lists are nested
    ///   too deep.
    fileprivate init(_ node: Node, path: String, depth: Int = 0) throws(RecipeError) {
        func refuse(_ reason: String) -> RecipeError { .malformed(path: path, line: node.mark?.line, reason: reason) }
        guard depth < Self.deepest else {
            throw refuse("lists or mappings lie deeper than \(Self.deepest) in each other")
        }
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain
            if let tag = scalar.tag.written ?? (isPlain && !scalar.tag.rawValue.isEmpty ? "!!str" : nil) {
                throw refuse("a value has the tag \(tag); expected the value alone")
            }
            self = .text(RecipeText(text: scalar.string, isQuoted: !isPlain))
        case .sequence(let sequence):
            if let tag = sequence.tag.written { throw refuse("a list has the tag \(tag); expected the list alone") }
            var nodes: [RecipeNode] = []
            for element in sequence { nodes.append(try RecipeNode(element, path: path, depth: depth + 1)) }
            self = .list(nodes)
        case .mapping(let mapping):
            if let tag = mapping.tag.written {
                throw refuse("a mapping has the tag \(tag); expected the mapping alone")
            }
            var entries: [(key: String, value: RecipeNode)] = []
            var names: Set<String> = []
            for (key, value) in mapping {
                guard let name = key.scalar?.string else { throw refuse("a key is a list or a mapping") }
                guard names.insert(name).inserted else {
                    throw refuse("\(RecipeDocument.shortened(name)) stands twice in a mapping; expected once")
                }
                entries.append((name, try RecipeNode(value, path: path, depth: depth + 1)))
            }
            self = .map(entries)
        case .alias: throw refuse("an alias leads nowhere")
        }
    }
}

extension Tag {
    /// The tag in the file; nil where it has none.
    fileprivate var written: String? {
        let standard = "tag:yaml.org,2002:"
        // The parser gives quoted texts the tag of texts.
        guard !rawValue.isEmpty, rawValue != standard + "str" else { return nil }
        return RecipeDocument.shortened(
            rawValue.hasPrefix(standard) ? "!!" + rawValue.dropFirst(standard.count) : rawValue)
    }
}

extension RecipeNode: CustomStringConvertible {
    /// The value as messages show it.
    var description: String {
        switch self {
        case .text(let text) where text.isQuoted: "the text \"\(RecipeDocument.shortened(text.text))\""
        case .text(let text): text.text.isEmpty ? "empty" : RecipeDocument.shortened(text.text)
        case .list: "a list"
        case .map: "a mapping"
        }
    }
}
