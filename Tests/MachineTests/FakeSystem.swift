import Foundation

/// A folder that stands for `/` with its `/proc` and `/sys`; gone with this.
final class FakeSystem {
    let root: String

    /// - Parameter files: texts by path.
    init(_ files: [String: String]) throws {
        root = FileManager.default.temporaryDirectory.appendingPathComponent("machine-\(UUID().uuidString)").path
        for (path, text) in files {
            let file = URL(fileURLWithPath: root + path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// A system with version 2 alone, whose process is in `group` of the host, of which `visible` stands at the mount.
    static func unified(group: String, visible: String = "/", _ files: [String: String]) throws -> FakeSystem {
        var all = [
            "/proc/self/cgroup": "0::\(group)\n",
            "/proc/self/mountinfo":
                "23 1 0:21 / /proc rw - proc proc rw\n"
                + "31 23 0:28 \(visible) /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw\n",
        ]
        for (path, text) in files { all["/sys/fs/cgroup" + path] = text }
        return try FakeSystem(all)
    }

    /// A system with version 1, and version 2 beside it without controllers.
    static func version1(group: String, _ files: [String: String]) throws -> FakeSystem {
        let kinds = ["cpu,cpuacct", "memory", "pids", "cpuset"]
        var all = [
            "/proc/self/cgroup": kinds.enumerated().map { "\($0.offset + 2):\($0.element):\(group)\n" }.joined()
                + "1:name=systemd:/\n0::/\n",
            "/proc/self/mountinfo": kinds.map { "32 31 0:29 / /sys/fs/cgroup/\($0) rw - cgroup cgroup rw,\($0)\n" }
                .joined() + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
        ]
        for (path, text) in files { all["/sys/fs/cgroup" + path] = text }
        return try FakeSystem(all)
    }
}
