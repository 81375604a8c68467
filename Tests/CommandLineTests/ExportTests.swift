import Checkpoints
import CommandSupport
import Foundation
import SwiftProtobuf
import Testing

@testable import Exports

/// A checkpoint's network on its way to other programs.
@Suite("cnn-train export", .serialized)
struct ExportTests {
    private let commands: Commands
    private let checkpoint: String

    /// Two steps of LeNet with norms on few grey images.
    init() throws {
        commands = try Commands()
        checkpoint = try Self.checkpoint(commands, output: "run", ["--model", "lenet_bn"])
    }

    private static func checkpoint(_ commands: Commands, output: String, _ model: [String]) throws -> String {
        let data = try commands.tinyData()
        let outcome = try commands.run(
            model + ["--data", data, "--batch-size", "16", "--threads", "1", "--steps", "2", "--output", output])
        try #require(outcome.status == 0, "\(outcome.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(commands.folder)/\(output)/checkpoints")
        return "\(output)/checkpoints/" + (try #require(names.filter { $0.hasSuffix(".zst") }.max()))
    }

    private func export(_ checkpoint: String, _ flags: String...) throws -> ONNXModelProto {
        let outcome = try commands.run(
            ["export", "--format", "onnx", "--checkpoint", checkpoint, "--output", "m.onnx"] + flags)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let model = try ONNXModelProto(serializedBytes: try bytes("m.onnx"))
        #expect(outcome.output.hasPrefix("m.onnx: \(model.graph.name), \(model.graph.node.count) nodes, "))
        try expectWhole(model)
        return model
    }

    private func bytes(_ file: String) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(commands.folder)/\(file)"))
    }

    private func tensors(_ checkpoint: String) throws -> [String: NamedTensor] {
        let tensors = try Checkpoint(contentsOf: "\(commands.folder)/\(checkpoint)").tensors
        return Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
    }

    /// Every name is made once, before it is read, and everything made is read.
    private func expectWhole(_ model: ONNXModelProto) throws {
        #expect(model.irVersion == 8 && model.opsetImport.map(\.version) == [17])
        let graph = model.graph
        var made = Set(graph.input.map(\.name) + graph.initializer.map(\.name))
        try #require(made.count == graph.input.count + graph.initializer.count)
        var read: Set<String> = []
        for node in graph.node {
            #expect(made.isSuperset(of: node.input), "\(node.name) reads what is not there")
            read.formUnion(node.input)
            for output in node.output { #expect(made.insert(output).inserted, "\(output) is made twice") }
        }
        #expect(made.subtracting(read) == ["logits"] && graph.output.map(\.name) == ["logits"])
        for tensor in graph.initializer {
            let count: Int64 = tensor.dims.reduce(1, *)
            #expect(tensor.floatData.count == count, "\(tensor.name)")
        }
    }

    @Test("export writes the checkpoint's tensors bit by bit, what runs them, and what an image must go through")
    func plain() throws {
        let model = try export(checkpoint)
        #expect(model.graph.node.count { $0.opType == "BatchNormalization" } == 4)
        let own = try tensors(checkpoint).filter { $0.value.floats != nil }
        #expect(Set(model.graph.initializer.map(\.name)) == Set(own.keys))
        for tensor in model.graph.initializer {
            #expect(tensor.dims.map(Int.init) == own[tensor.name]?.shape)
            #expect(tensor.floatData.map(\.bitPattern) == own[tensor.name]?.floats?.map(\.bitPattern))
        }
        let metadata = Dictionary(uniqueKeysWithValues: model.metadataProps.map { ($0.key, $0.value) })
        #expect(metadata["model"] == "lenet_bn" && metadata["classes"] == "10" && metadata["image_size"] == "28")
        #expect(metadata["class_names"]?.contains("Ankle boot") == true)
        #expect(metadata["data"] == (try commands.tinyData()))
        #expect(metadata["mean"] == "[0.286]" && metadata["std"] == "[0.353]")
        #expect(metadata["shorter_side"] == "28" && metadata["interpolation"] == "bilinear")
        // The same file again, and over an older one.
        let first = try bytes("m.onnx")
        _ = try export(checkpoint)
        #expect(try bytes("m.onnx") == first)
    }

    @Test("export makes norms part of what is before them if asked, and then needs none of their tensors")
    func folded() throws {
        let (plain, folded) = (try export(checkpoint).graph, try export(checkpoint, "--fold-batch-norm").graph)
        #expect(folded.node.map(\.opType) == plain.node.map(\.opType).filter { $0 != "BatchNormalization" })
        let own = try tensors(checkpoint)
        let norms = Set(own.keys.filter { $0.hasSuffix("running_var") }.map { $0.dropLast("running_var".count) })
        #expect(norms.count == 4)
        #expect(!folded.initializer.contains { norms.contains($0.name.dropLast("weight".count)) })
        // Variances are far from 1 here, so weights before norms change; the head's, behind the last norm, do not.
        let changed = folded.initializer.filter { $0.floatData != own[$0.name]?.floats }
        #expect(changed.count == 8 && folded.initializer.count == 10)
    }

    @Test("export writes the network that the model options made")
    func options() throws {
        let checkpoint = try Self.checkpoint(
            commands, output: "dense",
            ["--model", "densenet_bc_100_12"]
                + ["growth_rate=2", "blocks=1,2", "activation=tanh", "head=conv1x1"].flatMap { ["--model-option", $0] })
        let graph = try export(checkpoint).graph
        // A stem, two convolutions in each of three layers, a transition, and the head.
        #expect(graph.node.count { $0.opType == "Conv" } == 9)
        #expect(graph.node.contains { $0.opType == "Tanh" } && !graph.node.contains { $0.opType == "Relu" })
        #expect(!graph.node.contains { $0.opType == "Gemm" })
        let dense = graph.initializer.first { $0.name == "features.denseblock1.denselayer1.conv2.weight" }
        #expect(dense?.dims == [2, 8, 3, 3])
    }

    @Test(
        "export says where nothing can be written and why, and leaves all as it is",
        arguments: [
            ("no/m.onnx", "No such file or directory"), ("run", "this is a folder"), ("file/m.onnx", "Not a directory"),
        ])
    func unwritable(output: String, reason: String) throws {
        try commands.write([1], to: "file")
        let before = try FileManager.default.subpathsOfDirectory(atPath: commands.folder).sorted()
        let outcome = try commands.run("export", "--checkpoint", checkpoint, "--output", output)
        #expect(outcome.status == 1 && outcome.complaints.count == 1 && outcome.output.isEmpty)
        #expect(
            outcome.errors.contains("cnn-train: \(output): ") && outcome.errors.contains(reason), "\(outcome.errors)")
        #expect(try FileManager.default.subpathsOfDirectory(atPath: commands.folder).sorted() == before)
    }

    @Test("export names the tensor that a checkpoint lacks, and writes nothing")
    func missingTensor() throws {
        let whole = try Checkpoint(contentsOf: "\(commands.folder)/\(checkpoint)")
        let name = try #require(whole.tensors.last { $0.name.hasSuffix("running_var") }?.name)
        try Checkpoint(
            tensors: whole.tensors.filter { $0.name != name }, optimizer: [], metadata: whole.metadata
        ).write(to: "\(commands.folder)/less.safetensors.zst")
        let outcome = try commands.run("export", "--checkpoint", "less.safetensors.zst", "--output", "m.onnx")
        #expect(outcome.status == 1 && outcome.complaints.count == 1)
        #expect(outcome.errors.contains("\(name) (84) is missing"), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: commands.folder + "/m.onnx"))
    }

    @Test("export needs the model of bare weights; they and imported ones take images to be photographs")
    func bareWeights() throws {
        let made = try commands.run("checkpoint", "export", checkpoint, "--output", "w.safetensors")
        try #require(made.status == 0)
        let outcome = try commands.run("export", "--checkpoint", "w.safetensors", "--output", "m.onnx")
        #expect(outcome.status == 1 && outcome.complaints.count == 1)
        #expect(outcome.errors.contains("w.safetensors") && outcome.errors.contains("--model"))
        let bare = try export("w.safetensors", "--model", "lenet_bn")
        #expect(bare.metadataProps.map(\.value).suffix(2) == ["[0.449]", "[0.226]"])

        let imported = try commands.run(
            "checkpoint", "import", "--model", "lenet_bn", "--input", "w.safetensors", "--output", "c.zst")
        try #require(imported.status == 0, "\(imported.errors)")
        let metadata = try export("c.zst").metadataProps
        #expect(
            metadata.map(\.key) == [
                "model", "classes", "class_names", "image_size", "shorter_side", "interpolation", "exif_orientation",
                "mean", "std",
            ])
        #expect(metadata.first { $0.key == "shorter_side" }?.value == "32")
        #expect(metadata.map(\.value).suffix(2) == ["[0.449]", "[0.226]"])
    }
}
