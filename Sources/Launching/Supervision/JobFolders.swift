import Files
import Foundation
import Glibc
import Runs
import Terminal

/// The folders of a supervised job on this host. The supervisor and each agent of the job lock them, which tells this
/// user's other jobs that the job lives.
final class JobFolders {
    private let job: SupervisedJob
    /// The name of this host in Open MPI's file names.
    private let host: String
    private var locks: [Int32] = []

    /// Makes the folders, and removes those of jobs that are gone.
    ///
    /// - Throws: `LaunchError.noJobFolder`
    init(_ job: SupervisedJob, host: String) throws(LaunchError) {
        self.job = job
        self.host = host
        for path in [job.memoryFolder, job.sessionFolder] {
            Self.removeStale(beside: path)
            guard path.withPath({ mkdir($0, 0o700) }) == 0 || errno == EEXIST else {
                throw .noJobFolder(path: path, reason: systemReason(errno))
            }
            let descriptor = Self.opened(path)
            guard descriptor >= 0 else { throw .noJobFolder(path: path, reason: systemReason(errno)) }
            flock(descriptor, LOCK_SH | LOCK_NB)
            locks.append(descriptor)
        }
    }

    /// Removes files that ended processes of this host have left, which take memory.
    func clear() {
        // Open MPI may omit the domain of a name.
        let name = IPv4Address(host) == nil ? host.prefix { $0 != "." } : host[...]
        for (folder, prefixes) in [
            (job.memoryFolder, ["vader_segment.\(name).", "failure."]), (job.sessionFolder, ["ompi.\(name)."]),
        ] {
            for name in Self.names(in: folder) where prefixes.contains(where: name.hasPrefix) {
                try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            }
        }
    }

    /// Removes the folders, unless other processes of the job have them locked.
    func remove() {
        clear()
        for (path, lock) in zip([job.memoryFolder, job.sessionFolder], locks) {
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { try? FileManager.default.removeItem(atPath: path) }
            close(lock)
        }
        locks = []
    }

    /// Removes folders of this user's jobs that no process has locked, as after all processes of a host were killed.
    private static func removeStale(beside path: String) {
        let (parent, own) = splitPath(path)
        for name in names(in: parent) where name.hasPrefix(SupervisedJob.prefix) && name != own {
            let other = "\(parent)/\(name)"
            guard fileStatus(other)?.st_uid == geteuid(), case let lock = opened(other), lock >= 0 else { continue }
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { try? FileManager.default.removeItem(atPath: other) }
            close(lock)
        }
    }

    private static func opened(_ folder: String) -> Int32 {
        folder.withPath { open($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
    }

    private static func names(in folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }
}
