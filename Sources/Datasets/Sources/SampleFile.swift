import Files
import Glibc

/// Bytes that a picture's file may have: more than any of `Image.mostPixels` needs that is not made to be large.
let mostSampleBytes = 1 << 30

/// Reads a whole file into memory that is used again.
///
/// - Parameter limit: bytes that it may have at most.
func readSample(_ path: String, limit: Int = mostSampleBytes, into bytes: inout [UInt8]) throws(SampleError) {
    bytes.removeAll(keepingCapacity: true)
    let descriptor = path.withPath { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { throw SampleError("\(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw SampleError("\(path) is not a file")
    }
    guard status.st_size <= limit else {
        throw SampleError("\(path) has \(status.st_size) bytes; at most \(limit) are read of a picture")
    }
    let failure = readBytes(descriptor, at: 0, count: Int(status.st_size), into: &bytes)
    guard failure == 0 else { throw SampleError("\(path): \(String(cString: strerror(failure)))") }
}

/// A file that is read at any place, from several threads at once.
final class SeekableFile: Sendable {
    let path: String
    let count: Int
    /// The open file; nil where it is opened for each reading.
    private let descriptor: Int32?

    /// - Throws: `DatasetError.unreadable` where it cannot be opened or is not a file.
    init(_ path: String, staysOpen: Bool = true) throws(DatasetError) {
        self.path = path
        let descriptor = Self.opened(path)
        guard descriptor >= 0 else { throw .unreadable(file: path, reason: String(cString: strerror(errno))) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .unreadable(file: path, reason: "it is not a file")
        }
        count = Int(status.st_size)
        self.descriptor = staysOpen ? descriptor : nil
        if !staysOpen { close(descriptor) }
    }

    deinit { if let descriptor { close(descriptor) } }

    private static func opened(_ path: String) -> Int32 {
        path.withPath { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    }

    /// Reads bytes from a place on into memory that is used again; fewer at the end.
    func read(at offset: Int, count: Int, into bytes: inout [UInt8]) throws(TarError) {
        bytes.removeAll(keepingCapacity: true)
        let wanted = max(min(count, self.count - offset), 0)
        let descriptor = self.descriptor ?? Self.opened(path)
        defer { if self.descriptor == nil { close(descriptor) } }
        let failure = descriptor < 0 ? errno : readBytes(descriptor, at: offset, count: wanted, into: &bytes)
        guard failure == 0 else { throw TarError(reason: String(cString: strerror(failure))) }
    }
}

/// Appends bytes of a file, fewer at its end.
///
/// - Returns: The system's error number; 0 for none.
private func readBytes(_ descriptor: Int32, at offset: Int, count: Int, into bytes: inout [UInt8]) -> Int32 {
    if bytes.capacity < count { bytes.reserveCapacity(count) }
    var failure: Int32 = 0
    bytes.append(addingCapacity: count) { (target: inout OutputSpan<UInt8>) in
        target.withUnsafeMutableBufferPointer { buffer, filled in
            while filled < count {
                let result = pread(
                    descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
                if result < 0 && errno == EINTR { continue }
                if result < 0 { failure = errno }
                guard result > 0 else { return }
                filled += result
            }
        }
    }
    return failure
}
