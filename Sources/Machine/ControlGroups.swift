/// The control groups (cgroups) of a process, version 1 or 2, each from its own up to the root of the mounted
/// hierarchy.
///
/// All limits apply, so the smallest counts. (Linux, Documentation/admin-guide/cgroup-v1 and cgroup-v2.)
package struct ControlGroups: Sendable {
    private let root: String
    private let memberships: [Membership]
    private let mounts: [Mount]

    /// - Parameters:
    ///   - process: its number; `self` for this one.
    ///   - root: the path before `/proc` and `/sys`; empty for this machine's own.
    package init(process: String = "self", root: String = "") {
        self.root = root
        memberships = (SystemFile.text("\(root)/proc/\(process)/cgroup") ?? "").split(separator: "\n")
            .compactMap(Membership.init)
        mounts = (SystemFile.text("\(root)/proc/self/mountinfo") ?? "").split(separator: "\n").compactMap(Mount.init)
    }

    /// The resource that a group limits.
    enum Controller: String {
        case cpu, cpuset, memory, pids
    }

    /// The folder of one group.
    struct Group: Hashable {
        let path: String
        let isUnified: Bool
    }

    /// A line of `/proc/PID/cgroup`: `4:cpu,cpuacct:/path`, or `0::/path` of version 2.
    private struct Membership {
        let controllers: [Substring]
        let path: String

        init?(_ line: Substring) {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return nil }
            controllers = fields[1].split(separator: ",")
            path = String(fields[2])
        }
    }

    /// A line of `/proc/self/mountinfo` that is about control groups.
    private struct Mount {
        let isUnified: Bool
        let controllers: [Substring]
        /// The group at the mount point `point`.
        let root: String
        let point: String

        init?(_ line: Substring) {
            let halves = line.split(separator: " - ", maxSplits: 1)
            guard halves.count == 2 else { return nil }
            let fields = halves[0].split(separator: " ")
            let kind = halves[1].split(separator: " ")
            guard fields.count >= 5, kind.count >= 3, kind[0] == "cgroup" || kind[0] == "cgroup2" else { return nil }
            isUnified = kind[0] == "cgroup2"
            controllers = kind[2].split(separator: ",")
            root = String(fields[3])
            point = String(fields[4])
        }
    }

    /// Returns the process's groups, its own first.
    func groups(_ controller: Controller) -> [Group] {
        let ofVersion1 = mounts.first { !$0.isUnified && $0.controllers.contains(Substring(controller.rawValue)) }
        guard let mount = ofVersion1 ?? mounts.first(where: \.isUnified) else { return [] }
        let membership = memberships.first {
            mount.isUnified ? $0.controllers.isEmpty : $0.controllers.contains(Substring(controller.rawValue))
        }
        var names = Self.names(in: membership?.path ?? "/", below: mount.root)
        var groups: [Group] = []
        while true {
            let path = ([root + mount.point] + names).joined(separator: "/")
            groups.append(Group(path: path, isUnified: mount.isUnified))
            if names.popLast() == nil { return groups }
        }
    }

    /// Returns the folders from a mount down to a group. None where the group is outside of the mount, as in a
    /// container that sees its own group under the name that the host has for it.
    private static func names(in path: String, below root: String) -> [String] {
        let all = path.split(separator: "/").map(String.init)
        let above = root.split(separator: "/").map(String.init)
        guard all.starts(with: above), !all.contains("..") else { return [] }
        return Array(all.dropFirst(above.count))
    }

    // MARK: Limits

    /// Cores that quotas leave, such as 1.5; nil where there is no quota.
    package var cores: Double? {
        groups(.cpu).compactMap { group in
            if group.isUnified { return SystemFile.text(group.path + "/cpu.max").flatMap(Self.quota(cpuMax:)) }
            guard let quota = SystemFile.number(group.path + "/cpu.cfs_quota_us"),
                let period = SystemFile.number(group.path + "/cpu.cfs_period_us"), quota > 0, period > 0
            else { return nil }
            return Double(quota) / Double(period)
        }.min()
    }

    /// Cores of `cpu.max`, such as `150000 100000` for 1.5; nil for `max`.
    static func quota(cpuMax text: String) -> Double? {
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1]), quota > 0, period > 0
        else { return nil }
        return quota / period
    }

    /// The list of cores that the process's own group may run on, such as `0-3,8`; nil where the system does not tell.
    package var coreList: String? {
        guard let own = groups(.cpuset).first else { return nil }
        let names =
            own.isUnified ? ["cpuset.cpus.effective"] : ["cpuset.effective_cpus", "cpuset.cpus"]
        return names.lazy.compactMap { SystemFile.text(own.path + "/" + $0) }
            .first { !$0.allSatisfy(\.isWhitespace) }
    }

    /// A limit of one group.
    struct Limit: Hashable {
        /// The file with the limit.
        let path: String
        let limit: Int
        let used: Int
    }

    /// The memory limits of the groups that have one, and the use, in bytes. Cached files do not count as used, as the
    /// system drops them when memory is asked for.
    var memory: [Limit] {
        groups(.memory).compactMap { group in
            let (limit, usage) =
                group.isUnified
                ? ("memory.max", "memory.current") : ("memory.limit_in_bytes", "memory.usage_in_bytes")
            // Version 1 writes a number near 2^63 for none.
            guard let most = SystemFile.number(group.path + "/" + limit), most < Int.max >> 4,
                let used = SystemFile.number(group.path + "/" + usage)
            else { return nil }
            let about = SystemFile.text(group.path + "/memory.stat") ?? ""
            let prefix = group.isUnified ? "" : "total_"
            let cached = ["inactive_file", "active_file"].compactMap { SystemFile.number(prefix + $0, in: about) }
            return Limit(
                path: group.path + "/" + limit, limit: most, used: max(used - cached.reduce(0, +), 0))
        }
    }

    /// Processes and threads of each group that has a limit.
    var processes: [Limit] {
        groups(.pids).compactMap { group in
            guard let most = SystemFile.number(group.path + "/pids.max"),
                let used = SystemFile.number(group.path + "/pids.current")
            else { return nil }
            return Limit(path: group.path + "/pids.max", limit: most, used: used)
        }
    }
}
