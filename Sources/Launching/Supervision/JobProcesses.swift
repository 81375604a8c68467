import Files
import Glibc
import Runs

/// A process of a supervised job on this host, found in `/proc`.
struct JobProcess: Hashable {
    let id: pid_t
    /// The rank; nil for a process that starts ranks: mpirun, or Open MPI's daemon.
    let rank: Int?
}

extension SupervisedJob {
    /// Returns this user's processes of the job: those with its name in their environment, and Open MPI's daemons with
    /// it in their arguments.
    func processes() -> [JobProcess] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var found: [JobProcess] = []
        let user = geteuid()
        while let entry = readdir(folder) {
            guard let id = Self.number(entry), id != getpid(), fileStatus("/proc/\(id)")?.st_uid == user else {
                continue
            }
            if let process = process(id) { found.append(process) }
        }
        return found
    }

    private static func number(_ entry: UnsafeMutablePointer<dirent>) -> pid_t? {
        withUnsafePointer(to: &entry.pointee.d_name) { name in
            name.withMemoryRebound(to: CChar.self, capacity: 256) { pid_t(String(cString: $0)) }
        }
    }

    private func process(_ id: pid_t) -> JobProcess? {
        let environment = Self.content(of: "/proc/\(id)/environ")
        if environment.entry(Self.variable) == self.id {
            return JobProcess(id: id, rank: environment.entry("OMPI_COMM_WORLD_RANK").flatMap { Int($0) })
        }
        // A daemon on another host than mpirun's does not have our environment.
        guard Self.content(of: "/proc/\(id)/comm").starts(with: "orted\n".utf8) else { return nil }
        let arguments = Self.content(of: "/proc/\(id)/cmdline").texts
        return arguments.contains(sessionFolder) || arguments.contains(memoryFolder)
            ? JobProcess(id: id, rank: nil) : nil
    }

    /// Reads a file of `/proc`; empty where the process has ended, or is another user's.
    private static func content(of path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while let more = Descriptors.read(descriptor), !more.isEmpty, bytes.count < 1 << 22 { bytes += more }
        return bytes
    }
}

extension [UInt8] {
    /// Returns the value of a variable in an environment in the system's form: `NAME=VALUE`, each followed by a zero.
    func entry(_ name: String) -> String? {
        var value: String?
        eachText { text in
            if value == nil, strncmp(text, name + "=", name.utf8.count + 1) == 0 {
                value = String(cString: text + name.utf8.count + 1)
            }
        }
        return value
    }

    /// The texts that are each followed by a zero.
    var texts: [String] {
        var texts: [String] = []
        eachText { texts.append(String(cString: $0)) }
        return texts
    }

    private func eachText(_ body: (UnsafePointer<CChar>) -> Void) {
        (map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { buffer in
            var place = 0
            while place < count, let text = buffer.baseAddress.map({ $0 + place }) {
                body(text)
                place += strlen(text) + 1
            }
        }
    }
}
