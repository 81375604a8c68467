import CommandSupport
import Foundation
import Testing

/// The subcommands of `cnn-train checkpoint` on the files of a run.
@Suite("cnn-train checkpoint", .serialized)
struct CheckpointTests {
    private let commands: Commands
    /// Two checkpoints, the older first.
    private let files: [String]

    init() throws {
        commands = try Commands()
        let data = try commands.tinyData()
        let outcome = try commands.run([
            "--model", "lenet_bn", "--data", data, "--batch-size", "20", "--threads", "1", "--epochs", "2", "--output",
            "run",
        ])
        try #require(outcome.status == 0, "\(outcome.errors)")
        files = try FileManager.default.contentsOfDirectory(atPath: "\(commands.folder)/run/checkpoints")
            .filter { $0.hasSuffix(".zst") }.sorted().map { "run/checkpoints/" + $0 }
        try #require(
            files == [
                "run/checkpoints/step-000000002.safetensors.zst", "run/checkpoints/step-000000004.safetensors.zst",
            ])
    }

    private func run(_ arguments: String..., status: Int32 = 0) throws -> [String] {
        let outcome = try commands.run(["checkpoint"] + arguments)
        #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
        return outcome.output.split(separator: "\n").map(String.init)
    }

    private func object(_ line: String?) throws -> [String: Any] {
        let json = try JSONSerialization.jsonObject(with: Data(try #require(line).utf8))
        return try #require(json as? [String: Any])
    }

    @Test("verify reports each file of a folder; a broken one is named and makes the exit code 1")
    func verify() throws {
        let lines = try run("verify", "run")
        #expect(lines.count == 2 && lines.allSatisfy { $0.contains(": holds: lenet_bn, step ") })
        let path = commands.folder + "/" + files[0]
        try commands.write(Array(try Data(contentsOf: URL(filePath: path))).dropLast(), to: files[0])
        let broken = try run("verify", "run", "--json", status: 1).map { try object($0) }
        #expect(broken.map { $0["holds"] as? Bool } == [false, true])
        #expect(broken.map { $0["step"] as? Int } == [nil, 4])
        #expect((broken[0]["problem"] as? String)?.hasPrefix(files[0] + ": the checkpoint is damaged") == true)
        _ = try run("verify", files[1])
        _ = try run("verify", files[0], status: 1)
    }

    @Test("verify of a folder without checkpoints is an error, even beside a folder with some")
    func verifyNothing() throws {
        try FileManager.default.createDirectory(
            atPath: commands.folder + "/empty/below", withIntermediateDirectories: true)
        for ranks in [nil, 2] {
            let outcome = try commands.run(["checkpoint", "verify", "empty", "run"], ranks: ranks)
            #expect(outcome.status == 1)
            #expect(outcome.output.split(separator: "\n").count == 2)
            #expect(outcome.complaints.count == 1)
            #expect(outcome.complaints.first?.hasPrefix("cnn-train: empty: no checkpoint is in this folder") == true)
        }
    }

    @Test("no command ends with an empty message", arguments: [nil, 2])
    func noEmptyMessages(ranks: Int?) throws {
        try commands.write([1], to: "broken.safetensors.zst")
        let verified = try commands.run(["checkpoint", "verify", "broken.safetensors.zst", "run"], ranks: ranks)
        #expect(verified.status == 1 && verified.output.hasPrefix("broken.safetensors.zst: "))
        #expect(verified.complaints.count == 1)
        #expect(verified.complaints.first?.hasPrefix("cnn-train: 1 of 3 files does not hold: ") == true)
        let compared = try commands.run(["checkpoint", "diff"] + files, ranks: ranks)
        #expect(compared.status == 1 && compared.complaints == [])
        let refused = try commands.run(
            ["checkpoint", "export", "run", "--averaged", "--output", "w.safetensors"], ranks: ranks)
        #expect(refused.status == 64 && refused.complaints.count == 1)
    }

    @Test("inspect shows metadata, digest and tensors of a file, or of the newest one in a folder")
    func inspect() throws {
        let report = try object(try run("inspect", "run", "--json").first)
        let metadata = try #require(report["metadata"] as? [String: String])
        #expect(metadata["step"] == "4" && metadata["model"] == "lenet_bn" && metadata["format_version"] == "1")
        let log = try String(contentsOfFile: "\(commands.folder)/run/metrics.jsonl", encoding: .utf8)
        let digest = try #require(report["parameters_sha256"] as? String)
        #expect(log.contains("\"parameters_sha256\": \"\(digest)\""))
        let tensors = try #require(report["tensors"] as? [[String: Any]])
        #expect(tensors.contains { $0["name"] as? String == "training.optimizer.momentum.0.weight" })
        let text = try run("inspect", files[0]).joined(separator: "\n")
        #expect(text.contains("step: 2\n") && text.contains("0.weight"))
    }

    @Test("diff ends with 0 for equal files and with 1 for others, and prints the differences")
    func diff() throws {
        let same = try object(try run("diff", files[1], "run", "--json").first)
        #expect((same["tensors"] as? [Any])?.isEmpty == true && same["same"] as? Int ?? 0 > 10)
        let other = try object(try run("diff", files[0], files[1], "--json", status: 1).first)
        #expect((other["metadata"] as? [[String: Any]])?.contains { $0["key"] as? String == "step" } == true)
        #expect((other["tensors"] as? [[String: Any]])?.contains { $0["largest"] as? Double ?? 0 > 0 } == true)
        let text = try run("diff", "--weights", files[0], files[1], status: 1)
        #expect(
            text.contains { $0.hasPrefix("0.weight: 150 of 150 numbers differ, by ") }
                && !text.contains { $0.contains("training.") })
    }

    @Test("the mean of a checkpoint with itself is itself, and the mean of two lies between them and can be evaluated")
    func average() throws {
        _ = try run("average", files[1], files[1], "--output", "a.safetensors.zst")
        #expect(try run("diff", "--weights", files[1], "a.safetensors.zst").count == 1)
        let line = try run("average", files[0], files[1], "--output", "b.safetensors.zst", "--json").first
        #expect(try object(line)["files"] as? String == "2")
        _ = try run("diff", "--weights", files[1], "b.safetensors.zst", status: 1)
        let evaluated = try commands.run("evaluate", "--checkpoint", "b.safetensors.zst")
        #expect(evaluated.status == 0, "\(evaluated.errors)")
    }

    @Test("export writes only the network's tensors")
    func export() throws {
        // Two convolutions, three linear layers, four norms of five tensors each.
        #expect(try run("export", "run", "--output", "w.safetensors") == ["w.safetensors: 30 tensors"])
        #expect(try run("diff", "--weights", "w.safetensors", files[1]).count == 1)
        let outcome = try commands.run("checkpoint", "export", "run", "--averaged", "--output", "w.safetensors")
        #expect(outcome.status != 0 && outcome.errors.contains("no averages"))
    }
}
