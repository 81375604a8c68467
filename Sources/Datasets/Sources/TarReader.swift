import Files

/// A file in a tar archive.
struct TarMember: Equatable {
    /// The path in the archive, as bytes, without `./` and double slashes.
    let name: [UInt8]
    /// The byte of the archive at which its content begins.
    let offset: Int
    let size: Int
}

/// The reason why an archive is not read.
struct TarError: Error, Equatable {
    let reason: String
}

/// An archive's bytes.
protocol TarBytes {
    /// The number of bytes; `Int.max` where only the end will show it.
    var count: Int { get }
    /// Reads bytes from a place on, fewer at the end. Places only grow where the archive is compressed.
    func read(at offset: Int, count: Int, into bytes: inout [UInt8]) throws(TarError)
}

/// An archive of a set, which several threads read.
protocol TarShard: TarBytes, Sendable {
    var path: String { get }
    /// Tells the archive that all its members are known and end before byte `end`: what is open for the next one is
    /// closed, now and whenever that byte is reached.
    ///
    /// - Throws: where the rest of the file shows that it is damaged.
    func finish(after end: Int) throws(TarError)
}

extension SeekableFile: TarShard {
    /// Does nothing: the file stays open, or is opened for each reading.
    func finish(after end: Int) {}
}

/// A reader of the headers of a tar archive: old, POSIX ustar and pax, and GNU. (POSIX.1-2017, pax; GNU tar manual,
/// "Basic Tar Format".)
///
/// Nothing is extracted. Members that are not regular files are skipped. Names that are absolute or lead out with `..`
/// are refused, as are sizes that go beyond the archive.
struct TarReader<Archive: TarBytes> {
    let archive: Archive
    private var place = 0
    private var header: [UInt8] = []
    /// The name and size of the next member by pax headers and GNU's long names.
    private var longName: [UInt8]?
    private var paxSize: Int?

    private static var block: Int { 512 }
    /// The most bytes of a name, or of a pax header: more than any file system accepts.
    private static var mostNameBytes: Int { 1 << 16 }

    init(_ archive: Archive) { self.archive = archive }

    /// Returns the next regular file; nil at the end.
    mutating func next() throws(TarError) -> TarMember? {
        while true {
            let start = place
            try archive.read(at: place, count: Self.block, into: &header)
            // Archives should end with two blocks of zeros; some end without.
            if header.allSatisfy({ $0 == 0 }), start > 0 || header.count == Self.block { return nil }
            guard header.count == Self.block else {
                throw TarError(
                    reason: start == 0
                        ? "it is no tar archive" : "it ends inside the header at byte \(start)")
            }
            try checkSum(at: start)
            let kind = header[156]
            let isMeta = "LKxg".utf8.contains(kind)
            let stated = try number(header[124..<136], at: start)
            let size = isMeta ? stated : paxSize ?? stated
            let content = place + Self.block
            guard size >= 0, content <= archive.count, size <= min(archive.count, 1 << 56) - content else {
                throw TarError(
                    reason: "the member at byte \(start) has \(size) bytes, more than the archive goes on for")
            }
            place = content + (size + Self.block - 1) / Self.block * Self.block
            switch kind {
            case UInt8(ascii: "L"):
                longName = Array(try meta(content, size, at: start).prefix { $0 != 0 })
            case UInt8(ascii: "x"): try readPax(try meta(content, size, at: start))
            // Of all members; GNU's long link names.
            case UInt8(ascii: "g"), UInt8(ascii: "K"): break
            case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
                let stored = longName ?? name
                (longName, paxSize) = (nil, nil)
                // In old archives a slash marks a folder.
                if stored.last == UInt8(ascii: "/") { continue }
                return TarMember(name: try checked(stored, at: start), offset: content, size: size)
            default: (longName, paxSize) = (nil, nil)
            }
        }
    }

    private func meta(_ content: Int, _ size: Int, at start: Int) throws(TarError) -> [UInt8] {
        guard size <= Self.mostNameBytes else {
            throw TarError(
                reason: "the header at byte \(start) has \(size) bytes; at most \(Self.mostNameBytes) are read")
        }
        var bytes: [UInt8] = []
        try archive.read(at: content, count: size, into: &bytes)
        return bytes
    }

    /// Records `LENGTH KEY=VALUE\n`.
    private mutating func readPax(_ bytes: [UInt8]) throws(TarError) {
        var rest = bytes[...]
        while let blank = rest.firstIndex(of: UInt8(ascii: " ")) {
            guard let length = Int(String(decoding: rest[..<blank], as: UTF8.self)),
                length > blank - rest.startIndex + 1,
                length <= rest.count
            else { throw TarError(reason: "a pax header has a false length") }
            let record = rest[(blank + 1)..<(rest.startIndex + length - 1)]
            rest = rest[(rest.startIndex + length)...]
            guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let value = record[(equals + 1)...]
            switch String(decoding: record[..<equals], as: UTF8.self) {
            case "path": longName = Array(value)
            case "size":
                guard let size = Int(String(decoding: value, as: UTF8.self)), size >= 0 else {
                    throw TarError(reason: "a pax header has a false size")
                }
                paxSize = size
            default: break
            }
        }
    }

    /// The name, after ustar's prefix.
    private var name: [UInt8] {
        let name = header[0..<100].prefix { $0 != 0 }
        guard header[257..<262].elementsEqual("ustar".utf8), header[262] == 0 else { return Array(name) }
        let prefix = header[345..<500].prefix { $0 != 0 }
        return prefix.isEmpty ? Array(name) : Array(prefix) + [UInt8(ascii: "/")] + Array(name)
    }

    private func checked(_ name: [UInt8], at start: Int) throws(TarError) -> [UInt8] {
        let parts = name.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
        guard !parts.isEmpty, name.first != UInt8(ascii: "/"), !name.contains(0),
            !parts.contains(where: { $0.elementsEqual("..".utf8) })
        else {
            throw TarError(
                reason:
                    "the member at byte \(start) is called '\(String(pathBytes: name))'; names that are absolute or "
                    + "lead out by `..` are not read")
        }
        return Array(parts.joined(separator: [UInt8(ascii: "/")]))
    }

    /// Octal digits, or with the highest bit set a number of 95 bits.
    private func number(_ field: ArraySlice<UInt8>, at start: Int) throws(TarError) -> Int {
        if let first = field.first, first & 0x80 != 0 {
            var value = Int(first & 0x3F)
            for byte in field.dropFirst() {
                guard value < 1 << 54 else { throw TarError(reason: "the member at byte \(start) has a false size") }
                value = value << 8 | Int(byte)
            }
            return value
        }
        // Twelve octal digits at most: the number fits.
        return field.drop { $0 == UInt8(ascii: " ") }.prefix { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }
            .reduce(0) { $0 << 3 | Int($1 & 7) }
    }

    /// Checks the sum of all bytes of a header, with those of the sum's own field as blanks.
    private func checkSum(at start: Int) throws(TarError) {
        var sum = 8 * 32
        for byte in header { sum += Int(byte) }
        for place in 148..<156 { sum -= Int(header[place]) }
        guard try number(header[148..<156], at: start) == sum else {
            throw TarError(
                reason: start == 0
                    ? "it is no tar archive" : "the header at byte \(start) has a false sum: it is damaged")
        }
    }
}
