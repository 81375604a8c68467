import Checkpoints
import CommandSupport
import Foundation
import Testing

/// Weights that other programs have written, through every command that takes them.
@Suite("Weights of another program", .serialized)
struct WeightsTests {
    private let commands: Commands
    private let data: String
    /// Those of LeNet with norms after two steps.
    private let tensors: [NamedTensor]

    init() throws {
        commands = try Commands()
        data = try commands.tinyData()
        let outcome = try commands.run(
            "--model", "lenet_bn", "--data", data, "--batch-size", "16", "--threads", "1", "--steps", "2", "--output",
            "run")
        try #require(outcome.status == 0, "\(outcome.errors)")
        let folder = commands.folder + "/run/checkpoints/"
        let name = try #require(
            FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".zst") }.max())
        tensors = try Checkpoint(contentsOf: folder + name).tensors
    }

    private func write(_ tensors: [NamedTensor], to name: String) throws {
        try Checkpoint(tensors: tensors, optimizer: [], metadata: [:]).exportWeights(to: commands.folder + "/" + name)
    }

    private func changed(_ change: (NamedTensor) -> NamedTensor) -> [NamedTensor] { tensors.map(change) }

    private func `import`(_ name: String, _ flags: String...) throws -> Outcome {
        try commands.run(
            ["checkpoint", "import", "--model", "lenet_bn", "--input", name, "--output", "i.zst"] + flags)
    }

    @Test("a file of weights is imported, evaluated, exported and trained on without its names' prefix")
    func prefix() throws {
        try write(
            changed { NamedTensor(name: "module." + $0.name, shape: $0.shape, storage: $0.storage) },
            to: "m.safetensors")
        let outcome = try `import`("m.safetensors")
        #expect(outcome.status == 0 && outcome.output.contains("note: module. is taken off"), "\(outcome.errors)")
        #expect(try Checkpoint(contentsOf: commands.folder + "/i.zst").tensors == tensors)
        let evaluated = try commands.run(
            "evaluate", "--checkpoint", "m.safetensors", "--model", "lenet_bn", "--data", data, "--json", "--threads",
            "1")
        let own = try commands.run(
            "evaluate", "--checkpoint", "i.zst", "--data", data, "--json", "--threads", "1")
        func loss(_ outcome: Outcome) -> Substring? {
            outcome.output.split(separator: ",").first { $0.contains("loss") }
        }
        #expect(loss(own) != nil && loss(evaluated) == loss(own), "\(own.errors)\(evaluated.errors)")
        #expect(evaluated.errors.contains("note: module. is taken off"))
        let exported = try commands.run(
            "export", "--checkpoint", "m.safetensors", "--model", "lenet_bn", "--output", "m.onnx")
        #expect(exported.status == 0, "\(exported.errors)")
        let trained = try commands.run(
            "--model", "lenet_bn", "--data", data, "--batch-size", "16", "--steps", "1", "--threads", "1", "--output",
            "t", "--init", "m.safetensors")
        #expect(trained.status == 0 && trained.output.contains("module. is taken off"), "\(trained.errors)")
    }

    @Test("weights that were not trained here are evaluated on data that is named, which is asked for")
    func dataNeeded() throws {
        try write(tensors, to: "w.safetensors")
        #expect(try `import`("w.safetensors").status == 0)
        for arguments in [["i.zst"], ["w.safetensors", "--model", "lenet_bn"]] {
            let outcome = try commands.run(["evaluate", "--checkpoint"] + arguments)
            #expect(outcome.status == 1 && outcome.complaints.count == 1)
            #expect(outcome.errors.contains("--data"), "\(outcome.errors)")
        }
        let untold = try commands.run("evaluate", "--checkpoint", "w.safetensors", "--data", data)
        #expect(untold.status == 1 && untold.errors.contains("--model"), "\(untold.errors)")
    }

    @Test("counts of batches are read in any form, and training goes on from any count")
    func counts() throws {
        for (name, shape, count) in [("max", [], Int64.max), ("vector", [1], 3)] as [(String, [Int], Int64)] {
            try write(
                changed { tensor in
                    guard tensor.integers != nil else { return tensor }
                    return NamedTensor(name: tensor.name, shape: shape, storage: .int64([count]))
                }, to: "w.safetensors")
            let outcome = try commands.run(
                "--model", "lenet_bn", "--data", data, "--batch-size", "16", "--steps", "1", "--threads", "1",
                "--output", name, "--init", "w.safetensors")
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("taken as 9007199254740992") == (name == "max"))
        }
    }

    @Test("weights of half precision or with a mask are read; little of a network only where that is meant")
    func kinds() throws {
        let weight = try #require(tensors.first { $0.name.hasSuffix("weight") })
        let values = try #require(weight.floats)
        // Numbers of few digits: float16 and float32 hold them alike.
        let halves = values.indices.map { Float16($0 % 64) / 64 }
        let own = NamedTensor(name: weight.name, shape: weight.shape, storage: .float32(halves.map { Float($0) }))
        let shape = weight.shape.map(String.init).joined(separator: ",")
        let bytes = 2 * halves.count
        let header =
            #"{"mask":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]},"#
            + #""fp8":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[3,5]},"#
            + #""\#(weight.name)":{"dtype":"F16","shape":[\#(shape)],"data_offsets":[5,\#(5 + bytes)]}}"#
        let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
        let content = halves.flatMap { [UInt8($0.bitPattern & 255), UInt8($0.bitPattern >> 8)] }
        try commands.write(length + Array(header.utf8) + [1, 0, 1, 9, 9] + content, to: "h.safetensors")
        let strict = try `import`("h.safetensors")
        #expect(strict.status == 1 && strict.errors.contains("mask (3) is not in the network"), "\(strict.errors)")
        let little = try `import`("h.safetensors", "--init-skip-mismatched")
        #expect(little.status == 1 && little.errors.contains("--init-force"), "\(little.errors)")
        let forced = try `import`("h.safetensors", "--init-skip-mismatched", "--init-force")
        #expect(forced.status == 0 && forced.output.contains("skipped: fp8 (2)"), "\(forced.errors)")
        #expect(try Checkpoint(contentsOf: commands.folder + "/i.zst").tensors.contains(own))
        let inspected = try commands.run("checkpoint", "inspect", "h.safetensors")
        #expect(inspected.output.contains("F16") && inspected.output.contains("not read"), "\(inspected.errors)")
        #expect(try commands.run("checkpoint", "verify", "h.safetensors").status == 0)
    }
}
