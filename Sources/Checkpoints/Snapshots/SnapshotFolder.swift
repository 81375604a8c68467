import Files
import Glibc
import Machine
import Tensors

/// The folder in memory where a host keeps the snapshots of the runs of all its users.
package struct SnapshotFolder: Equatable, Sendable {
    package let path: String

    package init(path: String) {
        self.path = path
    }

    /// The folder of the host.
    package static let shared = SnapshotFolder(path: "/dev/shm")

    private static let prefix = "cnn-train-"
    /// The seconds for which a new file may still be incomplete.
    private static let youth = 60

    /// Returns the path of a run's file.
    ///
    /// - Precondition: `run` is a run's identity.
    package func file(ofRun run: String) -> String { path + "/" + Self.prefix + run }

    /// Opens a run's file for reading; nil where this host has none.
    ///
    /// - Throws: `notASnapshot` for a file of another user, or one that is not as it was written.
    package func open(run: String) throws(CheckpointError) -> SnapshotFile? {
        guard SnapshotHead.isIdentity(run) else { return nil }
        let path = file(ofRun: run)
        guard let opened = try openOwn(path, O_RDONLY) else { return nil }
        defer { close(opened.descriptor) }
        guard let found = head(of: opened), found.head.run == run else {
            throw .notASnapshot(path: path, reason: "its head is not one of this run")
        }
        return SnapshotFile(
            path: path, head: found.head, headBytes: found.bytes,
            try map(opened.descriptor, bytes: opened.bytes, isWritable: false), locked: nil)
    }

    /// Opens a run's file for writing: an existing file with the same head, including its content, else a new one whose
    /// memory is reserved at once.
    ///
    /// - Throws: `noRoom` where the folder has too little capacity, `snapshotInUse` where another process has the file.
    package func openToWrite(_ head: SnapshotHead) throws(CheckpointError) -> SnapshotFile {
        let path = file(ofRun: head.run)
        let encoded = head.encoded
        if let opened = try openOwn(path, O_RDWR) {
            do throws(CheckpointError) {
                try lock(opened.descriptor, path)
                if let found = self.head(of: opened), found.head == head {
                    return SnapshotFile(
                        path: path, head: head, headBytes: found.bytes,
                        try map(opened.descriptor, bytes: opened.bytes, isWritable: true), locked: opened.descriptor)
                }
            } catch {
                close(opened.descriptor)
                throw error
            }
            // Processes that read the removed file may continue.
            remove(path)
            close(opened.descriptor)
        }
        return try create(path, head, encoded)
    }

    /// Removes a run's file, if there is one.
    package func remove(run: String) { remove(file(ofRun: run)) }

    /// Removes this user's files that no process writes and whose runs are gone.
    ///
    /// - Parameters:
    ///   - run: the run whose file stays.
    ///   - isStale: whether the run that a file's head names is gone.
    package func removeStale(except run: String, isStale: (SnapshotHead) -> Bool) {
        let names = (try? SystemFiles().names(in: path)) ?? []
        for name in names where name.hasPrefix(Self.prefix) && name != Self.prefix + run {
            let file = path + "/" + name
            guard SnapshotHead.isIdentity(String(name.dropFirst(Self.prefix.count))),
                let opened = try? openOwn(file, O_RDWR)
            else { continue }
            defer { close(opened.descriptor) }
            guard flock(opened.descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
            if let found = head(of: opened) {
                if isStale(found.head) { remove(file) }
            } else if time(nil) - opened.modified > Self.youth {
                remove(file)
            }
        }
    }

    /// Returns the bytes that this user's file for states of these sizes takes here; 0 where there is none.
    package func bytesTaken(_ sizes: SnapshotHead.Sizes) -> Int {
        let least = SnapshotHead.fileBytes(sizes)
        let names = (try? SystemFiles().names(in: path)) ?? []
        let sizes = names.filter { $0.hasPrefix(Self.prefix) }.compactMap { fileSize(path + "/" + $0) }
        return sizes.contains { $0 > least && $0 <= least + (1 << 20) } ? least : 0
    }

    // MARK: System calls

    private struct Opened {
        let descriptor: Int32
        let bytes: Int
        let modified: Int
    }

    /// Opens a regular file of this user; nil where there is none. In this folder, any user may make a file of any
    /// name.
    private func openOwn(_ path: String, _ way: Int32) throws(CheckpointError) -> Opened? {
        let descriptor = path.withPath { Glibc.open($0, way | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .system(call: "open", path: path, code: errno)
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, FileType(status) == .regular, status.st_uid == geteuid() else {
            close(descriptor)
            throw .notASnapshot(path: path, reason: "it is not a file of this user")
        }
        return Opened(descriptor: descriptor, bytes: status.st_size, modified: status.st_mtim.tv_sec)
    }

    /// Reads a file's head; nil where it is none, or the file has another size than the head says.
    private func head(of opened: Opened) -> (head: SnapshotHead, bytes: Int)? {
        guard let first = read(opened.descriptor, SnapshotHead.wordBytes),
            let count = SnapshotHead.count(firstBytes: first), count <= opened.bytes,
            let bytes = read(opened.descriptor, count), let head = SnapshotHead(bytes),
            opened.bytes == head.slotBytes.saturatingProduct(SnapshotHead.slots).saturatingSum(count)
        else { return nil }
        return (head, count)
    }

    /// Reads the first bytes of a file; nil where it has fewer.
    private func read(_ descriptor: Int32, _ count: Int) -> [UInt8]? {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = max(unsafe pread(descriptor, buffer.baseAddress, count, 0), 0)
        }
        return bytes.count == count ? bytes : nil
    }

    private func create(_ path: String, _ head: SnapshotHead, _ encoded: [UInt8]) throws(CheckpointError)
        -> SnapshotFile
    {
        let bytes = head.slotBytes.saturatingProduct(SnapshotHead.slots).saturatingSum(encoded.count)
        let descriptor = path.withPath {
            Glibc.open($0, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard descriptor >= 0 else { throw .system(call: "open", path: path, code: errno) }
        do throws(CheckpointError) {
            try lock(descriptor, path)
            try reserve(descriptor, path, bytes: bytes)
            let map = try map(descriptor, bytes: bytes, isWritable: true)
            // The first word marks the head as complete, so it is written last.
            map.setBytes(at: 8, to: Array(encoded.dropFirst(8)))
            map.setBytes(at: 0, to: Array(encoded.prefix(8)))
            return SnapshotFile(path: path, head: head, headBytes: encoded.count, map, locked: descriptor)
        } catch {
            remove(path)
            close(descriptor)
            throw error
        }
    }

    /// Reserves the file's memory now: writing to a page that the system cannot provide would kill the process.
    private func reserve(_ descriptor: Int32, _ path: String, bytes: Int) throws(CheckpointError) {
        while true {
            let available = freeBytes(in: self.path) ?? 0
            let code = posix_fallocate(descriptor, 0, bytes)
            switch code {
            case 0: return
            case EINTR: continue
            case ENOSPC, EDQUOT, EFBIG: throw .noRoom(folder: self.path, needed: bytes, available: available)
            default: throw .system(call: "fallocate", path: path, code: code)
            }
        }
    }

    private func lock(_ descriptor: Int32, _ path: String) throws(CheckpointError) {
        // A process that was killed a moment ago may still hold the lock.
        for _ in 0..<20 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
            usleep(50_000)
        }
        throw .snapshotInUse(path: path)
    }

    private func map(_ descriptor: Int32, bytes: Int, isWritable: Bool) throws(CheckpointError) -> MappedFile {
        do {
            return try MappedFile(descriptor, bytes: bytes, isWritable: isWritable)
        } catch {
            throw .memory(error)
        }
    }

    private func remove(_ path: String) { _ = path.withPath { unlink($0) } }
}
