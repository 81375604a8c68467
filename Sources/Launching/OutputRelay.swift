import CRelay
import Foundation

/// Relay processes between a job and the pipes that its launcher writes to. mpirun ends the job when a pipe's reader
/// ends, as `head` does; a relay reads on, and lets the job continue.
enum OutputRelay {
    private static let warning = "cnn-train: warning: nobody reads standard output any more; the job goes on\n"

    /// Replaces standard output and standard error by relays where they are pipes. Where the system refuses a relay,
    /// mpirun writes to the pipe itself.
    static func start() {
        let isOne = identity(STDOUT_FILENO) == identity(STDERR_FILENO)
        if identity(STDOUT_FILENO) != nil {
            _ = relay_start(STDOUT_FILENO, isOne ? STDERR_FILENO : -1, isOne ? -1 : STDERR_FILENO, warning)
            if isOne { return }
        }
        if identity(STDERR_FILENO) != nil { _ = relay_start(STDERR_FILENO, -1, -1, "") }
    }

    /// Returns the numbers that identify a pipe or socket; nil for a descriptor of another kind.
    private static func identity(_ descriptor: Int32) -> [UInt]? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT) else { return nil }
        return [UInt(status.st_dev), UInt(status.st_ino)]
    }
}
