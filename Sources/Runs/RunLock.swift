import CMachine
import Files
import Foundation

/// The right to write to a run's folder, which one process has at a time.
///
/// The file `run.lock` names that process. The process also locks the file (`flock`); that lock always ends with the
/// process, which distinguishes a living run from a killed one. On a disk of this machine alone the file's lock
/// decides, whatever name the file gives to the machine (each container has a name of its own). In a folder that other
/// machines may have mounted too, another machine's name means that its process may live.
package final class RunLock: Sendable {
    private let path: String
    private let descriptor: Int32

    /// Takes the right, also over from a process that is gone.
    ///
    /// - Parameters:
    ///   - folder: an existing folder.
    ///   - isOfThisMachineAlone: whether only processes of this machine can reach the folder.
    /// - Throws: `RunError.folderInUse` where another process has the right or may have it; `.cannotWrite`.
    package init(
        folder: RunFolder, isOfThisMachineAlone: (String) -> Bool = RunLock.isOfThisMachineAlone
    ) throws(RunError) {
        path = folder.lock
        let isExclusive: Bool
        (descriptor, isExclusive) = try Self.locked(path)
        do throws(RunError) {
            if let holder = Self.holder(path), !(isExclusive && isOfThisMachineAlone(path)),
                !holder.isGone(knownFromLock: isExclusive)
            {
                throw .folderInUse(path: folder.path, holder: holder)
            }
            try Self.write(.here, to: descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Gives up the right; to be called at most once. If a process ends without it, others notice that it is gone.
    package func release() {
        var own = stat()
        if fstat(descriptor, &own) == 0, fileStatus(path)?.st_ino == own.st_ino { _ = path.withPath { unlink($0) } }
        close(descriptor)
    }

    /// Opens the file and, where the file system supports it, locks it. A process of another machine that was stopped
    /// or cut off may still hold the lock; a rank that its supervisor starts elsewhere then makes a file of its own.
    private static func locked(_ path: String) throws(RunError) -> (descriptor: Int32, isExclusive: Bool) {
        while true {
            let descriptor = path.withPath { open($0, O_RDWR | O_CREAT | O_CLOEXEC, 0o644) }
            guard descriptor >= 0 else { throw .cannotWrite(path: path, reason: String(cString: strerror(errno))) }
            let isExclusive = flock(descriptor, LOCK_EX | LOCK_NB) == 0
            if !isExclusive && errno == EWOULDBLOCK {
                close(descriptor)
                if let holder = holder(path), holder.isReplacedHere {
                    _ = path.withPath { unlink($0) }
                    continue
                }
                throw .folderInUse(path: RunFolder.path(ofLock: path), holder: holder(path))
            }
            // The owner may have ended, and removed the file, between opening and locking.
            var here = stat()
            if fstat(descriptor, &here) == 0, fileStatus(path)?.st_ino == here.st_ino {
                return (descriptor, isExclusive)
            }
            close(descriptor)
        }
    }

    /// Whether a file is on a kind of file system that only one machine has mounted at a time (statfs(2), `f_type`);
    /// false where that is not certain.
    package static func isOfThisMachineAlone(_ path: String) -> Bool {
        // The numbers are those of btrfs, ext2 to ext4, f2fs, overlayfs, tmpfs, xfs and zfs.
        [0x9123_683E, 0xEF53, 0xF2F5_2010, 0x794C_7630, 0x0102_1994, 0x5846_5342, 0x2FC1_2FC1]
            .contains(path.withPath { machine_file_system($0) })
    }

    /// Returns the process that writes to a folder now; nil where none does, as far as this machine can tell.
    package static func writer(of folder: RunFolder) -> RunHolder? {
        holder(folder.lock).flatMap { $0.isGone(knownFromLock: false) ? nil : $0 }
    }

    /// Reads the file's owner; nil where the file has none, because its writer died first.
    private static func holder(_ path: String) -> RunHolder? {
        guard let bytes = try? readFile(path, limit: 1 << 16) else { return nil }
        return try? JSONDecoder().decode(RunHolder.self, from: Data(bytes))
    }

    private static func write(_ holder: RunHolder, to descriptor: Int32, _ path: String) throws(RunError) {
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        try RunError.writing(path) {
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: Data(holder.json.utf8))
        }
    }
}

/// A process that writes to a run's folder.
package struct RunHolder: Codable, Equatable, Sendable {
    /// The machine's name.
    package let host: String
    package let pid: Int32
    /// The time at which the process took the folder, as text for people.
    package let start: String
    /// The start of the process, in the kernel's ticks since the machine's start; another process may have the same
    /// number by now.
    package let ticks: Int
    /// The cluster's job of the process; a job that is started again elsewhere keeps its name.
    package var job: String?
    /// The supervisor of the process, by `CNN_TRAIN_JOB`; a process that this supervisor starts again elsewhere belongs
    /// to the same run.
    package var supervisor: String?

    static var here: RunHolder {
        let environment = ProcessInfo.processInfo.environment
        let host = (try? String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8)) ?? "unknown"
        return RunHolder(
            host: host.trimmingCharacters(in: .whitespacesAndNewlines), pid: getpid(), start: Date().ISO8601Format(),
            ticks: ticks(of: getpid()) ?? 0, job: environment["SLURM_JOB_ID"].map { "slurm \($0)" },
            supervisor: environment[SupervisedJob.variable])
    }

    /// Whether the process no longer writes. For another machine's process, this is known only where its job or its
    /// supervisor is ours.
    ///
    /// - Parameter knownFromLock: whether the file's own lock was free, which it is not while a process of this machine
    ///   has it.
    func isGone(knownFromLock: Bool) -> Bool {
        let here = Self.here
        if let job, job == here.job { return true }
        if let supervisor, supervisor == here.supervisor { return true }
        return host == here.host && (knownFromLock || Self.ticks(of: pid) != ticks)
    }

    /// Whether the same supervisor has started this process in its place, on another machine.
    var isReplacedHere: Bool {
        let here = Self.here
        return supervisor != nil && supervisor == here.supervisor && host != here.host
    }

    var json: String {
        var line = JSONLine()
        line.add("host", host)
        line.add("pid", Int(pid))
        line.add("start", start)
        line.add("ticks", ticks)
        if let job { line.add("job", job) }
        if let supervisor { line.add("supervisor", supervisor) }
        return line.text + "\n"
    }

    /// Returns the start of a process in ticks; nil where there is none of this number. (proc(5), /proc/PID/stat: field
    /// 22; the second is in brackets and may contain anything.)
    private static func ticks(of process: Int32) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let bracket = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[bracket...].split(separator: " ")
        return fields.count > 20 ? Int(fields[20]) : nil
    }
}
