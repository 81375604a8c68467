import Glibc

/// Seconds for which reading waits at a pipe that no process has opened for writing.
private let patience = 5

/// Asks repeatedly for something that another process may be about to do.
///
/// - Returns: nil where every answer was nil.
package func whilePatient<Answer>(_ ask: () throws(FileError) -> Answer?) throws(FileError) -> Answer? {
    let end = ContinuousClock.now + .seconds(patience)
    repeat {
        if let answer = try ask() { return answer }
        usleep(20_000)
    } while ContinuousClock.now < end
    return nil
}

/// Bytes that a pipe may carry at most, unless a caller sets a lower limit.
package let longestPipe = 1 << 34

/// Opens a file to be read from its beginning. The content of a pipe or terminal is first read to its end, into a file
/// without a name. So its reader finds a size and may seek.
///
/// - Parameter limit: bytes that may come through a pipe at most.
/// - Returns: a descriptor that the caller closes.
/// - Throws: `notAFile` for folders, sockets and devices but `/dev/null`; `nobodyWrites`, `tooLarge`, `system`.
package func openToRead(_ path: String, limit: Int = longestPipe) throws(FileError) -> Int32 {
    // Without O_NONBLOCK a pipe would be waited for without an end.
    let descriptor = path.withPath { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) }
    guard descriptor >= 0 else {
        let code = errno
        if code == ENXIO, let status = fileStatus(path) {
            throw .notAFile(path: path, found: FileType(status).words)
        }
        throw .system(call: "open", path: path, code: code)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
        defer { close(descriptor) }
        throw .system(call: "stat", path: path, code: errno)
    }
    switch FileType(status, descriptor: descriptor) {
    case .regular, .null:
        waitWhenReading(descriptor)
        return descriptor
    case .pipe, .terminal:
        defer { close(descriptor) }
        return try spooled(descriptor, path: path, limit: limit)
    case let other:
        close(descriptor)
        throw .notAFile(path: path, found: other.words)
    }
}

/// Returns the whole content of a file or pipe.
///
/// - Throws: the errors of `openToRead`; `tooLarge` where there are more than `limit` bytes.
package func readFile(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    let descriptor = try openToRead(path, limit: limit)
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    while true {
        let part = try readPart(1 << 16, from: descriptor, path: path)
        if part.isEmpty { return bytes }
        bytes += part
        guard bytes.count <= limit else { throw .tooLarge(path: path, limit: limit) }
    }
}

/// Reads some of the next bytes; none only at the end.
private func readPart(_ count: Int, from descriptor: Int32, path: String) throws(FileError) -> [UInt8] {
    var result = 0
    var code: Int32 = 0
    let part = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        repeat {
            result = read(descriptor, buffer.baseAddress, count)
            code = errno
        } while result < 0 && code == EINTR
        initialized = max(result, 0)
    }
    guard result >= 0 else { throw .system(call: "read", path: path, code: code) }
    return part
}

/// Copies all bytes of a pipe into a file without a name, and returns its descriptor.
private func spooled(_ pipe: Int32, path: String, limit: Int) throws(FileError) -> Int32 {
    var part = try firstPart(of: pipe, path: path)
    let file = try temporaryFile()
    do throws(FileError) {
        var count = 0
        while !part.isEmpty {
            count += part.count
            guard count <= limit else { throw .tooLarge(path: path, limit: limit) }
            try write(part, to: file, path: path)
            part = try readPart(1 << 16, from: pipe, path: path)
        }
    } catch {
        close(file)
        throw error
    }
    lseek(file, 0, SEEK_SET)
    return file
}

/// Reads the first bytes of a pipe, and waits for them as long as a process may write to it.
private func firstPart(of pipe: Int32, path: String) throws(FileError) -> [UInt8] {
    // A pipe without a name and without a writer will never have one again.
    let hasName = linkTarget("/proc/self/fd/\(pipe)")?.hasPrefix("pipe:") == false
    let part = try whilePatient { () throws(FileError) -> [UInt8]? in
        do throws(FileError) {
            let part = try readPart(1 << 16, from: pipe, path: path)
            var state = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
            if !part.isEmpty || !hasName || (poll(&state, 1, 0) > 0 && state.revents & Int16(POLLHUP) != 0) {
                waitWhenReading(pipe)
                return part
            }
        } catch .system(_, _, EAGAIN) {
            // A process has it open for writing.
            waitWhenReading(pipe)
            return try readPart(1 << 16, from: pipe, path: path)
        }
        return nil
    }
    guard let part else { throw .nobodyWrites(path: path, seconds: patience) }
    return part
}

/// Makes reads of a descriptor block until there are bytes.
private func waitWhenReading(_ descriptor: Int32) {
    let flags = fcntl(descriptor, F_GETFL)
    if flags >= 0 { _ = fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) }
}

/// Returns the path in the first of these environment variables that has one.
package func environmentPath(_ variables: String...) -> String? {
    for variable in variables {
        if let text = getenv(variable), text.pointee != 0 { return String(path: text) }
    }
    return nil
}

/// Opens a file without a name, which is gone when it is closed.
private func temporaryFile() throws(FileError) -> Int32 {
    let folder = environmentPath("TMPDIR") ?? "/tmp"
    var name = temporaryName(in: folder)
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw .system(call: "making a temporary file", path: folder, code: errno) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    unlink(name)
    return descriptor
}

private func write(_ bytes: [UInt8], to file: Int32, path: String) throws(FileError) {
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes {
            Glibc.write(file, $0.baseAddress?.advanced(by: written), $0.count - written)
        }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else {
            throw .system(call: "keeping what it holds in a temporary file", path: path, code: errno)
        }
        written += count
    }
}
