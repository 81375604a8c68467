import CommandSupport
import Foundation
import Testing

/// `cnn-train config`, and recipes that are made of several files.
@Suite("Recipes on the command line", .serialized)
struct ConfigTests {
    private let commands: Commands

    init() throws {
        commands = try Commands()
        try write("include: base.yaml\nmodel: lenet\nlr: 0.5\n", "a.yaml")
        try write("momentum: 0.5\nduration: 3epochs\n", "base.yaml")
        try write("include: base.yaml\nmodel: lenet\nlr: 1\nseed: 4\n", "b.yaml")
        try write("model: lenett\n", "model.yaml")
        try write("lr: fast\nepoch: 1\nbatch_size: 0\n", "wrong.yaml")
    }

    private func write(_ text: String, _ name: String) throws { try commands.write(Array(text.utf8), to: name) }

    @Test("recipes are shown with the file and line, flag or default of each value, and run again as shown")
    func show() throws {
        let outcome = try commands.run("config", "show", "a.yaml", "--lr", "2", "--set", "seed=7")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let lines = outcome.output.split(separator: "\n").map { $0.split(separator: "#", maxSplits: 1) }
        let origins = Dictionary(
            uniqueKeysWithValues: lines.map { ($0[0].trimmingCharacters(in: .whitespaces), $0[1]) })
        #expect(origins["model: lenet"] == " a.yaml:2" && origins["momentum: 0.5"] == " base.yaml:1")
        #expect(origins["epochs: 3"] == " base.yaml:2" && origins["lr: 2.0"] == " --lr")
        #expect(origins["seed: 7"] == " --set seed" && origins["nesterov: false"] == " default")
        try write(outcome.output, "shown.yaml")
        let again = try commands.run("config", "diff", "shown.yaml", "a.yaml", "--json")
        #expect(again.status == 1)
        let keys = try #require(try JSONSerialization.jsonObject(with: Data(again.output.utf8)) as? [[String: Any]])
        #expect(keys.compactMap { $0["key"] as? String } == ["seed", "lr"])
    }

    @Test("a recipe of several files, of which the last wins, is shown, as JSON too")
    func layers() throws {
        let outcome = try commands.run("config", "show", "a.yaml", "b.yaml", "--json")
        let rows = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [[String: String]])
        #expect(rows.contains(["key": "lr", "value": "1.0", "from": "b.yaml:3"]))
        #expect(rows.contains(["key": "momentum", "value": "0.5", "from": "base.yaml:1"]))
    }

    @Test("config check names everything that is wrong with a recipe and exits with 1")
    func check() throws {
        let sound = try commands.run("config", "check", "a.yaml", "base.yaml")
        #expect(sound.status == 0, "\(sound.errors)")
        #expect(
            sound.output == """
                a.yaml: holds: a recipe for lenet
                base.yaml: holds: for other files to include, for it names no model

                """)
        let broken = try commands.run("config", "check", "a.yaml", "wrong.yaml", "model.yaml", "missing.yaml")
        #expect(broken.status == 1)
        let lines = broken.output.split(separator: "\n")
        let heads = [
            "a.yaml: holds", "wrong.yaml:1: lr is fast; expected a number above 0",
            "wrong.yaml:2: there is no key epoch",
            "wrong.yaml:3: batch_size is 0", "model.yaml: ", "missing.yaml: the recipe cannot be read",
        ]
        #expect(lines.count == heads.count)
        for (line, head) in zip(lines, heads) { #expect(line.hasPrefix(head), "\(line)") }
        #expect(lines.count > 4 && lines[4].contains("lenett") && lines[4].contains("lenet"))
        #expect(
            broken.errors == """
                cnn-train: 3 of 4 recipes do not hold: correct what is listed; docs/options.md has every key

                """)
    }

    @Test("the recipes of the project hold, and there is a network for each")
    func ours() throws {
        let folder = project.appending(path: "configs").path
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yaml") }
        let outcome = try commands.run(["config", "check"] + files.map { "\(folder)/\($0)" })
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(outcome.output.split(separator: "\n").allSatisfy { $0.contains(": holds: a recipe for ") })
    }

    @Test("config diff exits with 0 for equal recipes and with 1 for others")
    func diff() throws {
        let same = try commands.run("config", "diff", "a.yaml", "a.yaml")
        #expect(same.status == 0 && same.output == "the recipes are the same\n")
        let other = try commands.run("config", "diff", "a.yaml", "b.yaml")
        #expect(other.status == 1)
        #expect(
            other.output == """
                key   a.yaml  b.yaml  on resume
                seed  1       4       asked
                lr    0.5     1.0     asked

                """)
    }

    @Test("a recipe that includes others trains, and leaves one that stands by itself")
    func train() throws {
        let data = try commands.tinyData()
        let outcome = try commands.run(
            "--config", "a.yaml", "--config", "b.yaml", "--data", data, "--batch-size", "8", "--set", "duration=2steps",
            "--output", "run")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let kept = try String(contentsOfFile: commands.folder + "/run/config.yaml", encoding: .utf8)
        #expect(kept.contains("steps: 2\n") && kept.contains("momentum: 0.5\n") && !kept.contains("include"))
        #expect(kept.contains("lr: 1.0\n") && !kept.contains("duration"))
    }
}
