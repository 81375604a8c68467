import Files
import Yams

extension RecipeOverrides {
    /// Reads what a YAML file says.
    ///
    /// - Throws: when the file cannot be read, is not YAML, has a key that no recipe has, or a value of another kind.
    package init(contentsOf path: String) throws(RecipeError) {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try readFile(path, limit: Self.longestFile)
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        // Paths in it may have bytes that are not UTF-8.
        try self.init(yaml: String(pathBytes: bytes), path: path)
    }

    private static let longestFile = 1 << 24

    /// Reads what YAML text says; `path` is what messages call it.
    package init(yaml: String, path: String) throws(RecipeError) {
        let root = try Self.root(of: yaml, path: path)
        self.init()
        var lines: [String: Int] = [:]
        for (keyNode, valueNode) in root {
            let line = keyNode.mark?.line
            guard let name = keyNode.scalar?.string else {
                throw .malformed(path: path, line: line, reason: "a key is a list or a mapping")
            }
            guard let key = RecipeKey.all.first(where: { $0.name == name }) else {
                throw .unknownKey(path: path, line: line, found: name, nearest: RecipeKey.nearest(to: name))
            }
            lines[name] = line
            guard let value = RecipeNode(valueNode), key.read(value, &self) else {
                let place = RecipeError.place(path: path, line: line) + ": " + name
                throw .invalid(place: place, found: Self.describe(valueNode), expected: key.expected)
            }
        }
        origin = .file(path: path, lines: lines)
    }

    /// The document's keys and values; none where it is empty.
    private static func root(of yaml: String, path: String) throws(RecipeError) -> [(key: Node, value: Node)] {
        let document: Node?
        do {
            document = try compose(yaml: yaml)
        } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
            throw .malformed(
                path: path, line: context.mark.line, reason: "given twice: \(keys.joined(separator: ", "))")
        } catch YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _)
        {
            throw .malformed(path: path, line: mark.line, reason: problem)
        } catch {
            throw .malformed(path: path, line: nil, reason: "this is not YAML (\(error))")
        }
        guard let document else { return [] }
        guard let mapping = document.mapping else {
            throw .malformed(path: path, line: document.mark?.line, reason: "found \(describe(document))")
        }
        return Array(mapping)
    }

    private static func describe(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar):
            if scalar.style == .plain { return scalar.string.isEmpty ? "empty" : scalar.string }
            return "the text \"\(scalar.string)\""
        case .mapping: return "a mapping"
        case .sequence: return "a list"
        case .alias: return "an alias"
        }
    }
}

extension RecipeNode {
    /// nil where a key is not a single value, or the node is an alias.
    fileprivate init?(_ node: Node) {
        switch node {
        case .scalar(let scalar):
            self = .text(RecipeText(text: scalar.string, isQuoted: scalar.style != .plain))
        case .sequence(let sequence):
            let nodes = sequence.compactMap { RecipeNode($0) }
            guard nodes.count == sequence.count else { return nil }
            self = .list(nodes)
        case .mapping(let mapping):
            var entries: [(key: String, value: RecipeNode)] = []
            for (key, value) in mapping {
                guard let key = key.scalar?.string, let value = RecipeNode(value) else { return nil }
                entries.append((key, value))
            }
            self = .map(entries)
        case .alias: return nil
        }
    }
}

extension Recipe {
    /// The recipe as YAML that resolves to the same recipe: everything that is not left to model, dataset or machine.
    package func yaml() -> String {
        let values = overrides
        return RecipeKey.all.compactMap { key in
            key.print(values).map { "\(key.name): \($0)\n" }
        }.joined()
    }
}
