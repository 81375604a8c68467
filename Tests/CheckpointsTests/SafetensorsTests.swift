import Testing

@testable import Checkpoints

@Suite struct SafetensorsFormat {
    /// What `safetensors.torch.save_file({"w": ones(2), "n": tensor(3)}, f, {"format": "pt"})` writes, padding and all.
    static let fixture: [UInt8] =
        safetensors(
            #"{"__metadata__":{"format":"pt"},"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"#
                + #""w":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"# + String(repeating: " ", count: 6))
        + [3, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x3F]

    @Test("a file of Python's library is read, and written again byte by byte")
    func fixture() throws {
        let checkpoint = try Checkpoint(file: Self.fixture)
        #expect(
            checkpoint.tensors == [
                NamedTensor(name: "n", shape: [], storage: .int64([3])),
                NamedTensor(name: "w", shape: [2], storage: .float32([1, 1])),
            ])
        #expect(checkpoint.metadata == ["format": "pt"])
        var written: [UInt8] = []
        try Safetensors.encode(.init(tensors: checkpoint.tensors, metadata: checkpoint.metadata)) {
            (run) throws(CheckpointError) in written += run.bytes
        }
        #expect(written == Self.fixture)
    }

    @Test("the longest runs and single bytes are read alike", arguments: [1, 2, 7, 8, 9, Int.max])
    func runs(run: Int) throws {
        #expect(try Checkpoint(file: Self.fixture, run: run) == Checkpoint(file: Self.fixture))
        let bytes = try example().file
        #expect(try Checkpoint(file: bytes, run: run) == example())
    }

    @Test("wide types come first, then names in order, while the header keeps the order given")
    func order() throws {
        let tensors = [
            NamedTensor(name: "b", shape: [1], storage: .float32([2])),
            NamedTensor(name: "z", shape: [1], storage: .int64([1])),
            NamedTensor(name: "a", shape: [1], storage: .float32([3])),
        ]
        let layout = Safetensors.layout(of: .init(tensors: tensors, metadata: [:]))
        #expect(layout.order == [1, 2, 0])
        #expect(layout.header.count % 8 == 0)
        var bytes: [UInt8] = []
        try Safetensors.encode(.init(tensors: tensors, metadata: [:])) {
            (run) throws(CheckpointError) in bytes += run.bytes
        }
        #expect(bytes.count == layout.total)
        #expect(bytes.suffix(16) == [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x40, 0, 0, 0, 0x40])
        #expect(try Checkpoint(file: bytes).tensors == tensors)
    }

    @Test("a broken rule is refused with the rule and the tensor", arguments: brokenFiles)
    func broken(_ file: BrokenFile) throws {
        #expect {
            _ = try Checkpoint(file: file.bytes)
        } throws: { error in
            guard case .malformed(_, let tensor, let rule)? = error as? CheckpointError else { return false }
            #expect(tensor == file.tensor)
            #expect(rule.contains(file.rule), "\(rule)")
            return true
        }
    }

    @Test("every header of the table is refused for its one fault: without it, it is read")
    func controls() throws {
        let sound = safetensors(#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, bytes: 8)
        #expect(try Checkpoint(file: sound).tensors.first?.floats == [0, 0])
        #expect(try Checkpoint(file: safetensors("{}")).tensors.isEmpty)
    }

    @Test("a huge claim needs no memory: the file ends first")
    func hugeClaim() throws {
        let header = #"{"w":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}"#
        #expect(throws: CheckpointError.self) { try Checkpoint(file: safetensors(header, bytes: 4)) }
        #expect(throws: CheckpointError.self) { try Checkpoint(file: compressed(safetensors(header, bytes: 4))) }
    }

    @Test(
        "texts of metadata survive", arguments: ["", "\"", "\\", "\u{0}\u{1F}\n\t\u{7F}", "é🙂\u{2028}", "{}"])
    func texts(text: String) throws {
        let checkpoint = Checkpoint(tensors: [], optimizer: [], metadata: [text: text, "b": text])
        #expect(try Checkpoint(file: checkpoint.file) == checkpoint)
    }

    @Test("escapes that other writers use are understood")
    func escapes() throws {
        let json = try HeaderJSON.parse(Array(#"["\u00e9\ud83d\ude42\/\b\f\r\n\t\"\\"]"#.utf8))
        #expect(json == .array([.string("é🙂/\u{8}\u{C}\r\n\t\"\\")]))
    }
}

struct BrokenFile: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let tensor: String?
    let rule: String
    var testDescription: String { rule }

    init(_ header: String, bytes: Int = 0, tensor: String? = nil, _ rule: String) {
        self.init(file: safetensors(header, bytes: bytes), tensor: tensor, rule)
    }

    init(file: [UInt8], tensor: String? = nil, _ rule: String) {
        self.bytes = file
        self.tensor = tensor
        self.rule = rule
    }
}

/// A file of tensor `w` with these fields, and as many bytes as an [F32, F32] has.
private func entry(_ fields: String, _ rule: String, bytes: Int = 8) -> BrokenFile {
    BrokenFile("{\"w\":{\(fields)}}", bytes: bytes, tensor: "w", rule)
}

/// A sound file but for its header's length, which is so many bytes more than its header has.
private func longer(by extra: Int) -> [UInt8] {
    let sound = safetensors("{\(first)}", bytes: 4)
    return UInt64(sound.count - 12 + extra).littleEndianBytes + sound.dropFirst(8)
}

private let first = #""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#

let brokenFiles: [BrokenFile] = [
    BrokenFile(file: UInt64(100_000_001).littleEndianBytes + [0x7B], "at most 100000000"),
    BrokenFile(file: UInt64.max.littleEndianBytes + [0x7B], "at most 100000000"),
    BrokenFile(file: UInt64(0).littleEndianBytes + [0x7B], "does not start with {"),
    BrokenFile(file: longer(by: -1), "expected a comma or the end of an object"),
    BrokenFile(file: longer(by: 1), "something follows"),
    BrokenFile("{}", bytes: 1, "bytes follow the last tensor"),
    BrokenFile("{\(first)}", bytes: 5, "bytes follow the last tensor, a"),
    BrokenFile("{\(first)", bytes: 4, "expected a comma or the end of an object"),
    BrokenFile("{\(first)}x", bytes: 4, "something follows"),
    BrokenFile("{\(first),}", bytes: 4, "expected a key"),
    BrokenFile("{\(first),\(first)}", bytes: 4, tensor: "a", "the key a is there twice"),
    BrokenFile("{\"__metadata__\":{},\"__metadata__\":{}}", "the key __metadata__ is there twice"),
    BrokenFile("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", "the key k is there twice"),
    BrokenFile("{\"__metadata__\":{\"k\":1}}", "maps texts to texts, but k is none"),
    BrokenFile("{\"__metadata__\":[]}", "maps texts to texts"),
    BrokenFile("{\"a\":{\"b\":[[[0]]]}}", tensor: "a", "nested too deep"),
    BrokenFile("{\"a\u{1}\":1}", "control character"),
    BrokenFile("{\"a\\x\":1}", "a backslash"),
    BrokenFile("{\"\\ud800\":1}", "surrogate"),
    BrokenFile("{\"\\u00g0\":1}", "four hexadecimal digits"),
    BrokenFile("{\"a", "a text has no end"),
    BrokenFile(file: safetensors("{\"a").dropLast() + [0xFF, 0x22], "broken at byte"),
    BrokenFile("{\"w\":3}", tensor: "w", "dtype, shape and data_offsets"),
    entry(#""dtype":"F32","shape":[2]"#, "dtype, shape and data_offsets"),
    entry(#""dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1"#, "dtype, shape and data_offsets"),
    entry(#""dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]"#, "twice"),
    entry(#""dtype":32,"shape":[2],"data_offsets":[0,8]"#, "dtype is not a text"),
    entry(#""dtype":"F33","shape":[2],"data_offsets":[0,8]"#, "dtype F33 is unknown"),
    entry(#""dtype":"BF16","shape":[4],"data_offsets":[0,8]"#, "dtype is BF16; a checkpoint has F32 and I64"),
    entry(#""dtype":"F32","shape":2,"data_offsets":[0,8]"#, "shape is not a list of sizes"),
    entry(#""dtype":"F32","shape":["2"],"data_offsets":[0,8]"#, "shape is not a list of sizes"),
    entry(#""dtype":"F32","shape":[-2],"data_offsets":[0,8]"#, "expected an object"),
    entry(#""dtype":"F32","shape":[2.0],"data_offsets":[0,8]"#, "a number is not whole"),
    entry(#""dtype":"F32","shape":[2e0],"data_offsets":[0,8]"#, "a number is not whole"),
    entry(#""dtype":"F32","shape":[02],"data_offsets":[0,8]"#, "a number starts with 0"),
    entry(#""dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]"#, "a number is above"),
    entry(#""dtype":"F32","shape":[2],"data_offsets":[0]"#, "data_offsets are not"),
    entry(#""dtype":"F32","shape":[2],"data_offsets":[0,8,8]"#, "data_offsets are not"),
    entry(#""dtype":"F32","shape":[2],"data_offsets":[8,0]"#, "data_offsets are not"),
    entry(#""dtype":"F32","shape":[3],"data_offsets":[0,8]"#, "is 12 bytes, but 8 are its own"),
    entry(#""dtype":"I64","shape":[2],"data_offsets":[0,8]"#, "is 16 bytes, but 8 are its own"),
    entry(#""dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]"#, "more bytes than a number can say"),
    entry(#""dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]"#, "more bytes than a number can say"),
    entry(#""dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551624]"#, "a number is above"),
    entry(#""dtype":"F32","shape":[2],"data_offsets":[4,12]"#, "a hole of 4 bytes", bytes: 12),
    BrokenFile(
        "{\(first),\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}", bytes: 12, tensor: "w",
        "a hole of 4 bytes"),
    BrokenFile(
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]},\"a\":{\"dtype\":\"I64\",\"shape\":[1],"
            + "\"data_offsets\":[0,8]}}", bytes: 12, tensor: "w", "overlaps"),
    BrokenFile(
        "{\(first),\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", bytes: 8, tensor: "w", "overlaps"),
    BrokenFile(
        "{\(first),\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", bytes: 4, tensor: "w", "overlaps"),
]
