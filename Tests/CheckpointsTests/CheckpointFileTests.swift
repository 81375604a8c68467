import Foundation
import Testing

@testable import Checkpoints

@Suite struct CheckpointFile {
    @Test("a checkpoint that is written is read, from disk and in order")
    func roundTrip() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a.safetensors.zst"
        try example().write(to: path)
        let read = try Checkpoint(contentsOf: path)
        #expect(read == example())
        #expect(read.tensors.map(\.name) == example().tensors.map(\.name))
        #expect(read.optimizer.map(\.name) == ["training.optimizer.momentum.fc.weight"])
        #expect(read.tensors[2].floats?[1].sign == .minus)
        #expect(try read.about(path: path).progress == .init(epoch: 3, stepInEpoch: 4, globalStep: 704, samples: 45056))
        #expect(try read.about(path: path).classNames == ["T-shirt/top", "\"é\"\n\\ 🙂"])
        #expect(try read.about(path: path).seed == .max)
        #expect(folder.names == ["a.safetensors.zst"])
    }

    @Test("tensors larger than any buffer survive every level", arguments: [-7, 1, 3, 19])
    func large(level: Int) throws {
        var state: UInt32 = 1
        let values = (0..<700_001).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(bitPattern: state & 0xBFFF_FFFF)
        }
        let checkpoint = Checkpoint(
            tensors: [NamedTensor(name: "w", shape: [700_001], storage: .float32(values))], optimizer: [], metadata: [:]
        )
        var bytes: [UInt8] = []
        _ = try checkpoint.draft.encode(Compression(level: level)) { (run) throws(CheckpointError) in
            run.withUnsafeBytes { bytes += $0 }
        }
        #expect(try Checkpoint(file: bytes) == checkpoint)
    }

    @Test("the frame holds a plain safetensors file, and the digest is of that file")
    func plainInside() throws {
        let file = try example().file
        var frame = ZstdDecompressor(path: "a", fileBytes: file.count)
        var rest = file[...]
        let plain = try frame.read(1 << 20) { (count) throws(CheckpointError) in
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        #expect(plain[8] == UInt8(ascii: "{"))
        #expect(try Checkpoint(file: plain) == example())
        var digest = SHA256()
        digest.update(plain)
        let expected = digest.finished()
        let written = try example().draft.encode(Compression()) { (_) throws(CheckpointError) in }
        #expect(written == expected)
    }

    @Test("a checkpoint file cut at any byte is refused")
    func truncation() throws {
        let bytes = try example().file
        for count in bytes.indices {
            #expect(throws: CheckpointError.self, "cut to \(count)") {
                try Checkpoint(file: Array(bytes.prefix(count)))
            }
        }
        let plain = SafetensorsFormat.fixture
        for count in plain.indices {
            #expect(throws: CheckpointError.self, "cut to \(count)") {
                try Checkpoint(file: Array(plain.prefix(count)))
            }
        }
    }

    @Test("bytes after a checkpoint's frame are refused")
    func trailing() throws {
        #expect(throws: CheckpointError.self) { try Checkpoint(file: example().file + [0]) }
        #expect(throws: CheckpointError.self) { try Checkpoint(file: example().file + example().file) }
    }

    @Test(
        "files that are no checkpoints are refused with what they are",
        arguments: [
            ([0x50, 0x4B, 0x03, 0x04, 0, 0, 0, 0, 0, 0], "PyTorch"),
            ([0x80, 0x02, 0x8A, 0x0A, 0x6C, 0, 0, 0, 0, 0], "pickle"),
            ([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0], "gzip"), (Array("not a checkpoint".utf8), "neither"), ([], "empty"),
        ] as [([UInt8], String)])
    func others(bytes: [UInt8], word: String) {
        #expect {
            _ = try Checkpoint(file: bytes)
        } throws: {
            "\($0)".contains(word)
        }
    }

    @Test("exported weights are a plain file of the network's tensors alone")
    func export() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/w.safetensors"
        try example().exportWeights(to: path)
        let bytes = Array(try Data(contentsOf: URL(filePath: path)))
        #expect(bytes[8] == UInt8(ascii: "{"))
        let read = try Checkpoint(contentsOf: path)
        #expect(read.tensors == example().tensors)
        #expect(read.optimizer.isEmpty && read.metadata == ["format": "pt"])
        #expect(folder.names == ["w.safetensors"])
    }

    @Test("a checkpoint from before model options has none")
    func withoutOptions() throws {
        var checkpoint = example()
        #expect(try checkpoint.about(path: "a").modelOptions == ["activation": "tanh", "\"": "1,2"])
        checkpoint.metadata["model_options"] = nil
        #expect(try checkpoint.about(path: "a").modelOptions.isEmpty)
    }

    @Test("a file of a later format is called that")
    func laterFormat() throws {
        var checkpoint = example()
        checkpoint.metadata["format_version"] = "2"
        #expect(throws: CheckpointError.laterVersion(path: "a.safetensors.zst", found: 2, known: 1)) {
            try Checkpoint(file: checkpoint.file)
        }
    }

    @Test("a missing file is called that, and a folder cannot be read")
    func missing() throws {
        #expect(throws: CheckpointError.noFile(path: "no/such.zst")) { try Checkpoint(contentsOf: "no/such.zst") }
        let folder = try TemporaryFolder()
        #expect {
            _ = try Checkpoint(contentsOf: folder.path)
        } throws: {
            "\($0)".contains("this is a folder; expected a file")
        }
    }

    @Test(
        "metadata that are missing or wrong are named",
        arguments: [
            ("model", nil), ("classes", "ten"), ("classes", "0"), ("image_size", nil), ("class_names", "[1]"),
            ("class_names", "x"), ("seed", "-1"), ("step", "-1"), ("format_version", "0"), ("samples", ""),
            ("model_options", "[]"), ("model_options", "{\"a\":1}"), ("metrics", "{\"a\":\"b\"}"),
        ] as [(String, String?)])
    func metadata(key: String, value: String?) throws {
        var checkpoint = example()
        checkpoint.metadata[key] = value
        #expect {
            _ = try checkpoint.about(path: "a")
        } throws: { error in
            guard case .metadata(_, key, value, _)? = error as? CheckpointError else { return false }
            return true
        }
    }
}

@Suite struct Digests {
    @Test("SHA-256 of abc is that of FIPS 180-4")
    func standard() {
        var digest = SHA256()
        digest.update(Array("a".utf8))
        digest.update(Array("bc".utf8))
        #expect(digest.finished() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    /// `printf 'w\0F32\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\200\77' | sha256sum`
    @Test("a tensor's digest is that of the bytes documented")
    func documented() {
        let tensor = NamedTensor(name: "w", shape: [1], storage: .float32([1]))
        #expect(sha256(of: [tensor]) == "9afdb5882b053be4c02dffc4a91def113b1155c64b4aec916283b79041c60ac0")
    }

    @Test("name, shape, order, type and the sign of zero all count")
    func sensitive() {
        let a = NamedTensor(name: "a", shape: [2], storage: .float32([0, 1]))
        let b = NamedTensor(name: "b", shape: [2], storage: .float32([0, 1]))
        let variants = [
            [a], [b], [a, b], [b, a], [],
            [NamedTensor(name: "a", shape: [2, 1], storage: .float32([0, 1]))],
            [NamedTensor(name: "a", shape: [2], storage: .float32([-0.0, 1]))],
            [NamedTensor(name: "a", shape: [1], storage: .int64([0x3F80_0000_0000_0000]))],
        ]
        #expect(Set(variants.map(sha256)).count == variants.count)
    }
}
