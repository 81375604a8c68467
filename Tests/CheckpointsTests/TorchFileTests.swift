import Foundation
import Testing

@testable import Checkpoints

@Suite("A .pth of PyTorch", .serialized)
struct TorchFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var path: String { folder.path + "/weights.pth" }

    /// The tensors of a file, in both forms, which must be the same.
    private func tensors(_ made: MadeTorchFile) throws -> [NamedTensor] {
        try made.write(to: path)
        let tensors = try Checkpoint(contentsOf: path).tensors
        try Data(made.legacy).write(to: URL(filePath: path))
        #expect(try Checkpoint(contentsOf: path).tensors == tensors)
        return tensors
    }

    private func refusal(_ made: MadeTorchFile, isLegacy: Bool = false) throws -> String {
        if isLegacy { try Data(made.legacy).write(to: URL(filePath: path)) } else { try made.write(to: path) }
        do {
            let checkpoint = try Checkpoint(contentsOf: path)
            return "read: \(checkpoint.tensors.map(\.name))"
        } catch {
            return "\(error)"
        }
    }

    private func example() -> MadeTorchFile {
        var made = MadeTorchFile()
        made.add("fc.weight", [2, 3], [1, -0.0, .infinity, .leastNonzeroMagnitude, 5, 1 / 3])
        made.add("bn.num_batches_tracked", [], "LongStorage", made.bytes(Int64(7)), count: 1)
        made.add("empty", [0, 4], [])
        return made
    }

    @Test("tensors are read in the order of the state_dict, from the zip archive and from the older form")
    func both() throws {
        #expect(
            try tensors(example()) == [
                NamedTensor(
                    name: "fc.weight", shape: [2, 3],
                    storage: .float32([1, -0.0, .infinity, .leastNonzeroMagnitude, 5, 1 / 3])),
                NamedTensor(name: "bn.num_batches_tracked", shape: [], storage: .int64([7])),
                NamedTensor(name: "empty", shape: [0, 4], storage: .float32([])),
            ])
    }

    @Test("a state_dict is found in the entry of a training program's dictionary", arguments: ["state_dict", "model"])
    func wrapped(_ entry: String) throws {
        var made = example()
        made.wrapper = entry
        // The storage of an optimizer's tensor, which nobody reads, lies between the others.
        made.add("momentum", [3], [1, 2, 3])
        made.others = [made.tensors.removeLast()]
        #expect(try tensors(made).map(\.name) == ["fc.weight", "bn.num_batches_tracked", "empty"])
        made.add("best_acc1", [], [71.5])
        made.single = made.tensors.removeLast()
        #expect(try tensors(made).map(\.name) == ["fc.weight", "bn.num_batches_tracked", "empty"])
        (made.wrapper, made.single) = ("weights", nil)
        #expect(try refusal(made).contains("'epoch', 'lr', 'optimizer', 'weights'"))
    }

    @Test("numbers of every other type become float32 or int64, and those that cannot are only listed")
    func types() throws {
        var made = MadeTorchFile()
        made.add(
            "half", [2], "HalfStorage", made.bytes(Float16(1.5).bitPattern) + made.bytes(Float16(-2).bitPattern),
            count: 2)
        made.add("bfloat", [1], "BFloat16Storage", made.bytes(UInt16(0x3FC0)), count: 1)
        made.add("double", [1], "DoubleStorage", made.bytes((0.1).bitPattern), count: 1)
        made.add("int", [1], "IntStorage", made.bytes(Int32(-3)), count: 1)
        made.add("bool", [1], "BoolStorage", [1], count: 1)
        made.add("complex", [1], "ComplexFloatStorage", [UInt8](repeating: 0, count: 8), count: 1)
        #expect(
            try tensors(made) == [
                NamedTensor(name: "half", shape: [2], storage: .float32([1.5, -2])),
                NamedTensor(name: "bfloat", shape: [1], storage: .float32([1.5])),
                NamedTensor(name: "double", shape: [1], storage: .float32([0.1])),
                NamedTensor(name: "int", shape: [1], storage: .int64([-3])),
                NamedTensor(name: "bool", shape: [1], storage: .int64([1])),
            ])
        let checkpoint = try Checkpoint(contentsOf: path)
        #expect(checkpoint.unread.map(\.kind) == ["C64 [1]"])
        #expect(checkpoint.converted.map(\.name) == ["half", "bfloat", "double", "int", "bool"])
    }

    @Test("tensors may share a storage and lie in it in any order of dimensions")
    func views() throws {
        var made = MadeTorchFile()
        made.add("whole", [6], [0, 1, 2, 3, 4, 5])
        var turned = made.tensors[0]
        (turned.name, turned.shape, turned.strides) = ("turned", [3, 2], [1, 3])
        var part = made.tensors[0]
        (part.name, part.shape, part.strides, part.offset) = ("part", [2], [2], 1)
        made.tensors += [turned, part]
        #expect(try tensors(made).map(\.floats) == [[0, 1, 2, 3, 4, 5], [0, 3, 1, 4, 2, 5], [1, 3]])
    }

    @Test("only the tensors that are chosen are read")
    func chosen() throws {
        try example().write(to: path)
        let checkpoint = try Checkpoint(contentsOf: path) { listed in
            Set(listed.indices.filter { listed[$0].name == "fc.weight" })
        }
        #expect(checkpoint.tensors.map(\.name) == ["fc.weight"])
        #expect(checkpoint.unread.map(\.name) == ["bn.num_batches_tracked", "empty"])
    }

    @Test(
        "every instruction and class that a .pth does not need is refused by its name",
        arguments: [
            ("cos\nsystem\n(X\u{4}\0\0\0truetR.", "os.system"),
            ("cbuiltins\neval\n.", "builtins.eval"),
            ("ctorchvision.models.resnet\nResNet\n)\u{81}.", "torchvision.models.resnet.ResNet"),
            ("cargparse\nNamespace\n)\u{81}.", "argparse.Namespace"),
            ("ctorch\nFloatStorage\n)R.", "calls torch.FloatStorage"),
            ("ctorch._utils\n_rebuild_sparse_tensor\n.", "_rebuild_sparse_tensor"),
            ("(i__main__\nx\n.", "0x69"), ("}.", "no entries"), ("].", "no dictionary"),
        ])
    func refused(_ instructions: String, _ words: String) throws {
        var made = example()
        made.pickle = instructions.unicodeScalars.flatMap {
            $0.value > 127 ? [UInt8($0.value)] : Array(String($0).utf8)
        }
        for isLegacy in [false, true] {
            let message = try refusal(made, isLegacy: isLegacy)
            #expect(message.contains(words) && message.contains(path), "\(message)")
        }
    }

    @Test("an archive with a path that leads out of it, compressed files or another byte order is refused")
    func archives() throws {
        for name in ["../evil", "/etc/evil", "archive/../../evil"] {
            var made = example()
            made.more[name] = [1]
            #expect(try refusal(made).contains(name))
        }
        var made = example()
        made.byteOrder = "big"
        #expect(try refusal(made).contains("little-endian"))
        #expect(try refusal(made, isLegacy: true).contains("little-endian"))
        made = example()
        made.isCompressed = true
        #expect(try refusal(made).contains("compressed"))
        made = example()
        made.more["other/data.pkl"] = made.statePickle
        #expect(try refusal(made).contains("2 files data.pkl"))
    }

    @Test("a tensor that does not lie in its storage is refused", arguments: [0, 1, 2, 3, 4, 5])
    func bounds(_ fault: Int) throws {
        var made = MadeTorchFile()
        made.add("w", [2, 3], [0, 1, 2, 3, 4, 5])
        switch fault {
        case 0: made.tensors[0].offset = 1
        case 1: made.tensors[0].strides = [4, 1]
        case 2: made.tensors[0].shape = [2, -3]
        case 3: (made.tensors[0].shape, made.tensors[0].strides) = ([1 << 30, 1 << 30], [0, 0])
        case 4: made.tensors[0].offset = -1
        default: made.tensors[0].strides = [3]
        }
        for isLegacy in [false, true] {
            #expect(try refusal(made, isLegacy: isLegacy).contains("the tensor w of the shape"))
        }
        made = MadeTorchFile()
        made.add("w", [2, 3], [0, 1, 2, 3, 4, 5])
        made.tensors[0].bytes.removeLast()
        #expect(try refusal(made).contains("23 bytes in place of 24"))
    }

    @Test("a file that is cut or has a changed byte is refused or gives other numbers, and ends no process")
    func damage() throws {
        var random = SystemRandomNumberGenerator()
        try example().write(to: path)
        let forms = [[UInt8](try Data(contentsOf: URL(filePath: path))), example().legacy]
        for whole in forms {
            for length in stride(from: 1, to: whole.count, by: 7) {
                try Data(whole.prefix(length)).write(to: URL(filePath: path))
                #expect(throws: CheckpointError.self) { try Checkpoint(contentsOf: path) }
            }
            for _ in 0..<2000 {
                var bytes = whole
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                try Data(bytes).write(to: URL(filePath: path))
                _ = try? Checkpoint(contentsOf: path)
            }
        }
    }

    @Test("a pickle with any of its bytes changed in a sound archive ends no process")
    func changedPickles() throws {
        var random = SystemRandomNumberGenerator()
        let whole = example().statePickle
        var read = 0
        for _ in 0..<3000 {
            var made = example()
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            made.pickle = bytes
            try made.write(to: path)
            if (try? Checkpoint(contentsOf: path)) != nil { read += 1 }
        }
        #expect(read > 0 && read < 3000)
    }
}
