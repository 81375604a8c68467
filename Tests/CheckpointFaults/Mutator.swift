package import Checkpoints
import CZstd
import TestRandom

/// Makes files that are almost checkpoints: a function of the seed and the file's number.
package struct Mutator: Sendable {
    /// The states whose files are altered.
    package let originals: [Checkpoint]
    private let seed: UInt64
    /// Their files, and what these decompress to.
    private let files: [[UInt8]]
    private let plain: [[UInt8]]

    package init(seed: UInt64) {
        self.seed = seed
        var tiny = Specimen.state(step: 3, noise: 1)
        tiny.metadata["recipe"] = "é\u{1F}\\\""
        originals = [Specimen.state(step: 1, noise: 0), Specimen.state(step: 2, noise: 40), tiny]
        files = originals.map { state in
            let disk = MemoryDisk()
            let directory = CheckpointDirectory(
                path: "/a", retention: Retention(), compression: Compression(threads: 0), files: disk)
            return (try? directory.commit(state)).flatMap { disk.content(of: $0.path) } ?? []
        }
        plain = files.map { Self.decompressed($0) }
    }

    /// File number `number`.
    package func file(_ number: UInt64) -> [UInt8] {
        var dice = SeededRandom(seed: seed &* 0x9E37_79B9_7F4A_7C15 ^ number)
        let which = dice.below(originals.count)
        switch dice.below(16) {
        case 0..<8: return Self.compressed(altered(plain[which], &dice), checksum: dice.below(8) > 0)
        case 8..<11: return altered(files[which], &dice)
        case 11..<14: return altered(plain[which], &dice)
        case 14: return frame(&dice)
        default: return small(&dice)
        }
    }

    /// `bytes` after one to four alterations.
    private func altered(_ bytes: [UInt8], _ dice: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0...dice.below(4) { alter(&bytes, &dice) }
        return bytes
    }

    private static let tokens = [
        "[", "]", "{", "}", ",", ":", "\"", "\\ud800", "\\u0000", "[[[[[[[[", "{\"a\":{\"a\":{\"a\":", "-1", "1e9",
        "0.5", "00",
        "9223372036854775807", "18446744073709551616", "4611686018427387904", "\"dtype\"", "\"F32\"", "\"I64\"",
        "\"BF16\"",
        "\"shape\"", "\"data_offsets\"", "__metadata__", "format_version", "tensor_sha256", "metadata_sha256", "null",
        "true",
    ]

    private func alter(_ bytes: inout [UInt8], _ dice: inout SeededRandom) {
        guard !bytes.isEmpty else { return bytes.append(dice.byte()) }
        let place = dice.below(bytes.count)
        let rest = bytes.count - place
        switch dice.below(10) {
        case 0: bytes[place] ^= 1 << UInt8(dice.below(8))
        case 1: bytes[place] = dice.byte()
        case 2: bytes.removeSubrange(place..<place + min(rest, 1 + dice.below(16)))
        case 3: bytes.removeLast(rest)
        case 4: bytes.insert(contentsOf: bytes[place..<place + min(rest, 1 + dice.below(200))], at: place)
        case 5: bytes.insert(contentsOf: Array(Self.tokens[dice.below(Self.tokens.count)].utf8), at: place)
        case 6:
            // The header's length.
            let lengths: [UInt64] = [
                0, 1, 2, 7, 8, UInt64(bytes.count), 1 << 20, 100_000_000, 100_000_001, 1 << 62, .max,
            ]
            let length = lengths[dice.below(lengths.count)]
            for index in 0..<min(8, bytes.count) {
                bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * UInt64(index)))
            }
        case 7:
            // A digit becomes another.
            let start = bytes.firstIndex { (0x30...0x39).contains($0) } ?? place
            let digit = bytes[place...].firstIndex { (0x30...0x39).contains($0) } ?? start
            bytes[digit] = 0x30 + UInt8(dice.below(10))
        case 8:
            let other = plain[dice.below(plain.count)]
            guard !other.isEmpty else { return }
            let from = dice.below(other.count)
            let run = other[from..<min(other.count, from + 1 + dice.below(300))]
            bytes.replaceSubrange(place..<place + min(rest, run.count), with: run)
        default:
            let run = bytes[place..<place + min(rest, 1 + dice.below(64))]
            bytes.insert(contentsOf: run, at: dice.below(bytes.count))
        }
    }

    /// A frame of at most 100 bytes that asks for a large window, and has runs of one byte that decompress to a lot.
    private func frame(_ dice: inout SeededRandom) -> [UInt8] {
        var bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
        let hasLength = dice.below(3) == 0
        // Eight bytes of content's length or none; a window of 2^10 up to 2^41 or so.
        bytes.append(hasLength ? 0xC0 : 0x00)
        bytes.append(UInt8(dice.below(2) == 0 ? dice.below(144) : dice.below(256)))
        if hasLength { for shift in 0..<8 { bytes.append(shift < 3 + dice.below(3) ? dice.byte() : 0) } }
        let header = [
            #"{"w":{"dtype":"F32","shape":["#, "{", #"{"__metadata__":{"a":""#, #"{"a":{"b":["#, #"{"class_names":["#,
        ]
        let start = Array(header[dice.below(header.count)].utf8)
        let length = UInt64(1) << UInt64(dice.below(27))
        let raw = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + start
        bytes += block(kind: 0, size: raw.count, isLast: false) + raw
        while bytes.count < 96 - dice.below(60) {
            let fillers: [UInt8] = [0x20, 0x30, 0x5B, 0x22, 0x2C, 0x61, 0]
            bytes += block(kind: 1, size: 1 << (10 + dice.below(8)), isLast: bytes.count > 90)
            bytes.append(fillers[dice.below(fillers.count)])
        }
        return bytes
    }

    /// The header of a zstd block: 0 is raw, 1 a run of one byte.
    private func block(kind: Int, size: Int, isLast: Bool) -> [UInt8] {
        let header = (isLast ? 1 : 0) | kind << 1 | size << 3
        return (0..<3).map { UInt8(truncatingIfNeeded: header >> (8 * $0)) }
    }

    /// A compressed file of a few bytes whose header claims or holds much.
    private func small(_ dice: inout SeededRandom) -> [UInt8] {
        let texts = [
            #"{"w":{"dtype":"F32","shape":[N],"data_offsets":[0,M]}}"#,
            #"{"w":{"dtype":"I64","shape":[N,N],"data_offsets":[0,M]}}"#,
            #"{"__metadata__":{"a":"R"}}"#, #"{"w":[R]}"#, "{R}",
        ]
        let count = 1 << dice.below(22)
        let filler = ["0,", " ", "[", "\"a\":1,", "\\n", "\"\":{},"][dice.below(6)]
        let header = texts[dice.below(texts.count)].replacing("N", with: "\(count)").replacing(
            "M", with: "\(4 * count)"
        )
        .replacing("R", with: String(repeating: filler, count: min(count, 1 << 16)))
        var bytes = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) } + Array(header.utf8)
        if dice.below(2) == 0 { bytes += [UInt8](repeating: 0, count: min(4 * count, 1 << 20)) }
        return Self.compressed(bytes, checksum: false)
    }

    private static func compressed(_ bytes: [UInt8], checksum: Bool) -> [UInt8] {
        guard let context = ZSTD_createCCtx() else { return [] }
        defer { ZSTD_freeCCtx(context) }
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum ? 1 : 0)
        let most = ZSTD_compressBound(bytes.count)
        return [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
            let written = ZSTD_compress2(context, buffer.baseAddress, most, bytes, bytes.count)
            count = ZSTD_isError(written) == 0 ? written : 0
        }
    }

    private static func decompressed(_ bytes: [UInt8]) -> [UInt8] {
        let most = 1 << 16
        return [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
            let written = ZSTD_decompress(buffer.baseAddress, most, bytes, bytes.count)
            count = ZSTD_isError(written) == 0 ? written : 0
        }
    }
}

extension SeededRandom {
    /// A number of 0..<bound.
    fileprivate mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    fileprivate mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }
}
