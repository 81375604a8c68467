import CRelay
import Foundation

/// Processes that stand between a job and pipes which its launcher writes to. mpirun ends the job when a reader has
/// gone, as `head` does; a relay takes the rest and lets it go on.
enum OutputRelay {
    private static let warning = "cnn-train: warning: nobody reads standard output any more; the job goes on\n"

    /// Puts relays in the place of standard output and standard error where they are pipes. Where the system gives
    /// none, mpirun writes to the pipes itself.
    static func start() {
        let isOne = identity(STDOUT_FILENO) == identity(STDERR_FILENO)
        if identity(STDOUT_FILENO) != nil {
            _ = relay_start(STDOUT_FILENO, isOne ? STDERR_FILENO : -1, isOne ? -1 : STDERR_FILENO, warning)
            if isOne { return }
        }
        if identity(STDERR_FILENO) != nil { _ = relay_start(STDERR_FILENO, -1, -1, "") }
    }

    /// Returns the numbers that distinguish a pipe or socket from all others; nil where the descriptor is none.
    private static func identity(_ descriptor: Int32) -> [UInt]? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT) else { return nil }
        return [UInt(status.st_dev), UInt(status.st_ino)]
    }
}
