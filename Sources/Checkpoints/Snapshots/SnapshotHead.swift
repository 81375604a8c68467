import Machine
import Tensors

/// The head of a snapshot's file: whose it is and what its slots hold. It is written once. docs/snapshot-format.md has
/// its bytes.
package struct SnapshotHead: Equatable, Sendable {
    /// Floats of a state's parts, which follow each other in this order.
    package struct Sizes: Equatable, Sendable {
        package let values: Int
        package let momentum: Int
        package let averages: Int

        package init(values: Int, momentum: Int, averages: Int) {
            self.values = values
            self.momentum = momentum
            self.averages = averages
        }

        var parts: [Int] { [values, momentum, averages] }
        package var floats: Int { parts.reduce(0) { $0.saturatingSum($1) } }
    }

    /// The run's identity: 32 hexadecimal digits.
    package let run: String
    /// A fingerprint of the engine's arenas; a state of other arenas does not fit.
    package let layout: UInt64
    package let sizes: Sizes
    /// The run's folder, so that a file whose run is gone can be told from others.
    package let folder: String
    /// Whether the folder can be looked at from this host.
    package let seesFolder: Bool
    /// The part of a checkpoint's metadata that stays the same for the whole run. Progress and metrics stand in the
    /// slots.
    package let about: Checkpoint.About

    package init(
        run: String, layout: UInt64, sizes: Sizes, folder: String, seesFolder: Bool, about: Checkpoint.About
    ) {
        self.run = run
        self.layout = layout
        self.sizes = sizes
        self.folder = folder
        self.seesFolder = seesFolder
        self.about = about
    }

    /// Whether `run` can be a run's identity.
    package static func isIdentity(_ run: String) -> Bool {
        run.utf8.count == 32
            && run.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }
}

// MARK: Sizes

extension SnapshotHead {
    /// Bytes before a slot's state, and before the texts of the file's head.
    static let wordBytes = 16 * MemoryLayout<UInt64>.size
    package static let slots = 2
    private static let page = 4096

    /// Bytes of a slot for such states.
    package static func slotBytes(_ sizes: Sizes) -> Int {
        wholePages(sizes.floats.saturatingProduct(MemoryLayout<Float>.stride).saturatingSum(wordBytes))
    }

    /// Bytes of a file for such states, without its head.
    package static func fileBytes(_ sizes: Sizes) -> Int { slots.saturatingProduct(slotBytes(sizes)) }

    static func wholePages(_ bytes: Int) -> Int { bytes.saturatingSum(page - 1) / page * page }

    var slotBytes: Int { Self.slotBytes(sizes) }
}

// MARK: Bytes

extension SnapshotHead {
    /// `CNNSNAP` and the version of the format.
    private static let magic = UInt64(littleEndianBytes: Array("CNNSNAP".utf8) + [1])
    /// More than any run says of itself.
    private static let most = 64 << 20

    /// The places of the words.
    private enum Word: Int {
        case magic, bytes, slotBytes, values, momentum, averages, layout, seesFolder, folder, about, run, checksum = 15
    }

    /// The head as it stands in the file.
    var encoded: [UInt8] {
        let texts = [Array(folder.utf8), Array(about.json.utf8)]
        let count = Self.wholePages(Self.wordBytes + texts[0].count + texts[1].count)
        var words = [UInt64](repeating: 0, count: Self.wordBytes / MemoryLayout<UInt64>.size)
        func set(_ word: Word, _ value: Int) { words[word.rawValue] = UInt64(value) }
        words[Word.magic.rawValue] = Self.magic
        words[Word.layout.rawValue] = layout
        set(.bytes, count)
        set(.slotBytes, slotBytes)
        set(.values, sizes.values)
        set(.momentum, sizes.momentum)
        set(.averages, sizes.averages)
        set(.seesFolder, seesFolder ? 1 : 0)
        set(.folder, texts[0].count)
        set(.about, texts[1].count)
        for index in 0..<4 {
            words[Word.run.rawValue + index] = UInt64(littleEndianBytes: run.utf8.dropFirst(8 * index).prefix(8))
        }
        var bytes = words.flatMap(\.littleEndianBytes) + texts[0] + texts[1]
        bytes += [UInt8](repeating: 0, count: count - bytes.count)
        let checksum = Self.checksum(bytes).littleEndianBytes
        bytes.replaceSubrange(Self.range(of: .checksum), with: checksum)
        return bytes
    }

    /// Bytes of the head that begins so; nil where it is none.
    static func count(firstBytes bytes: [UInt8]) -> Int? {
        guard bytes.count >= wordBytes, word(.magic, in: bytes) == magic else { return nil }
        let count = word(.bytes, in: bytes)
        return count >= wordBytes && count <= most ? Int(count) : nil
    }

    /// Reads a whole head; nil where a bit of it is not as it was written.
    init?(_ bytes: [UInt8]) {
        guard Self.count(firstBytes: bytes) == bytes.count,
            Self.word(.checksum, in: bytes) == Self.checksum(bytes),
            let values = Self.count(.values, in: bytes), let momentum = Self.count(.momentum, in: bytes),
            let averages = Self.count(.averages, in: bytes), values > 0,
            let folderCount = Self.count(.folder, in: bytes), let aboutCount = Self.count(.about, in: bytes),
            Self.wordBytes.saturatingSum(folderCount).saturatingSum(aboutCount) <= bytes.count
        else { return nil }
        let sizes = Sizes(values: values, momentum: momentum, averages: averages)
        let runStart = Self.range(of: .run).lowerBound
        let run = String(decoding: bytes[runStart..<runStart + 32], as: UTF8.self)
        let texts = bytes[Self.wordBytes...]
        guard Self.isIdentity(run), Self.count(.slotBytes, in: bytes) == Self.slotBytes(sizes),
            let about = try? Checkpoint.About(
                json: Array(texts.dropFirst(folderCount).prefix(aboutCount)), path: "a snapshot")
        else { return nil }
        self.init(
            run: run, layout: Self.word(.layout, in: bytes), sizes: sizes,
            folder: String(decoding: texts.prefix(folderCount), as: UTF8.self),
            seesFolder: Self.word(.seesFolder, in: bytes) == 1, about: about)
    }

    private static func range(of word: Word) -> Range<Int> { word.rawValue * 8..<word.rawValue * 8 + 8 }

    private static func word(_ word: Word, in bytes: [UInt8]) -> UInt64 {
        UInt64(littleEndianBytes: bytes[range(of: word)])
    }

    private static func count(_ word: Word, in bytes: [UInt8]) -> Int? { Int(exactly: self.word(word, in: bytes)) }

    /// The checksum of all bytes but its own.
    private static func checksum(_ bytes: [UInt8]) -> UInt64 {
        var result = UInt64(bytes.count)
        for start in stride(from: 0, to: bytes.count, by: 8) where start != range(of: .checksum).lowerBound {
            result = PieceChecksum.mixed(result ^ UInt64(littleEndianBytes: bytes[start..<min(start + 8, bytes.count)]))
        }
        return result
    }

    /// A number that differs between heads that differ.
    var fingerprint: UInt64 { Self.word(.checksum, in: encoded) }
}

extension Checkpoint.About {
    /// One JSON object of all that a checkpoint's metadata say.
    package var json: String { HeaderJSON.object(metadata) }

    /// Reads such an object.
    ///
    /// - Parameter path: what messages call the place that it is from.
    package init(json: [UInt8], path: String) throws {
        guard case .object(let members) = try HeaderJSON.parse(json) else {
            throw CheckpointError.notASnapshot(path: path, reason: "what it says of its run is no object of JSON")
        }
        var metadata: [String: String] = [:]
        for member in members {
            if case .string(let text) = member.value { metadata[member.key] = text }
        }
        try self.init(metadata: metadata, path: path)
    }
}
