/// A file that appears under its name whole, or not at all.
///
/// It is written beside its place, flushed to the disk, and only then renamed; a crash at any point leaves whatever had
/// the name before.
/// A file that is never committed is removed.
struct AtomicFile: ~Copyable {
    /// The file's place.
    let path: String
    /// Bytes written so far.
    private(set) var size = 0
    private let files: any FileSystem
    private let partial: String
    private var descriptor: Int32
    private var isRenamed = false

    /// Opens the file beside its place.
    init(path: String, in files: any FileSystem) throws(CheckpointError) {
        self.path = path
        self.files = files
        let (folder, name) = PartialFile.split(path)
        let partial = (folder == "/" ? "" : folder) + "/" + PartialFile.name(for: name)
        self.partial = partial
        descriptor = try calling("open", path) { () throws(SystemError) in try files.create(partial) }
    }

    deinit {
        if descriptor >= 0 { try? files.close(descriptor) }
        if !isRenamed { try? files.remove(partial) }
    }

    /// Appends `bytes`.
    mutating func write(_ bytes: borrowing RawSpan) throws(CheckpointError) {
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
            // Nothing written and no error would go on for ever.
            guard count > 0 else { throw .system(call: "write", path: path, code: SystemError.noSpace.code) }
            written += count
        }
        size += written
    }

    /// Puts the file under its name, for good.
    ///
    /// After an error of fsync nothing is known of what the disk has, so it is not tried again: the file is dropped.
    mutating func commit() throws(CheckpointError) {
        let (files, closing, partial, path) = (files, descriptor, partial, path)
        try calling("fsync", path, isRepeatable: false) { () throws(SystemError) in try files.synchronize(closing) }
        // What is read back to verify it comes from the disk, not from memory.
        files.forget(closing)
        descriptor = -1
        do throws(SystemError) {
            try files.close(closing)
        } catch {
            // What it had to say of the content, fsync has said.
            guard error.isInterruption else { throw .system(call: "close", path: path, code: error.code) }
        }
        try calling("rename", path) { () throws(SystemError) in try files.rename(partial, to: path) }
        isRenamed = true
        // The name itself lies in the folder, which has a cache of its own.
        try files.synchronizeFolder(PartialFile.split(path).folder)
    }
}

extension FileSystem {
    /// Makes the names in a folder outlive a loss of power.
    func synchronizeFolder(_ path: String) throws(CheckpointError) {
        let folder = try calling("open folder", path) { () throws(SystemError) in try openFolder(path) }
        defer { try? close(folder) }
        do throws(SystemError) {
            try synchronize(folder)
        } catch {
            // Some network file systems flush names by themselves, and refuse to be asked.
            guard error == .unsupported else { throw .system(call: "fsync folder", path: path, code: error.code) }
        }
    }
}
