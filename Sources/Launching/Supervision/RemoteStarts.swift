import Files
import Glibc
package import Runs
import Terminal

/// A start of Open MPI's daemon on another host, as mpirun asks a remote shell for it: perhaps the user's options, then
/// the host and the words of a shell command.
package struct RemoteStart: Hashable, Sendable {
    package let words: [String]

    package init(words: [String]) { self.words = words }

    /// Returns the host, which is the first word that names one, and the command; nil where no word does.
    func parts(isHost: (String) -> Bool) -> (host: String, command: String)? {
        guard let place = words.firstIndex(where: isHost) else { return nil }
        return (words[place], words[(place + 1)...].joined(separator: " "))
    }

    /// Sends the start to the job's supervisor, on this host.
    ///
    /// - Throws: `LaunchError.noSupervisor`
    package func send(to job: SupervisedJob) throws(LaunchError) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        let bytes = Array(words.joined(separator: "\0").utf8)
        let sent = withAddress(RemoteStarts.path(of: job)) { address, length in
            sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, length)
        }
        guard sent == bytes.count else { throw .noSupervisor(job: job.id, reason: systemReason(errno)) }
    }

    fileprivate init(_ message: some Collection<UInt8>) {
        words = message.split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}

/// A supervisor's queue of mpirun's starts on other hosts.
///
/// mpirun uses `cnn-train host-shell JOB` as its remote shell, which sends the command to the supervisor, and this to
/// its agent on the host. The agent's connection exists already: a start costs no login.
package final class RemoteStarts {
    /// The descriptor, which is readable when there is a start.
    let descriptor: Int32
    private let path: String
    /// The most bytes of a message: many times those of Open MPI's.
    private static let longest = 1 << 16

    /// Creates the socket that receives the starts of a job, in the job's folder, which must exist and belong to this
    /// user alone.
    ///
    /// - Throws: `LaunchError.noJobFolder`
    package init(_ job: SupervisedJob) throws(LaunchError) {
        let folder = job.sessionFolder
        path = Self.path(of: job)
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let code = withAddress(path) { address, length in bind(descriptor, address, length) }
        guard code == 0 else {
            close(descriptor)
            throw .noJobFolder(path: folder, reason: systemReason(errno))
        }
        Descriptors.doNotWait(descriptor)
    }

    deinit {
        close(descriptor)
        _ = path.withPath { unlink($0) }
    }

    /// Returns the next start; nil where none has come.
    package func next() -> RemoteStart? {
        guard let message = Descriptors.read(descriptor, atMost: Self.longest), !message.isEmpty else { return nil }
        return RemoteStart(message)
    }

    static func path(of job: SupervisedJob) -> String { job.sessionFolder + "/starts" }
}

/// Calls `body` with a socket's address in the file system.
private func withAddress<Result>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}
