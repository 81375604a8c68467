import Files
import Glibc

/// A writer of a packed dataset: shards first, each flushed to the disk, then the index, which gets its name only when
/// all of it is written. Until then the folder does not count as a dataset.
///
/// The written files are removed where the writing does not complete.
struct PackedWriter: ~Copyable {
    private let folder: String
    private let shardBytes: Int
    /// Whether the folder was made for this.
    private let isOwnFolder: Bool
    private(set) var shards: [PackedShardEntry] = []
    private var shard: OutputFile?
    private var shardSum = XXH64()
    private var files: [String] = []
    private var isWhole = false

    /// - Parameters:
    ///   - folder: is made, or is empty.
    ///   - shardBytes: that a shard has at most, unless its only image has more.
    /// - Throws: `DatasetError.placeTaken`, `unfinishedPack`, `notWritable`.
    init(folder path: String, shardBytes: Int) throws(DatasetError) {
        var folder = path
        while folder.utf8.count > 1, folder.utf8.last == UInt8(ascii: "/") { folder.removeLast() }
        self.folder = folder
        self.shardBytes = shardBytes
        if let status = fileStatus(folder) {
            guard isFolder(folder) else { throw .placeTaken(path: folder, found: FileType(status).words) }
            try Self.requireEmpty(folder)
            isOwnFolder = false
        } else {
            do throws(FileError) {
                try makeFolders(folder)
            } catch {
                throw .notWritable(file: folder, reason: error.reason)
            }
            isOwnFolder = true
        }
    }

    private static func requireEmpty(_ folder: String) throws(DatasetError) {
        let entries = try FolderEntries(of: folder)
        let names = entries.names(of: .file) + entries.names(of: .folder) + entries.names(of: .other)
        guard let first = names.first else { return }
        let hasIndex = names.contains { $0.elementsEqual(PackedLayout.indexName.utf8) }
        if !hasIndex, let shard = names.first(where: PackedLayout.isShard) {
            throw .unfinishedPack(folder: folder, shard: String(pathBytes: shard))
        }
        throw .placeTaken(
            path: folder,
            found: hasIndex ? "a packed dataset" : "a folder with \(String(pathBytes: first)) in it")
    }

    deinit {
        guard !isWhole else { return }
        for file in files { _ = file.withPath { unlink($0) } }
        if isOwnFolder { _ = folder.withPath { rmdir($0) } }
    }

    /// Adds a sample's bytes to the last shard, or to a new one.
    ///
    /// - Returns: the sample's entry.
    mutating func append(
        _ bytes: [UInt8], form: StoredSample.Form, label: Int
    ) throws(DatasetError) -> PackedEntry {
        if let shard, shard.count > PackedLayout.shardHeader, shard.count + bytes.count > shardBytes {
            try finishShard()
        }
        if shard == nil {
            let path = folder + "/" + PackedLayout.shardName(shards.count)
            files.append(path)
            shard = try OutputFile(path)
            try shard?.write([UInt8](repeating: 0, count: PackedLayout.shardHeader))
        }
        let offset = shard?.count ?? 0
        try shard?.write(bytes)
        let sum = XXH64.of(bytes.span.bytes)
        var sumBytes: [UInt8] = []
        sumBytes.append(littleEndian: sum)
        shardSum.add(sumBytes.span.bytes)
        var (height, width) = (0, 0)
        if case .pixels(let rows, let columns) = form { (height, width) = (rows, columns) }
        return PackedEntry(
            offset: UInt64(offset), sum: sum, count: UInt32(bytes.count), shard: UInt32(shards.count),
            height: UInt32(height), width: UInt32(width), label: UInt32(label))
    }

    private mutating func finishShard() throws(DatasetError) {
        guard let open = shard else { return }
        let entry = PackedShardEntry(count: UInt64(open.count), sum: shardSum.value)
        try open.writeFirst(entry.header(number: shards.count))
        try open.close()
        shards.append(entry)
        shard = nil
        shardSum = XXH64()
    }

    /// Finishes the last shard.
    mutating func finishShards() throws(DatasetError) {
        try finishShard()
        do throws(FileError) {
            try flushFolder(folder)
        } catch {
            throw .notWritable(file: folder, reason: error.reason)
        }
    }

    /// Puts the index in its place: from here on the folder is a dataset.
    mutating func finish(index: [UInt8]) throws(DatasetError) {
        let path = folder + "/" + PackedLayout.indexName
        let partial = path + ".partial"
        files += [partial, path]
        let file = try OutputFile(partial)
        try file.write(index)
        try file.close()
        guard partial.withPath({ from in path.withPath { rename(from, $0) } }) == 0 else {
            throw .notWritable(file: path, reason: String(cString: strerror(errno)))
        }
        do throws(FileError) {
            try flushFolder(folder)
            if isOwnFolder { try flushFolder(splitPath(folder).folder) }
        } catch {
            throw .notWritable(file: path, reason: error.reason)
        }
        isWhole = true
    }
}

/// A new file that is written from its beginning.
private final class OutputFile {
    private let path: String
    private var descriptor: Int32
    /// Bytes so far.
    private(set) var count = 0

    /// - Throws: `DatasetError.notWritable`, also where something has the name.
    init(_ path: String) throws(DatasetError) {
        self.path = path
        descriptor = path.withPath { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
        guard descriptor >= 0 else { throw failure() }
    }

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

    func write(_ bytes: [UInt8]) throws(DatasetError) {
        try write(bytes, at: count)
        count += bytes.count
    }

    /// Writes over the first bytes.
    func writeFirst(_ bytes: [UInt8]) throws(DatasetError) { try write(bytes, at: 0) }

    private func write(_ bytes: [UInt8], at offset: Int) throws(DatasetError) {
        var written = 0
        while written < bytes.count {
            let result = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written, off_t(offset + written))
            }
            if result < 0 && errno == EINTR { continue }
            // A call that writes nothing without an error would be repeated for ever.
            if result == 0 { errno = ENOSPC }
            guard result > 0 else { throw failure() }
            written += result
        }
    }

    /// Makes the file outlive a loss of power.
    func close() throws(DatasetError) {
        guard fsync(descriptor) == 0 else { throw failure() }
        let closing = descriptor
        descriptor = -1
        guard Glibc.close(closing) == 0 || errno == EINTR else { throw failure() }
    }

    private func failure() -> DatasetError { .notWritable(file: path, reason: String(cString: strerror(errno))) }
}
