import Glibc

/// The files of this machine.
package struct SystemFiles: FileSystem {
    package init() {}

    package func open(_ path: String) throws(SystemError) -> Int32 {
        try checked(Glibc.open(path, O_RDONLY | O_CLOEXEC))
    }

    package func create(_ path: String) throws(SystemError) -> Int32 {
        try checked(Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644))
    }

    package func openFolder(_ path: String) throws(SystemError) -> Int32 {
        try checked(Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    }

    package func size(of file: Int32) throws(SystemError) -> Int {
        var status = stat()
        try unsafe checked(fstat(file, &status))
        return status.st_size
    }

    package func write(_ bytes: borrowing RawSpan, to file: Int32) throws(SystemError) -> Int {
        // Pointers are what write(2) takes; they do not leave this closure.
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
        try checked(Glibc.rename(path, other))
    }

    package func remove(_ path: String) throws(SystemError) {
        try checked(unlink(path))
    }

    package func makeFolder(_ path: String) throws(SystemError) {
        try checked(mkdir(path, 0o755))
    }

    package func names(in folder: String) throws(SystemError) -> [String] {
        guard let stream = unsafe opendir(folder) else { throw SystemError(code: errno) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            // Only errno tells the end from an error.
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw SystemError(code: errno) }
                return names
            }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    package func status(of path: String) throws(SystemError) -> FileStatus {
        var status = stat()
        try unsafe checked(stat(path, &status))
        return FileStatus(isFolder: status.st_mode & S_IFMT == S_IFDIR, modified: status.st_mtim.tv_sec)
    }

    /// What a call returned, or the error that it left.
    @discardableResult
    private func checked<Number: SignedInteger>(_ result: Number) throws(SystemError) -> Number {
        guard result >= 0 else { throw SystemError(code: errno) }
        return result
    }
}
