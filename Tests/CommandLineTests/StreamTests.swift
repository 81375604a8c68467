import Checkpoints
import CommandSupport
import Foundation
import Testing

/// Standard output and standard error that nobody reads, that are full, or that are closed.
@Suite("Standard streams", .serialized)
struct StreamTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    private func training(_ output: String) throws -> String {
        "\"$BINARY\" --model lenet --data '\(try commands.tinyData())' --batch-size 16 --threads 1 --epochs 2 "
            + "--output \(output)"
    }

    private func isComplete(_ output: String) throws -> Bool {
        let log = try String(contentsOfFile: "\(commands.folder)/\(output)/metrics.jsonl", encoding: .utf8)
        let checkpoints = try FileManager.default.contentsOfDirectory(
            atPath: "\(commands.folder)/\(output)/checkpoints")
        return log.contains("\"kind\": \"final\"") && checkpoints.contains { $0.hasSuffix(".safetensors.zst") }
    }

    @Test("a run goes on, saves and ends with 0 when nobody reads what it says, and says so once")
    func gone() throws {
        let outcome = try commands.run(script: "{ \(try training("gone")); echo \"code $?\" >&2; } | head -1")
        #expect(outcome.errors.contains("code 0"), "\(outcome.errors)")
        #expect(outcome.complaints.count == 1 && outcome.errors.contains("its reader has gone. Training goes on"))
        #expect(try isComplete("gone"))
    }

    @Test(
        "a run goes on, saves and ends with 0 when its streams are full or closed",
        arguments: [
            (">/dev/full", 1), (">&-", 1), (">/dev/full 2>/dev/full", 0), (">&- 2>&- <&-", 0), ("2>&-", 0), ("<&-", 0),
        ])
    func unwritable(redirection: String, complaints: Int) throws {
        let outcome = try commands.run(script: "\(try training("run")) \(redirection)")
        #expect(outcome.status == 0)
        #expect(outcome.complaints.count == complaints, "\(outcome.errors)")
        #expect(try isComplete("run"))
        // No file that the run wrote took the number of a closed stream.
        let log = try String(contentsOfFile: "\(commands.folder)/run/metrics.jsonl", encoding: .utf8)
        #expect(log.split(separator: "\n").allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
    }

    private static let printing = [
        "models", "summary --model lenet", "--help", "launch -n 2 --dry-run train", "train --help",
        "config schema", "config show --model lenet",
    ]

    @Test("a command that prints ends quietly when its reader has what it wants", arguments: printing)
    func head(command: String) throws {
        let outcome = try commands.run(script: "{ \"$BINARY\" \(command); echo \"code $?\" >&2; } | head -c 1")
        #expect(outcome.errors == "code 0\n")
    }

    @Test("a command that prints fails when its words are lost", arguments: printing, [">/dev/full", ">&-"])
    func lost(command: String, redirection: String) throws {
        let outcome = try commands.run(script: "\"$BINARY\" \(command) \(redirection)")
        #expect(outcome.status == 1)
        #expect(outcome.complaints.count == 1 && outcome.errors.contains("standard output cannot be written: "))
    }

    @Test("an error that nobody can read still has its exit code", arguments: ["2>/dev/full", "2>&-", ">&- 2>&-"])
    func mute(redirection: String) throws {
        #expect(try commands.run(script: "\"$BINARY\" --modle lenet \(redirection)").status == 64)
        #expect(try commands.run(script: "\"$BINARY\" --model lenet81 \(redirection)").status == 1)
        #expect(try commands.run(script: "\"$BINARY\" checkpoint verify none \(redirection)").status == 1)
        #expect(try commands.run(script: "\"$BINARY\" launch --hosts a:x train \(redirection)").status == 1)
    }

    // MARK: Control characters

    private static let evil = "\u{1b}]0;owned\u{7}\u{1b}[31m\u{9b}2J\r\u{202e}\n0 of 1 files do not hold"

    private func checkpoint(named name: String) throws {
        let tensor = NamedTensor(name: name, shape: [1], storage: .float32([1]))
        try Checkpoint(tensors: [tensor], optimizer: [], metadata: ["a\(Self.evil)": Self.evil])
            .write(to: commands.folder + "/evil.safetensors.zst")
    }

    /// All that a terminal would obey, and line ends that a text brings along.
    private func isHarmless(_ outcome: Outcome) -> Bool {
        (outcome.output + outcome.errors).unicodeScalars.allSatisfy {
            $0 == "\n" || !(0..<0x20 ~= $0.value || 0x7F..<0xA0 ~= $0.value || $0 == "\u{202e}")
        } && !outcome.output.hasPrefix("0 of 1") && !outcome.output.contains("\n0 of 1")
            && !outcome.errors.contains("\n0 of 1")
    }

    @Test(
        "names and texts of files reach no terminal as they are",
        arguments: [
            "checkpoint inspect evil.safetensors.zst --json", "checkpoint verify evil.safetensors.zst",
            "checkpoint verify evil.safetensors.zst --json",
            "checkpoint diff evil.safetensors.zst other.safetensors.zst",
            "checkpoint diff evil.safetensors.zst other.safetensors.zst --json",
            "checkpoint import --model lenet --input evil.safetensors.zst --output w.safetensors.zst",
            "--model lenet --init evil.safetensors.zst", "evaluate --checkpoint evil.safetensors.zst",
            "predict --checkpoint evil.safetensors.zst x.png",
            "export --checkpoint evil.safetensors.zst --output x.onnx",
            "--config keys.yaml", "--config values.yaml", "plan --measured evil.json",
            "launch --hostfile hosts --dry-run train",
        ])
    func harmless(command: String) throws {
        try checkpoint(named: "weight\(Self.evil)")
        try Checkpoint(tensors: [], optimizer: [], metadata: [:]).write(to: commands.folder + "/other.safetensors.zst")
        let quoted = "\"\\e]0;owned\\a\\e[31m\\x9b\\r\\u202e\\n0 of 1\""
        try commands.write(Array("\(quoted): 1\n".utf8), to: "keys.yaml")
        try commands.write(Array("model: lenet\nbatch_norm: \(quoted)\n".utf8), to: "values.yaml")
        try commands.write(Array("a slots=\u{1b}[31m\u{9b}\n".utf8), to: "hosts")
        try commands.write(Array("{\"measurement\": \"\\u001b[31m\"}".utf8), to: "evil.json")
        let outcome = try commands.run(command.split(separator: " ").map(String.init))
        #expect(isHarmless(outcome), "\(outcome)")
        #expect(!(outcome.output + outcome.errors).isEmpty)
    }

    @Test("inspect shows what is in a name, and where its lines begin")
    func inspect() throws {
        try checkpoint(named: "weight\(Self.evil)")
        let outcome = try commands.run("checkpoint", "inspect", "evil.safetensors.zst")
        #expect(outcome.status == 0 && outcome.output.contains("weight\\u{1b}]0;owned\\u{7}\\u{1b}[31m\\u{9b}2J\\u{d}"))
        // The lines of a text with several stand apart.
        #expect(outcome.output.contains("\n  0 of 1 files do not hold\n"))
        #expect(isHarmless(outcome), "\(outcome)")
    }

    @Test("classes are called as their file says, but for what a terminal would obey")
    func classNames() throws {
        // One grey pixel.
        let picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
        try commands.write(Array(try #require(Data(base64Encoded: picture))), to: "picture.png")
        let trained = try commands.run(script: try training("run"))
        try #require(trained.status == 0, "\(trained.errors)")
        let folder = "\(commands.folder)/run/checkpoints/"
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).max())
        var checkpoint = try Checkpoint(contentsOf: folder + name)
        let names = checkpoint.metadata["class_names"] ?? ""
        let first = try #require(try JSONDecoder().decode([String].self, from: Data(names.utf8)).first)
        checkpoint.metadata["class_names"] = names.replacing(first, with: "\\u001b[31m\\n0 of 1 \u{9b}")
        try checkpoint.write(to: commands.folder + "/evil.safetensors.zst")
        for json in [[], ["--json"]] {
            let outcome = try commands.run(
                ["predict", "--checkpoint", "evil.safetensors.zst", "picture.png", "--top", "10"] + json)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(isHarmless(outcome), "\(outcome)")
            #expect(outcome.output.contains("[31m"))
        }
    }
}
