import CZlib
import Files
import Glibc

/// A file that is read from its beginning, and decompressed if it is gzip's.
struct CompressedFile: ~Copyable {
    /// The path, for messages.
    let path: String
    private let handle: gzFile

    /// Bytes asked of zlib at once.
    private static let chunk = 1 << 20

    /// - Throws: `DatasetError.unreadable` where the system does not open it.
    init(path: String) throws(DatasetError) {
        self.path = path
        let descriptor: Int32
        do throws(FileError) {
            descriptor = try openToRead(path)
        } catch {
            throw .unreadable(file: path, reason: error.reason)
        }
        guard let handle = gzdopen(descriptor, "rb") else {
            close(descriptor)
            throw .unreadable(file: path, reason: "no memory is left")
        }
        gzbuffer(handle, UInt32(Self.chunk))
        self.handle = handle
    }

    deinit { gzclose(handle) }

    /// Returns the next `count` bytes, or as many as there are before the end.
    ///
    /// Memory grows with the file's actual content, so that a false count costs nothing.
    /// - Throws: `DatasetError.unreadable` for an error of the disk, a false checksum, or compressed data that is cut
    ///   short.
    func read(_ count: Int) throws(DatasetError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let wanted = min(count - bytes.count, Self.chunk)
            var result: Int32 = 0
            let part = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, initialized in
                result = gzread(handle, buffer.baseAddress, UInt32(wanted))
                initialized = Int(max(result, 0))
            }
            bytes += part
            if part.count < wanted {
                // At the end, zlib reports whether compressed data was complete.
                try check()
                break
            }
        }
        return bytes
    }

    private func check() throws(DatasetError) {
        var code: Int32 = Z_OK
        let message = gzerror(handle, &code)
        switch code {
        case Z_OK, Z_STREAM_END:
            return
        case Z_BUF_ERROR:
            throw .unreadable(file: path, reason: "its compressed data is cut short")
        case Z_ERRNO:
            throw .unreadable(file: path, reason: String(cString: strerror(errno)))
        default:
            let text = message.map { String(cString: $0) } ?? "zlib's error \(code)"
            // zlib puts its own name of the file, `<fd:3>`, before its message.
            let reason = text.hasPrefix("<fd:") ? text.split(separator: ": ", maxSplits: 1).last.map(String.init) : text
            throw .unreadable(file: path, reason: reason ?? text)
        }
    }
}
