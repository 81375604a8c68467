import Glibc

/// An error about a file.
package protocol ErrorAboutFile: Error {
    /// The error in words, without the path where that can be left out: for messages that name the file themselves.
    var reason: String { get }
}

/// The reasons why a path leads nowhere, or not to a file.
package enum FileError: Error, Equatable, Sendable {
    /// A system call failed; `code` is its error number.
    case system(call: String, path: String, code: Int32)
    /// A path of another kind than a file; `found` says which, as in "a folder".
    case notAFile(path: String, found: String)
    case notAFolder(path: String, found: String)
    /// A pipe to which no process wrote for `seconds`.
    case nobodyWrites(path: String, seconds: Int)
    case tooLarge(path: String, limit: Int)
    /// A path that begins with `~user`, for an unknown user.
    case unknownUser(path: String, user: String)
    /// A path cannot hold the byte 0.
    case zeroByte(path: String)
}

extension FileError: ErrorAboutFile {
    /// Whether the path does not exist.
    package var isMissing: Bool {
        guard case .system(_, _, let code) = self else { return false }
        return code == ENOENT
    }

    /// The error in words, without the path.
    package var reason: String {
        switch self {
        case .system(let call, _, let code):
            code == ENOENT ? "there is no such file" : "\(call) failed: \(String(cString: strerror(code)))"
        case .notAFile(_, let found): "it is \(found), not a file"
        case .notAFolder(_, let found): "it is \(found), not a folder"
        case .nobodyWrites(_, let seconds): "it is a pipe that nobody wrote to for \(seconds) seconds"
        case .tooLarge(_, let limit): "it has more than \(limit) bytes"
        case .unknownUser(_, let user):
            "there is no user \(user); write ./ before a name that begins with ~"
        case .zeroByte: "a path cannot have a zero byte in it"
        }
    }

    private var path: String {
        switch self {
        case .system(_, let path, _), .notAFile(let path, _), .notAFolder(let path, _), .nobodyWrites(let path, _),
            .tooLarge(let path, _),
            .unknownUser(let path, _), .zeroByte(let path):
            path
        }
    }
}

extension FileError: CustomStringConvertible {
    package var description: String { "\(path): \(reason)" }
}
