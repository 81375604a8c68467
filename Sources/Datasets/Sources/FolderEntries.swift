import Files
import Glibc

/// The entries of a folder in the system's order, with symbolic links followed.
///
/// Hidden entries and files that macOS leaves behind are skipped.
struct FolderEntries {
    enum Kind {
        case file, folder, other
    }

    /// The names as the system has them, without the folder.
    private(set) var names = FileList()
    private(set) var kinds: [Kind] = []

    /// - Throws: `DatasetError.unreadable` where the system does not list it.
    init(of path: String) throws(DatasetError) {
        guard let folder = path.withPath({ opendir($0) }) else {
            throw .unreadable(file: path, reason: String(cString: strerror(errno)))
        }
        defer { closedir(folder) }
        while true {
            errno = 0
            guard let entry = readdir(folder) else { break }
            let type = Int32(entry.pointee.d_type)
            withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                let name = bytes.prefix { $0 != 0 }
                // `.`, `..`, hidden files and `._x.jpg` begin with a dot.
                if name.first == UInt8(ascii: ".") || name.elementsEqual("__MACOSX".utf8) { return }
                names.append(name)
                kinds.append(Self.kind(type, of: bytes, in: folder))
            }
            if kinds.count % OpeningProgress.interval == 0, !kinds.isEmpty { OpeningProgress.foundMore() }
        }
        guard errno == 0 else {
            throw .unreadable(file: path, reason: String(cString: strerror(errno)))
        }
    }

    /// - Parameter name: ends with a zero.
    private static func kind(_ type: Int32, of name: UnsafeRawBufferPointer, in folder: OpaquePointer) -> Kind {
        switch type {
        case Int32(DT_REG): return .file
        case Int32(DT_DIR): return .folder
        case Int32(DT_LNK), Int32(DT_UNKNOWN):
            var status = stat()
            guard let name = name.assumingMemoryBound(to: CChar.self).baseAddress,
                fstatat(dirfd(folder), name, &status, 0) == 0
            else { return .other }
            switch status.st_mode & S_IFMT {
            case S_IFREG: return .file
            case S_IFDIR: return .folder
            default: return .other
            }
        default: return .other
        }
    }

    /// Returns the names of files, or of folders, sorted by their bytes.
    func names(of kind: Kind) -> [[UInt8]] {
        kinds.indices.filter { kinds[$0] == kind }.map { Array(names[$0]) }
            .sorted { $0.lexicographicallyPrecedes($1) }
    }
}
