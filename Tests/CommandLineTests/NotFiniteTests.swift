import CImageCodecs
import Checkpoints
import CommandSupport
import Foundation
import Testing

/// Numbers that are infinite or none: an error that says where, exit code 1, and nothing that looks like a result.
@Suite("Numbers that are none, on the command line,", .serialized)
struct NotFiniteTests {
    private let commands: Commands
    private let data: String

    init() throws {
        commands = try Commands()
        data = try commands.tinyData()
    }

    private func train(_ arguments: String...) throws -> Outcome {
        try commands.run(["--data", data, "--steps", "1", "--threads", "1"] + arguments)
    }

    private func expectFailure(_ outcome: Outcome, _ words: String...) {
        #expect(outcome.status == 1, "\(outcome.errors)")
        let complaint = outcome.complaints.last ?? ""
        for word in words { #expect(complaint.contains(word), "\(outcome.errors)") }
    }

    /// A checkpoint of LeNet with a tensor's first number changed.
    private func spoiled(_ tensor: String, by value: Float) throws -> String {
        let made = try train("--model", "lenet", "--batch-size", "8", "--output", "run")
        try #require(made.status == 0, "\(made.errors)")
        let folder = commands.folder + "/run/checkpoints"
        let name = try #require(
            FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasSuffix(".zst") })
        var checkpoint = try Checkpoint(contentsOf: "\(folder)/\(name)")
        let index = try #require(checkpoint.tensors.firstIndex { $0.name == tensor })
        var values = try #require(checkpoint.tensors[index].floats)
        values[0] = value
        checkpoint.tensors[index] = NamedTensor(
            name: tensor, shape: checkpoint.tensors[index].shape, storage: .float32(values))
        try checkpoint.write(to: commands.folder + "/spoiled.zst")
        return "spoiled.zst"
    }

    private func writePicture() throws {
        let file = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
            count = codec_encode_png([UInt8](repeating: 90, count: 784), 28, 28, 1, buffer.baseAddress, buffer.count)
        }
        try commands.write(file, to: "p.png")
    }

    @Test("a file of weights that are no numbers is refused by every command", arguments: [Float.nan, .infinity])
    func weights(value: Float) throws {
        let path = try spoiled("3.bias", by: value)
        try writePicture()
        let uses = [
            ["predict", "--checkpoint", path, "p.png"], ["evaluate", "--checkpoint", path, "--data", data, "--json"],
            ["export", "--checkpoint", path, "--output", "x.onnx"],
            ["checkpoint", "average", path, path, "--output", "x.zst"],
            ["checkpoint", "import", "--model", "lenet", "--input", path, "--output", "x.zst"],
            ["--model", "lenet", "--data", data, "--batch-size", "8", "--steps", "1", "--init", path],
            ["--resume", path, "--model", "lenet", "--data", data, "--batch-size", "8", "--steps", "1"],
        ]
        for arguments in uses {
            let outcome = try commands.run(arguments)
            expectFailure(outcome, "spoiled.zst: 1 of the 16 numbers of 3.bias is infinite or not a number", "\(value)")
            #expect(outcome.complaints.count == 1 && !outcome.errors.contains("--lr"), "\(outcome.errors)")
            #expect(outcome.output.isEmpty, "\(outcome.output)")
        }
        // Which tensor it is can still be looked up.
        #expect(try commands.run("checkpoint", "inspect", path).status == 0)
    }

    @Test("images that are no numbers are refused")
    func shown() throws {
        let path = try spoiled("3.bias", by: 0.5)
        func show(_ value: Float) throws -> Outcome {
            let tensor = NamedTensor(
                name: "input", shape: [2, 1, 28, 28],
                storage: .float32([Float](repeating: 0.5, count: 784) + [Float](repeating: value, count: 784)))
            try Checkpoint(tensors: [tensor], optimizer: [], metadata: [:]).write(
                to: commands.folder + "/x.safetensors")
            return try commands.run("predict", "--checkpoint", path, "--input-tensor", "x.safetensors", "--json")
        }
        #expect(try show(0.25).status == 0)
        let bad = try show(.nan)
        expectFailure(bad, "x.safetensors: 784 of the 1,568 numbers of 'input' are infinite or not a number")
        #expect(bad.output.isEmpty)
    }

    @Test("finite weights whose results overflow end an evaluation and a prediction")
    func overflow() throws {
        // 84 sigmoids times such weights.
        let path = try spoiled("3.bias", by: 0.5)
        var checkpoint = try Checkpoint(contentsOf: commands.folder + "/" + path)
        let index = try #require(checkpoint.tensors.firstIndex { $0.name == "11.weight" })
        checkpoint.tensors[index] = NamedTensor(
            name: "11.weight", shape: [10, 84], storage: .float32([Float](repeating: 3e38, count: 840)))
        try checkpoint.write(to: commands.folder + "/" + path)
        try writePicture()
        let predicted = try commands.run("predict", "--checkpoint", path, "p.png", "--json")
        expectFailure(predicted, "p.png: a class score is inf", "weights are finite")
        let evaluated = try commands.run(["evaluate", "--checkpoint", path, "--data", data], ranks: 2)
        expectFailure(evaluated, "the loss over 12 samples of the evaluation is", "no accuracy", "earlier checkpoint")
        #expect(predicted.output.isEmpty && evaluated.output.isEmpty)
        #expect(evaluated.complaints.count == 1, "\(evaluated.errors)")
    }

    @Test("batch norms with two values of a channel are warned of once before numbers that are none end the run")
    func fewNormValues() throws {
        let outcome = try train("--model", "densenet121", "--image-size", "32", "--batch-size", "2")
        #expect(outcome.complaints.filter { $0.contains("warning: batch norm sees only 2 values") }.count == 1)
        #expect(outcome.errors.contains("features.denseblock4.denselayer1.norm1 and 32 others"), "\(outcome.errors)")
        expectFailure(outcome, "the loss over 12 samples of the evaluation is", "larger --batch-size")
        #expect(outcome.complaints.count == 2 && !outcome.output.contains("Test accuracy"))
    }
}
