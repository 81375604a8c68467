import CZstd
import Files
import Glibc

/// A file in zstd's form, decompressed from its beginning: one frame or several. (RFC 8878.)
final class ZstdFile {
    private let path: String
    private let descriptor: Int32
    private let context: OpaquePointer
    private var input: [UInt8] = []
    private var place = 0
    /// Whether the bytes so far end with a frame.
    private var isBetweenFrames = true
    private var isAtEnd = false

    /// Returns whether a file begins with the bytes of zstd's frames.
    static func isZstd(_ path: String) -> Bool {
        var bytes: [UInt8] = []
        guard let file = try? SeekableFile(path), (try? file.read(at: 0, count: 4, into: &bytes)) != nil else {
            return false
        }
        // Frames of other kinds, which decompressors skip, may come first.
        return bytes == [0x28, 0xB5, 0x2F, 0xFD]
            || (bytes.count == 4 && bytes[0] & 0xF0 == 0x50 && Array(bytes[1...]) == [0x2A, 0x4D, 0x18])
    }

    /// - Throws: `DatasetError.unreadable` where the system does not open it.
    init(path: String) throws(DatasetError) {
        self.path = path
        do throws(FileError) {
            descriptor = try openToRead(path)
        } catch {
            throw .unreadable(file: path, reason: error.reason)
        }
        guard let context = ZSTD_createDCtx() else {
            close(descriptor)
            throw .unreadable(file: path, reason: "no memory is left")
        }
        self.context = context
    }

    deinit {
        ZSTD_freeDCtx(context)
        close(descriptor)
    }

    /// Returns the next `count` bytes, or all that are left.
    ///
    /// Memory grows with the file's actual content, so that a false count costs nothing.
    /// - Throws: `DatasetError.unreadable` for an error of the disk, a false checksum, or compressed data that is cut
    ///   short.
    func read(_ count: Int) throws(DatasetError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count && !isAtEnd {
            let part = try decompress(min(count - bytes.count, 1 << 20))
            bytes += part
        }
        return bytes
    }

    /// Decompresses some of the next bytes, `most` at most; the result may be empty before the end.
    private func decompress(_ most: Int) throws(DatasetError) -> [UInt8] {
        if place == input.count {
            input = try compressed(ZSTD_DStreamInSize())
            place = 0
            if input.isEmpty {
                // zstd may hold back bytes for which there was no space.
                guard !isBetweenFrames else {
                    isAtEnd = true
                    return []
                }
            }
        }
        let isInputEmpty = input.isEmpty
        var hint = 0
        let part = [UInt8](unsafeUninitializedCapacity: most) { target, initialized in
            input.withUnsafeBytes { source in
                var from = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: place)
                var into = ZSTD_outBuffer(dst: target.baseAddress, size: most, pos: 0)
                hint = ZSTD_decompressStream(context, &into, &from)
                (place, initialized) = (from.pos, into.pos)
            }
        }
        guard ZSTD_isError(hint) == 0 else {
            throw .unreadable(file: path, reason: "zstd says: \(String(cString: ZSTD_getErrorName(hint)))")
        }
        isBetweenFrames = hint == 0
        if isInputEmpty && part.isEmpty && !isBetweenFrames {
            throw .unreadable(file: path, reason: "its compressed data is cut short")
        }
        return part
    }

    /// Returns the next bytes of the file; none at its end.
    private func compressed(_ count: Int) throws(DatasetError) -> [UInt8] {
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            repeat { result = Glibc.read(descriptor, buffer.baseAddress, count) } while result < 0 && errno == EINTR
            initialized = max(result, 0)
        }
        guard result >= 0 else { throw .unreadable(file: path, reason: String(cString: strerror(errno))) }
        return bytes
    }
}
