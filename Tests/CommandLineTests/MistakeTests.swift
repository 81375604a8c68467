import CommandSupport
import Engine
import Foundation
import Testing

/// Mistakes of users, alone and under mpirun: each gives one clear error and an exit code other than 0, and no hang.
@Suite("A mistake", .serialized)
struct MistakeTests {
    /// A command line that cannot work, and the text that its one error must contain.
    struct Mistake: CustomTestStringConvertible, Sendable {
        let name: String
        let arguments: @Sendable (Commands) throws -> [String]
        let words: [String]
        var status: Int32 = 1

        var testDescription: String { name }
    }

    static let mistakes = [
        Mistake(
            name: "a wrong flag", arguments: { _ in ["--modle", "lenet"] }, words: ["--modle", "--model"], status: 64),
        Mistake(
            name: "a wrong flag of a subcommand", arguments: { _ in ["bench", "--model", "lenet", "--epochs", "1"] },
            words: ["--epochs"], status: 64),
        Mistake(
            name: "a value of the wrong kind", arguments: { _ in ["--model", "lenet", "--batch-size", "many"] },
            words: ["many", "--batch-size"], status: 64),
        Mistake(
            name: "a value out of range", arguments: { _ in ["--model", "lenet", "--lr", "-1"] },
            words: ["--lr", "-1", "above 0"]),
        Mistake(
            name: "a batch that no machine holds",
            arguments: { _ in
                ["--model", "vgg16", "--data", "synthetic", "--image-size", "4096", "--batch-size", "1000000"]
            }, words: ["memory", "--image-size", "GiB"]),
        Mistake(
            name: "threads without end", arguments: { _ in ["bench", "--model", "lenet", "--threads", "100000"] },
            words: ["--threads", "100000", "1024"], status: 64),
        Mistake(
            name: "numbers that overflow",
            arguments: { _ in ["plan", "--model", "lenet", "--batch-size", "9000000000000000000"] },
            words: ["--batch-size", "1000000"], status: 64),
        Mistake(
            name: "a measurement that is none",
            arguments: { commands in
                let line =
                    #"{"measurement": {"model": "m", "samples": 8, "threads": 1, "local_ranks": 0, "cores": 2, "#
                    + #""events": [], "rest_seconds": 1, "update_seconds": 1, "gradients": 8, "step_seconds": [2]}}"#
                try commands.write(Array(line.utf8), to: "m.json")
                return ["plan", "--measured", "m.json"]
            }, words: ["m.json", "local_ranks", "0", "4096"]),
        Mistake(name: "nothing at all", arguments: { _ in [] }, words: ["--model"], status: 64),
        Mistake(name: "no model", arguments: { _ in ["--epochs", "1"] }, words: ["--model"]),
        Mistake(
            name: "an unknown model", arguments: { _ in ["--model", "resnet81"] }, words: ["resnet81", "resnet18"]),
        Mistake(
            name: "an unknown model option",
            arguments: { _ in ["--model", "densenet121", "--model-option", "growthrate=12"] },
            words: ["growthrate", "growth_rate"]),
        Mistake(
            name: "a model option without a value",
            arguments: { _ in ["--model", "densenet121", "--model-option", "growth_rate"] },
            words: ["--model-option", "growth_rate", "key=value"], status: 64),
        Mistake(
            name: "an unknown scheme", arguments: { _ in ["--model", "lenet", "--init-scheme", "he_norml"] },
            words: ["he_norml", "he_normal"]),
        Mistake(
            name: "channels that the data has not",
            arguments: { ["--model", "lenet", "--data", try $0.tinyData(), "--model-option", "input_channels=3"] },
            words: ["input_channels", "3", "1 channel"]),
        Mistake(
            name: "a prefix that no parameter has",
            arguments: { ["--model", "lenet", "--data", try $0.tinyData(), "--freeze", "features"] },
            words: ["--freeze", "features"]),
        Mistake(
            name: "weights of PyTorch",
            arguments: { commands in
                try commands.write([0x50, 0x4B, 3, 4, 0, 0, 0, 0, 0, 0], to: "w.pth")
                return ["--model", "lenet", "--data", try commands.tinyData(), "--init", "w.pth"]
            }, words: ["w.pth", "zip archive cannot be opened"]),
        Mistake(
            name: "an unknown dataset", arguments: { _ in ["--model", "lenet", "--data", "shaeps"] },
            words: ["shaeps", "shapes"]),
        Mistake(
            name: "missing data",
            arguments: { ["--model", "lenet", "--data", "fashion-mnist:\($0.folder)"] },
            words: ["train-images-idx3-ubyte", "fashion-mnist"]),
        Mistake(
            name: "a truncated file of images",
            arguments: { commands in
                let data = try commands.tinyData()
                let file = commands.folder + "/train-images-idx3-ubyte"
                try Data(contentsOf: URL(filePath: file)).dropLast(100).write(to: URL(filePath: file))
                return ["--model", "lenet", "--data", data]
            }, words: ["train-images-idx3-ubyte", "cut short"]),
        Mistake(
            name: "a missing recipe", arguments: { _ in ["--config", "missing.yaml"] }, words: ["missing.yaml"]),
        Mistake(
            name: "an unknown key in a recipe",
            arguments: { commands in
                try commands.write(Array("model: lenet\nepoch: 3\n".utf8), to: "recipe.yaml")
                return ["--config", "recipe.yaml"]
            }, words: ["recipe.yaml:2", "epoch", "epochs"]),
        Mistake(
            name: "a recipe that includes itself",
            arguments: { commands in
                try commands.write(Array("include: recipe.yaml\n".utf8), to: "recipe.yaml")
                return ["--config", "recipe.yaml"]
            }, words: ["recipe.yaml:1", "include", "recipe.yaml -> recipe.yaml"]),
        Mistake(
            name: "a key that is set and given",
            arguments: { _ in ["--model", "lenet", "--lr", "1", "--set", "lr=2"] },
            words: ["lr", "--set", "--lr"]),
        Mistake(
            name: "nothing to resume",
            arguments: { ["--model", "lenet", "--data", try $0.tinyData(), "--output", "none", "--resume", "none"] },
            words: ["none", "no such file"]),
        Mistake(
            name: "a missing checkpoint",
            arguments: { ["evaluate", "--checkpoint", "missing.safetensors.zst", "--data", try $0.tinyData()] },
            words: ["missing.safetensors.zst", "no such file"]),
        Mistake(
            name: "an unreadable checkpoint",
            arguments: { commands in
                try commands.write([0x28, 0xB5, 0x2F, 0xFD, 1, 2, 3, 4, 5, 6], to: "bad.safetensors.zst")
                return ["evaluate", "--checkpoint", "bad.safetensors.zst", "--data", try commands.tinyData()]
            }, words: ["bad.safetensors.zst"]),
        Mistake(
            name: "a checkpoint that is none",
            arguments: { commands in
                try commands.write(Array("hello, this is a text".utf8), to: "note.txt")
                return ["evaluate", "--checkpoint", "note.txt", "--data", try commands.tinyData()]
            }, words: ["note.txt", "not a checkpoint"]),
        Mistake(
            name: "a format that nothing is exported to",
            arguments: { _ in ["export", "--format", "onxn", "--checkpoint", "c.zst", "--output", "m"] },
            words: ["onxn", "--format", "'onnx'"], status: 64),
        Mistake(
            name: "an export that goes nowhere", arguments: { _ in ["export", "--checkpoint", "c.zst"] },
            words: ["--output"], status: 64),
        Mistake(
            name: "an export of a missing checkpoint",
            arguments: { _ in ["export", "--checkpoint", "missing.safetensors.zst", "--output", "m.onnx"] },
            words: ["missing.safetensors.zst", "no such file"]),
        Mistake(
            name: "an output folder that cannot be made",
            arguments: { commands in
                try commands.write([], to: "file")
                return ["--model", "lenet", "--data", try commands.tinyData(), "--output", "file/run"]
            }, words: ["file/run"]),
        Mistake(
            name: "a loss that is no number",
            arguments: {
                [
                    "--model", "lenet", "--data", try $0.tinyData(), "--batch-size", "8", "--lr", "1e38", "--output",
                    "run",
                ]
            }, words: ["step 2", "--lr"]),
    ]

    @Test("a mistake is reported once by two ranks, and ends both", arguments: mistakes)
    func underMPI(mistake: Mistake) throws {
        let commands = try Commands()
        let outcome = try commands.run(try mistake.arguments(commands), ranks: 2)
        expect(outcome, mistake)
        #expect(outcome.seconds < 30)
    }

    @Test("a mistake is reported by a single process", arguments: mistakes)
    func alone(mistake: Mistake) throws {
        let commands = try Commands()
        let outcome = try commands.run(try mistake.arguments(commands))
        expect(outcome, mistake)
    }

    private func expect(_ outcome: Outcome, _ mistake: Mistake) {
        #expect(outcome.status == mistake.status, "\(outcome.errors)")
        #expect(outcome.complaints.count == 1, "\(outcome.errors)")
        #expect(outcome.complaints.first?.hasPrefix("cnn-train: ") == true)
        // The text that mpirun adds comes after.
        let said = outcome.errors.split(separator: "----------").first ?? ""
        for word in mistake.words { #expect(said.contains(word), "'\(word)' is missing: \(outcome.errors)") }
    }

    @Test("an instruction set that the CPU lacks is reported as a mistake, or the CPU has it")
    func instructionSet() throws {
        let commands = try Commands()
        let outcome = try commands.run(
            "--model", "lenet", "--data", try commands.tinyData(), "--steps", "1", "--batch-size", "8", "--isa",
            "avx512",
            ranks: 2)
        if Backend.avx512.isSupported {
            #expect(outcome.status == 0, "\(outcome.errors)")
        } else {
            #expect(outcome.status == 1)
            #expect(outcome.complaints.count == 1)
            #expect(outcome.errors.contains("avx512"))
        }
    }
}
