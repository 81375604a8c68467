package import Files
import Glibc

/// The error number with which the system refused a call.
package struct SystemError: Error, Equatable, Sendable {
    package let code: Int32

    package init(code: Int32) {
        self.code = code
    }

    /// The system's word for it: "No space left on device".
    package var reason: String { unsafe String(cString: strerror(code)) }

    /// A signal came; the call may be made again, if it is one that may.
    var isInterruption: Bool { code == EINTR }

    /// The disk, or what the user may have of it, is full.
    var isFullDisk: Bool { code == ENOSPC || code == EDQUOT }

    static var forbidden: SystemError { SystemError(code: EACCES) }
    /// The file system has no such call for this kind of file.
    static var unsupported: SystemError { SystemError(code: EINVAL) }
    static var fileExists: SystemError { SystemError(code: EEXIST) }
    static var noFile: SystemError { SystemError(code: ENOENT) }
    /// A device that is no file to be read.
    static var noSuchKind: SystemError { SystemError(code: ENODEV) }
    static var nobodyWrites: SystemError { SystemError(code: ETIMEDOUT) }
    static var nobodyReads: SystemError { SystemError(code: ENXIO) }
    static var noSpace: SystemError { SystemError(code: ENOSPC) }
}

/// The system calls that checkpoints are written and read by: one method, one call.
///
/// Tests put another file system here, which fails, dies or loses power at any of them.
package protocol FileSystem: Sendable {
    /// Opens a file to read it from its beginning.
    func open(_ path: String) throws(SystemError) -> Int32
    /// Opens a file to write it from its beginning; whatever has the name loses its content.
    func create(_ path: String) throws(SystemError) -> Int32
    /// Opens a folder to flush it.
    func openFolder(_ path: String) throws(SystemError) -> Int32
    /// Bytes of an open file.
    func size(of file: Int32) throws(SystemError) -> Int
    /// Appends some of the bytes, at least one, and says how many.
    func write(_ bytes: borrowing RawSpan, to file: Int32) throws(SystemError) -> Int
    /// The next bytes, `count` at most; none at the end only.
    func read(_ count: Int, from file: Int32) throws(SystemError) -> [UInt8]
    /// Makes what was written to a file, or the names in a folder, outlive a loss of power.
    func synchronize(_ file: Int32) throws(SystemError)
    /// Lets go of a flushed file's copy in memory, so that reading it again asks the disk. A hint: it cannot fail.
    func forget(_ file: Int32)
    /// Closes a file or folder, which is closed then whatever this throws.
    func close(_ file: Int32) throws(SystemError)
    /// Gives a file another name in the same folder, at once, in place of what has it.
    func rename(_ path: String, to other: String) throws(SystemError)
    func remove(_ path: String) throws(SystemError)
    func makeFolder(_ path: String) throws(SystemError)
    /// Names of all that is in a folder, in any order.
    func names(in folder: String) throws(SystemError) -> [String]
    func status(of path: String) throws(SystemError) -> FileStatus
    /// The target of a path when symbolic links are followed, whether anything is there or not.
    func target(of path: String) throws(SystemError) -> String
    /// Opens a device or a pipe to write into it.
    func openThrough(_ path: String) throws(SystemError) -> Int32
}

/// A file system that has no links, devices and pipes.
extension FileSystem {
    package func target(of path: String) throws(SystemError) -> String { path }
    package func openThrough(_ path: String) throws(SystemError) -> Int32 { throw .unsupported }
}

/// The status of the file that a name stands for.
package struct FileStatus: Equatable, Sendable {
    package let type: FileType
    /// Seconds since 1970.
    package let modified: Int
    /// Whether it is what this process prints to.
    package let isOwnStream: Bool

    package var isFolder: Bool { type == .folder }

    package init(type: FileType, modified: Int, isOwnStream: Bool = false) {
        self.type = type
        self.modified = modified
        self.isOwnStream = isOwnStream
    }
}

/// Makes a system call, again where a signal interrupted it, and names it and the file where it fails.
///
/// - Parameter isRepeatable: false where an interrupted call must not be made again: fsync, of which nothing is known
///   then, and close, which has happened.
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
