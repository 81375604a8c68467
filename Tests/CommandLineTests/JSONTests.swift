import CommandSupport
import Foundation
import Testing

/// docs/json.md beside what programs really get.
@Suite("docs/json.md", .serialized)
struct JSONTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    /// The keys that the page has under a heading, in the first column of a table.
    private func documented(under heading: String) throws -> Set<String> {
        let page = try String(contentsOf: project.appending(path: "docs/json.md"), encoding: .utf8)
        let level = heading.prefix { $0 == "#" } + " "
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0 == heading }, "docs/json.md has no section \(heading)")
        let section = lines[(start + 1)...].prefix { !$0.hasPrefix(level) }
        return Set(section.compactMap { line in line.firstMatch(of: /^\| `([^`]+)` \|/).map { String($0.1) } })
    }

    /// `a`, `a[].b`, `a[][]`: the ways to all values of an object that are neither object nor array.
    private func keys(of value: Any, at path: String = "") -> Set<String> {
        switch value {
        case let object as [String: Any]:
            object.reduce(into: []) { $0.formUnion(keys(of: $1.value, at: (path.isEmpty ? "" : path + ".") + $1.key)) }
        case let array as [Any]:
            array.reduce(into: []) { $0.formUnion(keys(of: $1, at: path + "[]")) }
        default: [path]
        }
    }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private func train(_ flags: String...) throws {
        let outcome = try commands.run(
            [
                "--model", "lenet", "--data", try commands.tinyData(), "--batch-size", "16", "--threads", "1",
                "--output", "run", "--average-weights", "0.9", "--test-augment", "flip",
            ] + flags, ranks: 2)
        try #require(outcome.status == 0, "\(outcome.errors)")
    }

    private var lines: [[String: Any]] {
        get throws {
            try String(contentsOfFile: commands.folder + "/run/metrics.jsonl", encoding: .utf8)
                .split(separator: "\n").map { try object(String($0)) }
        }
    }

    @Test("docs/json.md has every key of every line that a run writes into its metrics, and no other")
    func metrics() throws {
        try train("--epochs", "2")
        var found: [String: Set<String>] = [:]
        for line in try lines {
            let kind = try #require(line["kind"] as? String)
            let heading = kind.hasSuffix("evaluation") ? "evaluation" : kind
            found[heading, default: []].formUnion(keys(of: line))
        }
        #expect(Set(found.keys) == ["train", "norms", "evaluation", "time", "final"])
        for (kind, keys) in found {
            // Said only where something else ended the run.
            #expect(try documented(under: "### `\(kind)`").subtracting(["stopped_by"]) == keys, "\(kind)")
        }
    }

    @Test("docs/json.md has the keys of the line that says how many steps fit into a time")
    func fitted() throws {
        try train("--time", "2s")
        let fitted = try #require(try lines.first { $0["kind"] as? String == "fitted" })
        #expect(try documented(under: "### `fitted`") == keys(of: fitted))
        let final = try #require(try lines.last)
        #expect(try documented(under: "### `final`") == keys(of: final))
    }

    @Test("docs/json.md has every key of an evaluation's details and of evaluate --json, and no other")
    func evaluation() throws {
        try train("--epochs", "1")
        let text = try String(contentsOfFile: commands.folder + "/run/evaluation.json", encoding: .utf8)
        // Left out where a sample is no file of its own.
        let names: Set = ["wrong[].name", "unsure[].name"]
        #expect(
            try documented(under: "## `evaluation.json`").subtracting(names)
                == keys(of: try object(text)).subtracting(names))
        let outcome = try commands.run("evaluate", "--checkpoint", "run", "--json", "--wrong", "3")
        #expect(
            try documented(under: "## `evaluate --json`").subtracting(names)
                == keys(of: try object(outcome.output)).subtracting(names), "\(outcome.errors)")
    }

    @Test("docs/json.md has every key of a run's facts, and no other")
    func facts() throws {
        try train("--epochs", "1")
        let text = try String(contentsOfFile: commands.folder + "/run/facts.json", encoding: .utf8)
        // Not every processor says its name.
        let name: Set = ["machine.processor"]
        #expect(
            try documented(under: "## `facts.json`").subtracting(name)
                == keys(of: try object(text)).subtracting(name))
    }
}

@Suite("cnn-train evaluate", .serialized)
struct EvaluateTests {
    private let commands: Commands

    /// A step of LeNet on few grey images.
    init() throws {
        commands = try Commands()
        let outcome = try commands.run(
            "--model", "lenet", "--data", try commands.tinyData(), "--batch-size", "16", "--threads", "1", "--steps",
            "1", "--output", "run")
        try #require(outcome.status == 0, "\(outcome.errors)")
    }

    @Test(
        "evaluate writes the confusion matrix that the run's details have, on any number of ranks",
        arguments: [nil, 2])
    func confusion(ranks: Int?) throws {
        let outcome = try commands.run(
            ["evaluate", "--checkpoint", "run", "--confusion", "matrix.csv"], ranks: ranks)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let rows = try String(contentsOfFile: commands.folder + "/matrix.csv", encoding: .utf8)
            .split(separator: "\r\n").map { $0.split(separator: ",").map(String.init) }
        let text = try Data(contentsOf: URL(filePath: commands.folder + "/run/evaluation.json"))
        struct Detail: Decodable { let classes: [String], confusion: [[Int]] }
        let detail = try JSONDecoder().decode(Detail.self, from: text)
        #expect(rows[0] == ["label"] + detail.classes && rows.dropFirst().map { $0[0] } == detail.classes)
        var entries: [[Int]] = []
        for (label, row) in rows.dropFirst().enumerated() {
            for (predicted, count) in row.dropFirst().enumerated() where count != "0" {
                entries.append([label, predicted, try #require(Int(count))])
            }
        }
        #expect(entries == detail.confusion)
    }

    @Test("evaluate names the pictures that are wrong, greatest loss first")
    func wrong() throws {
        let outcome = try commands.run("evaluate", "--checkpoint", "run", "--wrong", "4")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let rows = outcome.output.split(separator: "\n").filter { $0.contains(" taken for ") }
        #expect(rows.count == 4 && rows.allSatisfy { $0.contains("test sample ") }, "\(outcome.output)")
        let losses = try rows.map { try #require(Double($0.split(separator: " ")[0])) }
        #expect(losses == losses.sorted(by: >))
        let refused = try commands.run("evaluate", "--checkpoint", "run", "--wrong", "0")
        #expect(refused.status == 64 && refused.errors.contains("--wrong"))
    }
}
