/// The layout of the files of a packed dataset, as documented in docs/packed-format.md.
enum PackedLayout {
    static let version: UInt32 = 1
    static let indexName = "index.pack"

    /// The first bytes of an index. As PNG's, they show where a program took the file for text.
    static let indexMagic: [UInt8] = [0x89] + Array("CNNP\r\n\u{1A}".utf8)
    static let shardMagic: [UInt8] = [0x89] + Array("CNNS\r\n\u{1A}".utf8)

    /// Bytes of an index's first part, of a shard's entry in it, of a sample's, and of the place where a text ends.
    static let header = 128
    static let shardEntry = 16
    static let sampleEntry = 40
    static let textEnd = 8
    /// Bytes of an index's last part.
    static let sum = 8

    /// Bytes of a shard before its first image.
    static let shardHeader = 32

    /// Returns the file name of a shard.
    static func shardName(_ number: Int) -> String {
        let digits = "\(number)"
        return shardPrefix + String(repeating: "0", count: max(5 - digits.count, 0)) + digits + shardSuffix
    }

    private static let shardPrefix = "images-"
    private static let shardSuffix = ".pack"

    static func isShard(_ name: [UInt8]) -> Bool {
        name.starts(with: shardPrefix.utf8) && name.suffix(5).elementsEqual(shardSuffix.utf8)
    }

    /// Returns the number of texts in an index before the samples' names: the kind of source, the moments' name, and
    /// those of the classes.
    static func headTexts(classes: Int) -> Int { 2 + classes }
}

/// The form in which a packed dataset has each image.
package enum PackedContent: Hashable, Sendable {
    /// The stored file or, for a source of pixels, the pixels.
    case stored
    /// A JPEG, where the shorter side was longer than `shorter` pixels: made smaller and encoded anew. Others as they
    /// were stored.
    case smaller(shorter: Int, quality: Int)
    /// Pixels; made smaller where the shorter side was longer than `shorter` pixels.
    case pixels(shorter: Int?)

    /// Pixels of the shorter side that images are made smaller to.
    var shorter: Int? {
        switch self {
        case .stored: nil
        case .smaller(let shorter, _): shorter
        case .pixels(let shorter): shorter
        }
    }

    /// The content in words, as in "images as they were stored".
    package var words: String {
        switch self {
        case .stored: "images as they were stored"
        case .smaller(let shorter, let quality):
            "JPEGs of quality \(quality), the shorter side at most \(shorter) pixels"
        case .pixels(nil): "pixels"
        case .pixels(let shorter?): "pixels, the shorter side at most \(shorter)"
        }
    }
}

/// A sample's entry in an index.
struct PackedEntry: Equatable, Sendable {
    /// The byte of its shard at which its bytes begin.
    let offset: UInt64
    /// XXH64 of its bytes.
    let sum: UInt64
    let count: UInt32
    let shard: UInt32
    /// Rows and columns of pixels; both 0 for a file.
    let height: UInt32
    let width: UInt32
    let label: UInt32
}

extension PackedEntry {
    /// The entry at a place of the samples' entries.
    init(_ bytes: RawSpan, at place: Int) {
        offset = bytes.number(place)
        sum = bytes.number(place + 8)
        count = bytes.number(place + 16)
        shard = bytes.number(place + 20)
        height = bytes.number(place + 24)
        width = bytes.number(place + 28)
        label = bytes.number(place + 32)
    }

    var form: StoredSample.Form {
        height == 0 && width == 0 ? .encoded : .pixels(height: Int(height), width: Int(width))
    }

    /// Appends the entry.
    func write(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: offset)
        bytes.append(littleEndian: sum)
        for number in [count, shard, height, width, label, 0] { bytes.append(littleEndian: number) }
    }
}

/// A shard's entry in an index, which its first bytes repeat.
struct PackedShardEntry: Equatable, Sendable {
    /// Bytes of the file.
    var count: UInt64
    /// The XXH64 of the samples' sums, in the order of the file.
    var sum: UInt64
}

extension PackedShardEntry {
    /// The entry at a place of the shards' entries.
    init(_ bytes: RawSpan, at place: Int) {
        count = bytes.number(place)
        sum = bytes.number(place + 8)
    }

    /// Returns a shard's first bytes.
    func header(number: Int) -> [UInt8] {
        var bytes = PackedLayout.shardMagic
        bytes.append(littleEndian: PackedLayout.version)
        bytes.append(littleEndian: UInt32(number))
        bytes.append(littleEndian: count)
        bytes.append(littleEndian: sum)
        return bytes
    }
}
