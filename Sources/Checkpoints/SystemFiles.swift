import Files
import Glibc

/// The files of this machine.
package struct SystemFiles: FileSystem {
    package init() {}

    package func open(_ path: String) throws(SystemError) -> Int32 {
        do throws(FileError) {
            return try openToRead(path)
        } catch {
            switch error {
            case .system(_, _, let code): throw SystemError(code: code)
            case .nobodyWrites: throw .nobodyWrites
            case .tooLarge: throw SystemError(code: EFBIG)
            default: throw .noSuchKind
            }
        }
    }

    package func create(_ path: String) throws(SystemError) -> Int32 {
        try checked(path.withPath { Glibc.open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) })
    }

    package func openFolder(_ path: String) throws(SystemError) -> Int32 {
        try checked(path.withPath { Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
    }

    package func size(of file: Int32) throws(SystemError) -> Int {
        var status = stat()
        try unsafe checked(fstat(file, &status))
        return status.st_size
    }

    package func write(_ bytes: borrowing RawSpan, to file: Int32) throws(SystemError) -> Int {
        // write(2) takes pointers; they do not leave this closure.
        try checked(unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) })
    }

    package func read(_ count: Int, from file: Int32) throws(SystemError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let result = unsafe Glibc.read(file, buffer.baseAddress, count)
            failure = result < 0 ? errno : 0
            initialized = max(result, 0)
        }
        guard failure == 0 else { throw SystemError(code: failure) }
        return bytes
    }

    package func synchronize(_ file: Int32) throws(SystemError) {
        try checked(fsync(file))
    }

    package func forget(_ file: Int32) {
        posix_fadvise(file, 0, 0, Int32(POSIX_FADV_DONTNEED))
    }

    package func close(_ file: Int32) throws(SystemError) {
        try checked(Glibc.close(file))
    }

    package func rename(_ path: String, to other: String) throws(SystemError) {
        try checked(path.withPath { path in other.withPath { Glibc.rename(path, $0) } })
    }

    package func remove(_ path: String) throws(SystemError) {
        try checked(path.withPath { unlink($0) })
    }

    package func makeFolder(_ path: String) throws(SystemError) {
        try checked(path.withPath { mkdir($0, 0o755) })
    }

    package func names(in folder: String) throws(SystemError) -> [String] {
        guard let stream = unsafe folder.withPath({ unsafe opendir($0) }) else { throw SystemError(code: errno) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            // Only errno distinguishes the end from an error.
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw SystemError(code: errno) }
                return names
            }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(path: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    package func status(of path: String) throws(SystemError) -> FileStatus {
        var status = stat()
        try unsafe checked(path.withPath { unsafe stat($0, &status) })
        return FileStatus(
            type: FileType(status), modified: status.st_mtim.tv_sec,
            isOwnStream: [STDOUT_FILENO, STDERR_FILENO].contains { Self.isStream($0, status) })
    }

    /// Whether a standard stream of this process goes to the same open file. Devices that keep nothing do not count.
    private static func isStream(_ stream: Int32, _ status: stat) -> Bool {
        var own = stat()
        guard unsafe fstat(stream, &own) == 0, own.st_dev == status.st_dev, own.st_ino == status.st_ino else {
            return false
        }
        let type = FileType(own, descriptor: stream)
        return type != .null && type != .device
    }

    package func target(of path: String) throws(SystemError) -> String {
        var place = path
        // The kernel follows up to 40 links. (path_resolution(7))
        for _ in 0..<40 {
            guard let target = linkTarget(place) else { return place }
            place = target.utf8.first == UInt8(ascii: "/") ? target : splitPath(place).folder + "/" + target
        }
        throw SystemError(code: ELOOP)
    }

    package func openThrough(_ path: String) throws(SystemError) -> Int32 {
        var code: Int32 = 0
        let descriptor = try? whilePatient { () throws(FileError) -> Int32? in
            let descriptor = path.withPath { Glibc.open($0, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) }
            code = descriptor < 0 ? errno : 0
            // Only a pipe without a reader gives this error; a reader may be about to open it.
            return code == SystemError.nobodyReads.code ? nil : descriptor
        }
        guard let descriptor, descriptor >= 0 else { throw SystemError(code: code) }
        // Writing is to wait for the reader.
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        return descriptor
    }

    /// Returns the result of a system call, or throws the error that it left.
    @discardableResult
    private func checked<Number: SignedInteger>(_ result: Number) throws(SystemError) -> Number {
        guard result >= 0 else { throw SystemError(code: errno) }
        return result
    }
}
