import Files
import Glibc

/// A file in a tar archive.
struct TarMember: Equatable {
    /// Its path in the archive, as bytes.
    let name: [UInt8]
    /// Where its content begins in the archive.
    let offset: Int
    let size: Int
}

/// Why an archive is not read.
struct TarError: Error, Equatable {
    let reason: String
}

/// Walks through the headers of a tar archive: old, POSIX ustar and pax, and GNU. (POSIX.1-2017, pax; GNU tar manual, "Basic Tar Format".)
///
/// Nothing is extracted. Members that are no regular files are passed over; names that are absolute or lead out with `..` are refused, as are sizes
/// that go beyond the archive.
struct TarReader {
    private let file: SeekableFile
    private var place = 0
    /// What pax headers and GNU's long names say of the next member.
    private var longName: [UInt8]?
    private var paxSize: Int?

    static let block = 512
    /// A name, or all that a pax header says: more than any file system takes.
    private static let mostNameBytes = 1 << 16

    init(_ file: SeekableFile) { self.file = file }

    /// The next regular file; nil at the end.
    mutating func next() throws(TarError) -> TarMember? {
        while true {
            let start = place
            let header = try file.read(at: place, count: Self.block)
            // Archives should end with two blocks of zeros; some end without.
            if header.isEmpty || header.allSatisfy({ $0 == 0 }) { return nil }
            guard header.count == Self.block else {
                throw TarError(reason: "it ends inside the header at byte \(start)")
            }
            try checkSum(of: header, at: start)
            let stated = try number(header[124..<136], at: start)
            let size = paxSize ?? stated
            let kind = header[156]
            let content = place + Self.block
            let (padded, overflow) = size.addingReportingOverflow(Self.block - 1)
            guard size >= 0, !overflow, content <= file.count, size <= file.count - content else {
                throw TarError(
                    reason: "the member at byte \(start) has \(size) bytes, more than the archive goes on for")
            }
            place = content + padded / Self.block * Self.block
            switch kind {
            case UInt8(ascii: "L"):
                longName = Array(try meta(content, size, at: start).prefix { $0 != 0 })
            case UInt8(ascii: "x"): try readPax(try meta(content, size, at: start))
            // Of all members; GNU's long link names.
            case UInt8(ascii: "g"), UInt8(ascii: "K"): break
            case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
                let name = try checked(longName ?? Self.name(in: header), at: start)
                (longName, paxSize) = (nil, nil)
                // Old archives say by a slash that it is a folder.
                if name.last == UInt8(ascii: "/") { continue }
                return TarMember(name: name, offset: content, size: size)
            default: (longName, paxSize) = (nil, nil)
            }
        }
    }

    private func meta(_ content: Int, _ size: Int, at start: Int) throws(TarError) -> [UInt8] {
        guard size <= Self.mostNameBytes else {
            throw TarError(
                reason: "the header at byte \(start) has \(size) bytes; at most \(Self.mostNameBytes) are read")
        }
        return try file.read(at: content, count: size)
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

    /// The name, behind ustar's prefix.
    private static func name(in header: [UInt8]) -> [UInt8] {
        let name = header[0..<100].prefix { $0 != 0 }
        guard header[257..<262].elementsEqual("ustar".utf8), header[262] == 0 else { return Array(name) }
        let prefix = header[345..<500].prefix { $0 != 0 }
        return prefix.isEmpty ? Array(name) : Array(prefix) + [UInt8(ascii: "/")] + Array(name)
    }

    private func checked(_ name: [UInt8], at start: Int) throws(TarError) -> [UInt8] {
        let parts = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard !name.isEmpty, name.first != UInt8(ascii: "/"), !parts.contains(where: { $0.elementsEqual("..".utf8) })
        else {
            throw TarError(
                reason:
                    "the member at byte \(start) is called '\(String(pathBytes: name))'; names that lead out of the "
                    + "archive are not read")
        }
        // `./train/cat/1.jpg` is `train/cat/1.jpg`.
        return Array(parts.filter { !$0.elementsEqual(".".utf8) }.joined(separator: [UInt8(ascii: "/")]))
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
        let digits = field.drop { $0 == UInt8(ascii: " ") }.prefix {
            (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0)
        }
        guard let value = digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8) else {
            throw TarError(reason: "the member at byte \(start) has a false size")
        }
        return value
    }

    /// The sum of all bytes, those of the field itself as blanks.
    private func checkSum(of header: [UInt8], at start: Int) throws(TarError) {
        var sum = 0
        for (place, byte) in header.enumerated() { sum += (148..<156).contains(place) ? 32 : Int(byte) }
        guard try number(header[148..<156], at: start) == sum else {
            throw TarError(
                reason: start == 0
                    ? "it is no tar archive" : "the header at byte \(start) has a false sum: it is damaged")
        }
    }
}

/// A file that is read at any place, from several threads at once.
final class SeekableFile: Sendable {
    let path: String
    let count: Int
    private let descriptor: Int32

    /// - Throws: `DatasetError.unreadable` for what cannot be opened or is no file.
    init(_ path: String) throws(DatasetError) {
        self.path = path
        descriptor = path.withPath { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw .unreadable(file: path, reason: String(cString: strerror(errno))) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .unreadable(file: path, reason: "it is not a file")
        }
        count = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Bytes from a place on; fewer at the end.
    func read(at offset: Int, count: Int) throws(TarError) -> [UInt8] {
        var bytes: [UInt8] = []
        try read(at: offset, count: count, into: &bytes)
        return bytes
    }

    /// As above, into memory that is used again.
    func read(at offset: Int, count: Int, into bytes: inout [UInt8]) throws(TarError) {
        bytes.removeAll(keepingCapacity: true)
        let wanted = max(min(count, self.count - offset), 0)
        var failure: Int32 = 0
        bytes.append(addingCapacity: wanted) { (target: inout OutputSpan<UInt8>) in
            target.withUnsafeMutableBufferPointer { buffer, filled in
                while filled < wanted {
                    let result = pread(
                        descriptor, buffer.baseAddress.map { $0 + filled }, wanted - filled, off_t(offset + filled))
                    if result < 0 && errno == EINTR { continue }
                    if result < 0 { failure = errno }
                    guard result > 0 else { return }
                    filled += result
                }
            }
        }
        guard failure == 0 else { throw TarError(reason: String(cString: strerror(failure))) }
    }
}
