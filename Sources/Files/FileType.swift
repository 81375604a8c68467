package import Glibc

/// The kind of thing that a path names.
package enum FileType: Sendable {
    case regular, folder, pipe, socket, terminal
    /// `/dev/null`, which is empty and takes everything.
    case null
    case device

    /// Classifies a file by its status.
    ///
    /// - Parameter descriptor: that of the open file; nil where it is not open, as only a descriptor tells terminals
    ///   from other devices.
    package init(_ status: stat, descriptor: Int32? = nil) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: self = .regular
        case S_IFDIR: self = .folder
        case S_IFIFO: self = .pipe
        case S_IFSOCK: self = .socket
        case S_IFCHR where Self.isNull(status): self = .null
        case S_IFCHR where descriptor.map { isatty($0) == 1 } ?? false: self = .terminal
        default: self = .device
        }
    }

    /// The type in words, as in "it is a folder".
    package var words: String {
        switch self {
        case .regular: "a file"
        case .folder: "a folder"
        case .pipe: "a pipe"
        case .socket: "a socket"
        case .terminal: "a terminal"
        case .null, .device: "a device"
        }
    }

    /// Major number 1, minor number 3. (admin-guide/devices.txt)
    private static func isNull(_ status: stat) -> Bool { status.st_rdev == 0x103 }
}

/// Returns the status of a path, links followed; nil where nothing is there, or it may not be looked at.
package func fileStatus(_ path: String) -> stat? {
    var status = stat()
    return path.withPath { stat($0, &status) } == 0 ? status : nil
}

package func fileExists(_ path: String) -> Bool { fileStatus(path) != nil }

/// Bytes of a file; nil where there is none.
package func fileSize(_ path: String) -> Int? {
    fileStatus(path).flatMap { FileType($0) == .regular ? Int($0.st_size) : nil }
}

/// Returns the bytes that this user may still write into a folder; nil where its file system does not tell.
package func freeBytes(in folder: String) -> Int? {
    var status = statvfs()
    guard folder.withPath({ statvfs($0, &status) }) == 0, status.f_frsize > 0 else { return nil }
    let (bytes, overflows) = UInt(status.f_bavail).multipliedReportingOverflow(by: UInt(status.f_frsize))
    return overflows ? .max : Int(clamping: bytes)
}

package func isFolder(_ path: String) -> Bool { fileStatus(path).map { FileType($0) == .folder } ?? false }

/// Whether two paths lead to one and the same thing, whatever ways they go.
package func isSameFile(_ path: String, _ other: String) -> Bool {
    guard let own = fileStatus(path), let its = fileStatus(other) else { return path == other }
    return own.st_dev == its.st_dev && own.st_ino == its.st_ino
}

/// Returns the absolute path without links, `.` and `..`; nil where nothing is there.
package func resolvedPath(_ path: String) -> String? {
    guard let resolved = path.withPath({ realpath($0, nil) }) else { return nil }
    defer { free(resolved) }
    return String(path: resolved)
}

/// Returns the target of a symbolic link, unresolved; nil where the path is not a link.
package func linkTarget(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = path.withPath { readlink($0, &buffer, buffer.count) }
    return count < 0 ? nil : String(pathBytes: buffer.prefix(count).map { UInt8(bitPattern: $0) })
}

/// Makes a folder and its missing parents.
///
/// - Throws: `notAFolder` where a path on the way is not a folder, `system` where one cannot be made.
package func makeFolders(_ path: String) throws(FileError) {
    if let status = fileStatus(path) {
        let type = FileType(status)
        if type == .folder { return }
        throw .notAFolder(path: path, found: type.words)
    }
    let parent = splitPath(path).folder
    if parent != path { try makeFolders(parent) }
    guard path.withPath({ mkdir($0, 0o777) }) != 0 else { return }
    let code = errno
    // Somebody may have been faster.
    if code == EEXIST && isFolder(path) { return }
    throw .system(call: "making the folder", path: path, code: code)
}

/// Makes a folder that does not exist yet; false where the path exists. Of several processes that try at once, only one
/// gets true.
///
/// - Throws: `system` where it cannot be made.
package func makeNewFolder(_ path: String) throws(FileError) -> Bool {
    if path.withPath({ mkdir($0, 0o777) }) == 0 { return true }
    let code = errno
    guard code == EEXIST else { throw .system(call: "making the folder", path: path, code: code) }
    return false
}
