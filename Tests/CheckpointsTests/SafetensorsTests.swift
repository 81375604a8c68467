import Testing

@testable import Checkpoints

@Suite struct SafetensorsFormat {
    /// The bytes that `safetensors.torch.save_file({"w": ones(2), "n": tensor(3)}, f, {"format": "pt"})` writes.
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

    @Test("a file is read alike in parts of any length, down to single bytes", arguments: [1, 2, 7, 8, 9, Int.max])
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

    @Test("a broken rule is refused in a message with the rule and the tensor", arguments: brokenFiles)
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

    @Test("a safetensors header without any of the faults is read")
    func controls() throws {
        let sound = safetensors(#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, bytes: 8)
        #expect(try Checkpoint(file: sound).tensors.first?.floats == [0, 0])
        #expect(try Checkpoint(file: safetensors("{}")).tensors.isEmpty)
    }

    @Test("a header that announces a huge tensor needs no memory: the file ends first")
    func hugeClaim() throws {
        let header = #"{"w":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}"#
        #expect(throws: CheckpointError.self) { try Checkpoint(file: safetensors(header, bytes: 4)) }
        #expect(throws: CheckpointError.self) { try Checkpoint(file: compressed(safetensors(header, bytes: 4))) }
    }

    /// A type, the little-endian bytes of some numbers, and their values after conversion.
    struct Conversion: CustomTestStringConvertible, Sendable {
        let type: String
        let bytes: [UInt8]
        let storage: NamedTensor.Storage
        var testDescription: String { type }

        init<Word: FixedWidthInteger>(_ type: String, _ words: [Word], _ storage: NamedTensor.Storage) {
            self.type = type
            bytes = words.flatMap { word in
                (0..<Word.bitWidth / 8).map { UInt8(truncatingIfNeeded: word >> Word(8 * $0)) }
            }
            self.storage = storage
        }

        var file: [UInt8] {
            let header =
                #"{"w":{"dtype":"\#(type)","shape":[\#(storage.count)],"data_offsets":[0,\#(bytes.count)]}}"#
            return safetensors(header) + bytes
        }
    }

    static let conversions: [Conversion] = [
        // 1, -2, the largest, the smallest normal, the smallest subnormal, -0, infinity; all exact.
        Conversion(
            "F16", [0x3C00, 0xC000, 0x7BFF, 0x0400, 0x0001, 0x8000, 0x7C00] as [UInt16],
            .float32([1, -2, 65504, 0x1p-14, 0x1p-24, -0.0, .infinity])),
        Conversion(
            "BF16", [0x3F80, 0xC000, 0x7F7F, 0x0001, 0x8000, 0xFF80] as [UInt16],
            .float32([1, -2, Float(bitPattern: 0x7F7F_0000), Float(bitPattern: 0x0001_0000), -0.0, -.infinity])),
        // 1/3 rounds to nearest; a number that is too large becomes infinite, as in every conversion.
        Conversion(
            "F64", [(1.0 / 3).bitPattern, (-0.1).bitPattern, (1e300).bitPattern, (0.5).bitPattern],
            .float32([1 / 3, -0.1, .infinity, 0.5])),
        Conversion("I32", [1, -1, .max] as [Int32], .int64([1, -1, 2_147_483_647])),
        Conversion("I16", [1, -1, .min] as [Int16], .int64([1, -1, -32768])),
        Conversion("I8", [1, -1] as [Int8], .int64([1, -1])),
        Conversion("U64", [1, .max] as [UInt64], .int64([1, .max])),
        Conversion("U32", [.max] as [UInt32], .int64([4_294_967_295])),
        Conversion("U16", [.max] as [UInt16], .int64([65535])),
        Conversion("U8", [255] as [UInt8], .int64([255])),
        Conversion("BOOL", [0, 1] as [UInt8], .int64([0, 1])),
    ]

    @Test("numbers of other types become float32 or int64", arguments: conversions)
    func converted(_ conversion: Conversion) throws {
        // Runs of an odd number of bytes end within a number.
        for run in [3, Int.max] {
            let checkpoint = try Checkpoint(file: conversion.file, run: run)
            let tensor = try #require(checkpoint.tensors.first)
            #expect(tensor.floats?.map(\.bitPattern) == conversion.storage.floats?.map(\.bitPattern))
            #expect(tensor.integers == conversion.storage.integers)
            #expect(checkpoint.converted.map(\.type.rawValue) == [conversion.type])
        }
    }

    @Test("a NaN of two bytes stays a NaN")
    func notANumber() throws {
        for (type, bits) in [("F16", 0x7E01), ("BF16", 0x7FC1)] as [(String, UInt16)] {
            let file = Conversion(type, [bits], .float32([.nan])).file
            #expect(try Checkpoint(file: file).tensors.first?.floats?.first?.isNaN == true, "\(type)")
        }
    }

    @Test("tensors that are not wanted, or whose type is not read, are listed and skipped")
    func unread() throws {
        let header =
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[3,7]},"#
            + #""b":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[0,3]},"#
            + #""c":{"dtype":"F32","shape":[2],"data_offsets":[7,15]}}"#
        let file = safetensors(header) + [1, 2, 3, 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40]
        let all = try Checkpoint(file: file)
        #expect(all.tensors.map(\.name) == ["a", "c"] && all.tensors.map(\.floats) == [[1], [2, 3]])
        #expect(all.unread == [ListedTensor(name: "b", type: .float8E4M3, shape: [3])])
        var rest = file[...]
        let chosen = try Checkpoint(path: "f", fileBytes: file.count, choosing: { listed in [listed.count - 1] }) {
            (count) throws(CheckpointError) in
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        #expect(chosen.tensors == [all.tensors[1]] && chosen.unread.map(\.name) == ["a", "b"])
    }

    @Test("a tensor larger than memory is refused before it is read, unless it is not wanted")
    func tooLarge() throws {
        let bytes = 1 << 50
        let header =
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
            + #""b":{"dtype":"F16","shape":[\#((bytes - 4) / 2)],"data_offsets":[4,\#(bytes)]}}"#
        let head = safetensors(header)
        func read(_ wanted: Set<Int>) throws(CheckpointError) {
            var rest = head[...]
            _ = try Checkpoint(path: "f", fileBytes: head.count + bytes, choosing: { _ in wanted }) {
                (count) throws(CheckpointError) in
                defer { rest = rest.dropFirst(count) }
                return Array(rest.prefix(count))
            }
        }
        #expect {
            try read([0, 1])
        } throws: { error in
            guard case .memory? = error as? CheckpointError else { return false }
            // Float16 is converted to float32.
            return "\(error)".hasPrefix("reading f needs 1.9 PiB of memory")
        }
        // Here only the bytes are missing.
        #expect(throws: CheckpointError.damaged(path: "f", reason: "it ends in tensor a, 4 bytes too early")) {
            try read([0])
        }
    }

    @Test("names that Unicode calls equivalent are distinct names")
    func exactNames() throws {
        let names = ["\u{E9}", "e\u{301}"]
        let checkpoint = Checkpoint(
            tensors: names.enumerated().map { NamedTensor(name: $1, shape: [1], storage: .float32([Float($0)])) },
            optimizer: [], metadata: [:])
        let read = try Checkpoint(file: checkpoint.file)
        #expect(read.tensors.map { Array($0.name.utf8) } == names.map { Array($0.utf8) })
        #expect(read.tensors.map(\.floats) == [[0], [1]])
        let swapped = Checkpoint(tensors: checkpoint.tensors.reversed(), optimizer: [], metadata: [:])
        #expect(CheckpointDifference(checkpoint, swapped).tensors.isEmpty)
    }

    @Test(
        "texts of metadata survive", arguments: ["", "\"", "\\", "\u{0}\u{1F}\n\t\u{7F}", "é🙂\u{2028}", "{}"])
    func texts(text: String) throws {
        let checkpoint = Checkpoint(tensors: [], optimizer: [], metadata: [text: text, "b": text])
        #expect(try Checkpoint(file: checkpoint.file) == checkpoint)
    }

    @Test("escapes that other writers use are read")
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

/// Returns a file of tensor `w` with these fields, and as many bytes as an [F32, F32] has.
private func entry(_ fields: String, _ rule: String, bytes: Int = 8) -> BrokenFile {
    BrokenFile("{\"w\":{\(fields)}}", bytes: bytes, tensor: "w", rule)
}

/// Returns a sound file except for the length of its header, which is too large by `extra`.
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
    entry(#""dtype":"BF16","shape":[3],"data_offsets":[0,8]"#, "is 6 bytes, but 8 are its own"),
    entry(#""dtype":"F4","shape":[3],"data_offsets":[0,8]"#, "ends within a byte"),
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

extension NamedTensor.Storage {
    fileprivate var floats: [Float]? { if case .float32(let values) = self { values } else { nil } }
    fileprivate var integers: [Int64]? { if case .int64(let values) = self { values } else { nil } }
}
