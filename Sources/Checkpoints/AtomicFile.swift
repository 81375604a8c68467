import Files

/// A file that appears under its name whole, or not at all.
///
/// It is written beside its place, flushed to the disk, and only then renamed: after a crash at any point, the name
/// still has its earlier file. A symbolic link is kept, and its target replaced. A file that is never committed is
/// removed.
///
/// A device or a pipe must not be replaced by renaming: it is written to directly.
package struct AtomicFile: ~Copyable {
    /// The file's path in messages.
    let path: String
    /// The bytes written so far.
    package private(set) var size = 0
    private let files: any FileSystem
    /// The path after links have been followed.
    private let target: String
    /// The path of the file beside its place; nil for a device or a pipe.
    private let partial: String?
    private var descriptor: Int32
    private var isRenamed = false

    /// Opens the file beside its place, which nothing changes before a commit. So this also tests early whether the
    /// file can be written.
    ///
    /// - Throws: `otherKind` where the name is that of a folder, a socket or a file that this process prints to.
    package init(path: String, in files: any FileSystem = SystemFiles()) throws(CheckpointError) {
        let place = try Self.open(path, in: files)
        self.path = path
        self.files = files
        (target, partial, descriptor) = (place.target, place.partial, place.descriptor)
    }

    private static func open(
        _ path: String, in files: any FileSystem
    ) throws(CheckpointError) -> (target: String, partial: String?, descriptor: Int32) {
        if splitPath(path).name.isEmpty { throw .otherKind(path: path, found: "a folder's name", expected: "a file's") }
        let type = try type(of: path, in: files)
        switch type {
        case .regular:
            let target = try calling("readlink", path) { () throws(SystemError) in try files.target(of: path) }
            let (folder, name) = splitPath(target)
            let partial = (folder == "/" ? "" : folder) + "/" + PartialFile.name(for: name)
            return (
                target, partial, try calling("open", path) { () throws(SystemError) in try files.create(partial) }
            )
        case .folder, .socket:
            throw .otherKind(path: path, found: type.words, expected: "a file")
        default:
            do throws(CheckpointError) {
                return (
                    path, nil, try calling("open", path) { () throws(SystemError) in try files.openThrough(path) }
                )
            } catch .system(_, _, SystemError.nobodyReads.code) where type == .pipe {
                throw .otherKind(path: path, found: "a pipe that nobody reads", expected: "one that somebody does")
            }
        }
    }

    /// Returns the type of the file at `path`; a regular file where there is none.
    private static func type(of path: String, in files: any FileSystem) throws(CheckpointError) -> FileType {
        let status: FileStatus
        do throws(CheckpointError) {
            status = try calling("stat", path) { () throws(SystemError) in try files.status(of: path) }
        } catch .system(_, _, SystemError.noFile.code) {
            return .regular
        }
        guard !status.isOwnStream else {
            throw .otherKind(path: path, found: "what this command prints to", expected: "a file")
        }
        return status.type
    }

    deinit {
        if descriptor >= 0 { try? files.close(descriptor) }
        if let partial, !isRenamed { try? files.remove(partial) }
    }

    /// Appends `bytes`.
    package mutating func write(_ bytes: borrowing RawSpan) throws(CheckpointError) {
        var written = 0
        while written < bytes.byteCount {
            let rest = bytes.extracting(droppingFirst: written)
            let count: Int
            do throws(SystemError) {
                count = try files.write(rest, to: descriptor)
            } catch {
                if error.isInterruption { continue }
                throw .system(call: "write", path: path, code: error.code)
            }
            // A call that writes nothing without an error would be repeated for ever.
            guard count > 0 else { throw .system(call: "write", path: path, code: SystemError.noSpace.code) }
            written += count
        }
        size += written
    }

    /// Flushes the file and gives it its name.
    ///
    /// After an error of fsync the disk's content is unknown, so fsync is not repeated: the file is dropped.
    package mutating func commit() throws(CheckpointError) {
        let (files, closing, path, target) = (files, descriptor, path, target)
        do throws(CheckpointError) {
            try calling("fsync", path, isRepeatable: false) { () throws(SystemError) in try files.synchronize(closing) }
        } catch .system(_, _, SystemError.unsupported.code) where partial == nil {
            // Most devices and all pipes have nothing to flush.
        }
        // Verification is to read from the disk, not from memory.
        files.forget(closing)
        descriptor = -1
        do throws(SystemError) {
            try files.close(closing)
        } catch {
            // Errors of the content have been reported by fsync already.
            guard error.isInterruption else { throw .system(call: "close", path: path, code: error.code) }
        }
        guard let partial else { return }
        try calling("rename", path) { () throws(SystemError) in try files.rename(partial, to: target) }
        isRenamed = true
        // The name is part of the folder, which must be flushed too.
        try files.synchronizeFolder(splitPath(target).folder)
    }
}

/// Writes a file whole or not at all, as `AtomicFile` does.
package func writeFile(_ bytes: borrowing RawSpan, to path: String) throws(CheckpointError) {
    var file = try AtomicFile(path: path)
    try file.write(bytes)
    try file.commit()
}

/// Writes a text whole or not at all.
package func writeFile(_ text: String, to path: String) throws(CheckpointError) {
    try writeFile(Array(text.utf8).span.bytes, to: path)
}

extension FileSystem {
    /// Makes the names in a folder survive a loss of power.
    func synchronizeFolder(_ path: String) throws(CheckpointError) {
        let folder = try calling("open folder", path) { () throws(SystemError) in try openFolder(path) }
        defer { try? close(folder) }
        do throws(SystemError) {
            try synchronize(folder)
        } catch {
            // Some network file systems flush names by themselves, and do not support fsync of a folder.
            guard error == .unsupported else { throw .system(call: "fsync folder", path: path, code: error.code) }
        }
    }
}
