#if canImport(Glibc)
    internal import Glibc
#endif

/// A small file that the kernel generates as it is read, such as those of `/proc` and `/sys`.
package enum SystemFile {
    /// Returns the whole text; nil where the file is missing or may not be read. Bytes that are not UTF-8 are replaced.
    package static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }

    /// Returns the one number that a file holds; nil for `max` and other words.
    package static func number(_ path: String) -> Int? {
        text(path).flatMap { text in text.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) } }
    }

    /// Returns the number after `key` in a file of such lines: `MemAvailable:  23080 kB`.
    package static func number(_ key: String, in text: String) -> Int? {
        for line in text.split(separator: "\n") {
            let fields = line.split(whereSeparator: { $0 == " " || $0 == ":" || $0 == "\t" })
            if fields.count > 1, fields[0] == key { return Int(fields[1]) }
        }
        return nil
    }
}
