import Machine
import Tensors

/// The head of a snapshot's file: the run, and the layout of its slots. It is written once. docs/snapshot-format.md
/// describes its bytes.
package struct SnapshotHead: Equatable, Sendable {
    /// The floats of a state's parts, by name, in the order in which they follow each other.
    package struct Sizes: Equatable, Sendable, ExpressibleByDictionaryLiteral {
        package let names: [String]
        let parts: [Int]

        /// - Precondition: names have no spaces or line ends in them.
        package init(_ parts: [(name: String, floats: Int)]) {
            names = parts.map(\.name)
            self.parts = parts.map(\.floats)
        }

        package init(dictionaryLiteral elements: (String, Int)...) {
            self.init(elements.map { (name: $0, floats: $1) })
        }

        package var floats: Int { parts.reduce(0) { $0.saturatingSum($1) } }

        /// The sizes as text: a line for each part, such as `values 61706`.
        var text: String { zip(names, parts).map { "\($0) \($1)" }.joined(separator: "\n") }

        /// Reads such a text; nil for any other.
        init?(text: String) {
            var parts: [(name: String, floats: Int)] = []
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                let words = line.split(separator: " ", omittingEmptySubsequences: false)
                guard words.count == 2, let floats = Int(words[1]), floats >= 0 else { return nil }
                parts.append((String(words[0]), floats))
            }
            self.init(parts)
        }
    }

    /// The run's identity: 32 hexadecimal digits.
    package let run: String
    /// The fingerprint of the engine's arenas; a state of other arenas does not fit.
    package let layout: UInt64
    package let sizes: Sizes
    /// The run's folder, by which files of runs that are gone are recognised.
    package let folder: String
    /// Whether this host can see the folder.
    package let seesFolder: Bool
    /// The part of a checkpoint's metadata that stays the same for the whole run. Progress and metrics are in the
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
    /// The bytes of a slot before its state, and of the file's head before its texts.
    static let wordBytes = 16 * MemoryLayout<UInt64>.size
    package static let slots = 2
    private static let page = 4096

    /// Returns the bytes of a slot for states of these sizes.
    package static func slotBytes(_ sizes: Sizes) -> Int {
        wholePages(sizes.floats.saturatingProduct(MemoryLayout<Float>.stride).saturatingSum(wordBytes))
    }

    /// Returns the bytes of a file for states of these sizes, without its head.
    package static func fileBytes(_ sizes: Sizes) -> Int { slots.saturatingProduct(slotBytes(sizes)) }

    static func wholePages(_ bytes: Int) -> Int { bytes.saturatingSum(page - 1) / page * page }

    var slotBytes: Int { Self.slotBytes(sizes) }
}

// MARK: Bytes

extension SnapshotHead {
    /// `CNNSNAP` and the version of the format.
    private static let magic = UInt64(littleEndianBytes: Array("CNNSNAP".utf8) + [2])
    /// The most bytes of a head, more than any run needs.
    private static let most = 64 << 20

    /// The indices of the words.
    private enum Word: Int {
        case magic, bytes, slotBytes, state, layout, seesFolder, folder, about, run, checksum = 15
    }

    /// The bytes of the head in the file.
    var encoded: [UInt8] {
        let texts = [sizes.text, folder, about.json].map { Array($0.utf8) }
        let count = Self.wholePages(texts.reduce(Self.wordBytes) { $0 + $1.count })
        var words = [UInt64](repeating: 0, count: Self.wordBytes / MemoryLayout<UInt64>.size)
        func set(_ word: Word, _ value: Int) { words[word.rawValue] = UInt64(value) }
        words[Word.magic.rawValue] = Self.magic
        words[Word.layout.rawValue] = layout
        set(.bytes, count)
        set(.slotBytes, slotBytes)
        set(.seesFolder, seesFolder ? 1 : 0)
        for (word, text) in zip([Word.state, .folder, .about], texts) { set(word, text.count) }
        for index in 0..<4 {
            words[Word.run.rawValue + index] = UInt64(littleEndianBytes: run.utf8.dropFirst(8 * index).prefix(8))
        }
        var bytes = words.flatMap(\.littleEndianBytes) + texts.joined()
        bytes += [UInt8](repeating: 0, count: count - bytes.count)
        let checksum = Self.checksum(bytes).littleEndianBytes
        bytes.replaceSubrange(Self.range(of: .checksum), with: checksum)
        return bytes
    }

    /// Returns the bytes of the head that begins with `bytes`; nil where they begin no head.
    static func count(firstBytes bytes: [UInt8]) -> Int? {
        guard bytes.count >= wordBytes, word(.magic, in: bytes) == magic else { return nil }
        let count = word(.bytes, in: bytes)
        return count >= wordBytes && count <= most ? Int(count) : nil
    }

    /// Reads a whole head; nil where any bit of it has changed.
    init?(_ bytes: [UInt8]) {
        guard Self.count(firstBytes: bytes) == bytes.count,
            Self.word(.checksum, in: bytes) == Self.checksum(bytes),
            let stateCount = Self.count(.state, in: bytes), let folderCount = Self.count(.folder, in: bytes),
            let aboutCount = Self.count(.about, in: bytes),
            [stateCount, folderCount, aboutCount].reduce(Self.wordBytes, { $0.saturatingSum($1) }) <= bytes.count
        else { return nil }
        let runStart = Self.range(of: .run).lowerBound
        let run = String(decoding: bytes[runStart..<runStart + 32], as: UTF8.self)
        var rest = bytes[Self.wordBytes...]
        let texts = [stateCount, folderCount, aboutCount].map { count in
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        guard Self.isIdentity(run), let sizes = Sizes(text: String(decoding: texts[0], as: UTF8.self)),
            sizes.floats > 0, Self.count(.slotBytes, in: bytes) == Self.slotBytes(sizes),
            let about = try? Checkpoint.About(json: texts[2], path: "a snapshot")
        else { return nil }
        self.init(
            run: run, layout: Self.word(.layout, in: bytes), sizes: sizes,
            folder: String(decoding: texts[1], as: UTF8.self),
            seesFolder: Self.word(.seesFolder, in: bytes) == 1, about: about)
    }

    private static func range(of word: Word) -> Range<Int> { word.rawValue * 8..<word.rawValue * 8 + 8 }

    private static func word(_ word: Word, in bytes: [UInt8]) -> UInt64 {
        UInt64(littleEndianBytes: bytes[range(of: word)])
    }

    private static func count(_ word: Word, in bytes: [UInt8]) -> Int? { Int(exactly: self.word(word, in: bytes)) }

    /// Returns the checksum of all bytes except its own.
    private static func checksum(_ bytes: [UInt8]) -> UInt64 {
        var result = UInt64(bytes.count)
        for start in stride(from: 0, to: bytes.count, by: 8) where start != range(of: .checksum).lowerBound {
            result = PieceChecksum.mixed(result ^ UInt64(littleEndianBytes: bytes[start..<min(start + 8, bytes.count)]))
        }
        return result
    }

    /// A hash of the head.
    var fingerprint: UInt64 { Self.word(.checksum, in: encoded) }
}

extension Checkpoint.About {
    /// The metadata as one JSON object.
    package var json: String { HeaderJSON.object(metadata) }

    /// Reads such an object.
    ///
    /// - Parameter path: the source's name in messages.
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
