import Files
import Terminal

/// The reasons why a run's folder cannot be used.
package enum RunError: Error, Equatable, Sendable {
    case cannotWrite(path: String, reason: String)
    /// Another run writes to the folder; `holder` is nil where it is not known yet.
    case folderInUse(path: String, holder: RunHolder?)
}

extension RunError {
    /// Writes something.
    ///
    /// - Parameters:
    ///   - path: of what is written, which the error names.
    ///   - body: writes it.
    /// - Throws: `cannotWrite` with the reason that `body` throws.
    package static func writing(_ path: String, _ body: () throws -> Void) throws(RunError) {
        do {
            try body()
        } catch let error as FileError {
            throw .cannotWrite(path: path, reason: error.reason)
        } catch {
            throw .cannotWrite(path: path, reason: error.reason)
        }
    }
}

extension RunError: CustomStringConvertible {
    package var description: String { text.visible }

    private var text: String {
        switch self {
        case .cannotWrite(let path, let reason):
            "cannot write \(path): \(reason)"
        case .folderInUse(let path, let holder):
            "\(path) is in use by another run"
                + (holder.map { " (process \($0.pid) on \($0.host), since \($0.start))" } ?? "")
                + ": wait for its end, or give this one another --output. If that run is gone for sure, remove "
                + "\(RunFolder(path: path).lock)"
        }
    }
}
