import Files
import Glibc
package import Runs
import Terminal

/// A start of Open MPI's daemon on another host, as mpirun asks a remote shell for it: perhaps with the user's own
/// options, then with the host and the words of a command for a shell there.
package struct RemoteStart: Hashable, Sendable {
    package let words: [String]

    package init(words: [String]) { self.words = words }

    /// The host, which is the first word that names one, and the command; nil where none does.
    func parts(isHost: (String) -> Bool) -> (host: String, command: String)? {
        guard let place = words.firstIndex(where: isHost) else { return nil }
        return (words[place], words[(place + 1)...].joined(separator: " "))
    }

    /// Hands this to the job's supervisor, on this host.
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

/// The starts on other hosts that mpirun asks a supervisor for.
///
/// mpirun takes `cnn-train host-shell JOB` for its remote shell, which hands the command on to the
/// supervisor, and that to its agent on the host. The agent's connection is there already: a start costs no login.
package final class RemoteStarts {
    /// Can be read from when there is a start.
    let descriptor: Int32
    private let path: String
    /// Bytes of the longest message: many times those of Open MPI's.
    private static let longest = 1 << 16

    /// Creates the socket that receives the starts of a job, in the job's folder, which exists and is this user's
    /// alone.
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

    /// The next start that has come; nil where there is none now.
    package func next() -> RemoteStart? {
        guard let message = Descriptors.read(descriptor, atMost: Self.longest), !message.isEmpty else { return nil }
        return RemoteStart(message)
    }

    static func path(of job: SupervisedJob) -> String { job.sessionFolder + "/starts" }
}

/// Hands a socket's address in the file system to `body`.
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
