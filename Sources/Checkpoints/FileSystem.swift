package import Files
import Glibc

/// The error number with which the system refused a call.
package struct SystemError: Error, Equatable, Sendable {
    package let code: Int32

    package init(code: Int32) {
        self.code = code
    }

    /// The system's message: "No space left on device".
    package var reason: String { unsafe String(cString: strerror(code)) }

    /// Whether a signal interrupted the call; it may be made again, if it is repeatable.
    var isInterruption: Bool { code == EINTR }

    /// Whether the disk, or the user's quota, is full.
    var isFullDisk: Bool { code == ENOSPC || code == EDQUOT }

    static var forbidden: SystemError { SystemError(code: EACCES) }
    /// The file system does not support this call for this kind of file.
    static var unsupported: SystemError { SystemError(code: EINVAL) }
    static var fileExists: SystemError { SystemError(code: EEXIST) }
    static var noFile: SystemError { SystemError(code: ENOENT) }
    /// A device that cannot be read as a file.
    static var noSuchKind: SystemError { SystemError(code: ENODEV) }
    static var nobodyWrites: SystemError { SystemError(code: ETIMEDOUT) }
    static var nobodyReads: SystemError { SystemError(code: ENXIO) }
    static var noSpace: SystemError { SystemError(code: ENOSPC) }
}

/// The system calls by which checkpoints are written and read: one method, one call.
///
/// Tests replace it by a file system that fails, dies or loses power at any of them.
package protocol FileSystem: Sendable {
    /// Opens a file to read it from its beginning.
    func open(_ path: String) throws(SystemError) -> Int32
    /// Opens a file to write it from its beginning; an existing file loses its content.
    func create(_ path: String) throws(SystemError) -> Int32
    /// Opens a folder to flush it.
    func openFolder(_ path: String) throws(SystemError) -> Int32
    /// Returns the bytes of an open file.
    func size(of file: Int32) throws(SystemError) -> Int
    /// Appends some of the bytes, at least one, and returns how many.
    func write(_ bytes: borrowing RawSpan, to file: Int32) throws(SystemError) -> Int
    /// Returns the next bytes, at most `count`; none only at the end.
    func read(_ count: Int, from file: Int32) throws(SystemError) -> [UInt8]
    /// Makes the content of a file, or the names in a folder, survive a loss of power.
    func synchronize(_ file: Int32) throws(SystemError)
    /// Drops a flushed file's pages from memory, so that reading it again reads the disk. A hint: it cannot fail.
    func forget(_ file: Int32)
    /// Closes a file or folder, which is closed even where this throws.
    func close(_ file: Int32) throws(SystemError)
    /// Renames a file within its folder, atomically, in place of a file of the new name.
    func rename(_ path: String, to other: String) throws(SystemError)
    func remove(_ path: String) throws(SystemError)
    func makeFolder(_ path: String) throws(SystemError)
    /// Returns the names of all entries of a folder, in any order.
    func names(in folder: String) throws(SystemError) -> [String]
    func status(of path: String) throws(SystemError) -> FileStatus
    /// Returns the path after symbolic links have been followed, whether it exists or not.
    func target(of path: String) throws(SystemError) -> String
    /// Opens a device or a pipe for writing.
    func openThrough(_ path: String) throws(SystemError) -> Int32
}

/// A file system that has no links, devices and pipes.
extension FileSystem {
    package func target(of path: String) throws(SystemError) -> String { path }
    package func openThrough(_ path: String) throws(SystemError) -> Int32 { throw .unsupported }
}

/// The status of the file at a path.
package struct FileStatus: Equatable, Sendable {
    package let type: FileType
    /// Seconds since 1970.
    package let modified: Int
    /// Whether this process prints to the file.
    package let isOwnStream: Bool

    package var isFolder: Bool { type == .folder }

    package init(type: FileType, modified: Int, isOwnStream: Bool = false) {
        self.type = type
        self.modified = modified
        self.isOwnStream = isOwnStream
    }
}

/// Makes a system call, repeats it where a signal interrupts it, and names call and file in its error.
///
/// - Parameter isRepeatable: false where an interrupted call must not be repeated: fsync, whose effect is unknown then,
///   and close, which has closed the file.
func calling<Result>(
    _ call: String, _ path: String, isRepeatable: Bool = true, _ body: () throws(SystemError) -> Result
) throws(CheckpointError) -> Result {
    while true {
        do throws(SystemError) {
            return try body()
        } catch {
            if isRepeatable && error.isInterruption { continue }
            throw .system(call: call, path: path, code: error.code)
        }
    }
}
