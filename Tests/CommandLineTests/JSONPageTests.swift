import CommandSupport
import Foundation
import Testing

/// The keys of a section of docs/json.md.
private struct JSONSchema {
    /// `layers[].name`, and whether it may be left out.
    private let keys: [(path: String, isOptional: Bool)]

    /// - Parameter heading: of the section, without its marks.
    init(heading: String, page: String) {
        let section = page.components(separatedBy: "\n## ").first { $0.hasPrefix("`\(heading)`\n") } ?? ""
        keys = section.split(separator: "\n").compactMap { line in
            guard let match = line.wholeMatch(of: /\| `([^`]+)` \| (.+) \|/) else { return nil }
            return (String(match.1), match.2.contains("*not always*"))
        }
    }

    var isEmpty: Bool { keys.isEmpty }

    /// Returns the keys in which objects differ from the section, in words.
    func misfits(_ objects: [Any]) -> [String] {
        let found = objects.map { object in
            var paths: Set<String> = []
            Self.collect(object, "", into: &paths)
            return paths
        }
        let unknown = found.reduce(into: Set()) { $0.formUnion($1) }.filter { path in
            !keys.contains { Self.covers($0.path, path) }
        }
        let missing = keys.filter { key in
            !key.isOptional && found.contains { paths in !paths.contains { Self.covers(key.path, $0) } }
        }
        return unknown.sorted().map { "\($0) is not on the page" } + missing.map { "\($0.path) is not there" }
    }

    /// Whether a key of the page says what is at a path: that itself, or something that it has in it.
    private static func covers(_ key: String, _ path: String) -> Bool {
        let key = key.hasSuffix("{}") ? String(key.dropLast(2)) : key
        // An empty list has none of the keys of its objects.
        let isOfEmptyList = path.hasSuffix("[]") && key.hasPrefix(path + ".")
        return path == key || path.hasPrefix(key + ".") || path.hasPrefix(key + "[]") || isOfEmptyList
    }

    private static func collect(_ value: Any, _ path: String, into paths: inout Set<String>) {
        switch value {
        case let object as [String: Any]:
            for (key, value) in object { collect(value, path.isEmpty ? key : path + "." + key, into: &paths) }
        case let list as [Any]:
            if list.isEmpty { paths.insert(path + "[]") }
            for value in list { collect(value, path + "[]", into: &paths) }
        default: paths.insert(path)
        }
    }
}

@Suite("docs/json.md", .serialized)
struct JSONPageTests {
    private let commands: Commands
    private let page: String

    init() throws {
        commands = try Commands()
        page = try String(contentsOf: project.appending(path: "docs/json.md"), encoding: .utf8)
        try DrawnPhotographs.write([8, 8, 8], to: commands.folder + "/photos", side: 32)
    }

    /// The objects that a command prints: one, one a line, or those of an array.
    private func objects(_ output: String) throws -> [Any] {
        func parsed(_ text: String) throws -> [Any] {
            let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
            return value as? [Any] ?? [value]
        }
        if let whole = try? parsed(output) { return whole }
        return try output.split(separator: "\n").flatMap { try parsed(String($0)) }
    }

    @Test("every command prints the keys that the page has for it, and no others")
    func commandsAndPage() throws {
        for (run, rate) in [("a", "0.1"), ("b", "0.2")] {
            let outcome = try commands.run(
                "--model", "lenet_bn", "--data", "photos", "--image-size", "32", "--batch-size", "8", "--steps", "2",
                "--lr", rate, "--output", run)
            try #require(outcome.status == 0, "\(outcome.errors)")
        }
        // Status 1 says that something differs.
        let lines: [(heading: String, arguments: String, status: Int32)] = [
            ("models --json", "models", 0),
            ("summary --json", "summary --model lenet_bn", 0),
            ("bench --json", "bench --model lenet_bn --steps 2", 0),
            ("bench --json", "bench --model lenet_bn --steps 2 --data photos --profile", 0),
            ("plan --json", "plan --model lenet_bn --nodes 2", 0),
            ("launch --dry-run --json", "launch -n 2 --dry-run models", 0),
            ("evaluate --json", "evaluate --checkpoint a", 0),
            ("evaluate --json", "evaluate --checkpoint a --wrong 2", 0),
            ("predict --json", "predict --checkpoint a photos/discs/1.png", 0),
            ("predict --json", "predict --checkpoint a photos --logits", 0),
            ("checkpoint inspect --json", "checkpoint inspect a", 0),
            ("checkpoint verify --json", "checkpoint verify a", 0),
            ("checkpoint diff --json", "checkpoint diff a b", 1),
            ("config show --json", "config show a/config.yaml", 0),
            ("config check --json", "config check a/config.yaml", 0),
            ("config diff --json", "config diff a b", 1),
            ("data inspect --json", "data inspect photos", 0),
            ("data stats --json", "data stats photos", 0),
            ("data verify --json", "data verify photos", 0),
            ("data pack --json", "data pack photos packed", 0),
            ("runs list --json", "runs list .", 0),
            ("runs list --json", "runs query epochs>=1 --in .", 0),
            ("runs compare --json", "runs compare a b", 0),
        ]
        for line in lines {
            let schema = JSONSchema(heading: line.heading, page: page)
            #expect(!schema.isEmpty, "docs/json.md has no section `\(line.heading)`")
            let words = line.arguments.split(separator: " ").map(String.init)
            // Behind its own options launch takes all for the command.
            let outcome = try commands.run(
                words.first == "launch" ? ["launch", "--json"] + words.dropFirst() : words + ["--json"])
            #expect(outcome.status == line.status, "\(line.arguments): \(outcome.errors)")
            #expect(schema.misfits(try objects(outcome.output)).isEmpty, "\(line.arguments): \(outcome.output)")
        }
    }

    @Test("a key that is not on the page and one that is missing are found")
    func misfits() {
        let page = "\n## `a --json`\n\n| `x` | one |\n| `y[].z` | two |\n| `w` | three; *not always* |\n"
        let schema = JSONSchema(heading: "a --json", page: page)
        #expect(schema.misfits([["x": 1, "y": [["z": 1]], "w": 2] as [String: Any]]).isEmpty)
        #expect(schema.misfits([["x": 1, "y": []] as [String: Any]]).isEmpty)
        #expect(schema.misfits([["x": 1, "y": [["z": 1]], "v": 2] as [String: Any]]) == ["v is not on the page"])
        #expect(schema.misfits([["y": [["z": 1]]] as [String: Any]]) == ["x is not there"])
    }
}
