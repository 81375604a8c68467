#if canImport(Glibc)
    internal import Glibc
#endif

/// The memory that a process can have, by everything that limits it: the machine, control groups, the limits of the
/// process.
package struct MemoryCapacity: Hashable, Sendable {
    /// A limit of memory.
    struct Limit: Hashable {
        /// Bytes left; some may be taken before they are asked for.
        let bytes: Int
        /// The name of the limit, for messages that put `on` or `by` before it: `ulimit -v`.
        let name: String
        /// Whether all processes of the machine have it together.
        let isShared: Bool
    }

    let limits: [Limit]

    /// The capacity of this process now.
    package static var here: MemoryCapacity { MemoryCapacity(root: "") }

    /// - Parameter root: the path before `/proc` and `/sys`; empty for this machine's own.
    package init(root: String) {
        var limits: [Limit] = []
        if let about = SystemFile.text(root + "/proc/meminfo") {
            if let free = SystemFile.number("MemAvailable", in: about) {
                limits.append(Limit(bytes: free << 10, name: "MemAvailable of /proc/meminfo", isShared: true))
            }
            // 2: the system promises no more than it has.
            if SystemFile.number(root + "/proc/sys/vm/overcommit_memory") == 2,
                let most = SystemFile.number("CommitLimit", in: about),
                let used = SystemFile.number("Committed_AS", in: about)
            {
                let free = max(most - used, 0) << 10
                limits.append(Limit(bytes: free, name: "CommitLimit of /proc/meminfo", isShared: true))
            }
        }
        limits += ControlGroups(root: root).memory.map { group in
            Limit(bytes: max(group.limit - group.used, 0), name: group.path, isShared: true)
        }
        limits += Self.ofProcess(root: root)
        self.limits = limits
    }

    /// Returns the limits `ulimit -v` and `ulimit -d`, less the memory that this process has.
    private static func ofProcess(root: String) -> [Limit] {
        let pages = (SystemFile.text(root + "/proc/self/statm") ?? "").split(separator: " ").compactMap { Int($0) }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        // In pages: all that is mapped, …, (6th) data and stack.
        let all = [(RLIMIT_AS, 0, "ulimit -v"), (RLIMIT_DATA, 5, "ulimit -d")]
        return all.compactMap { resource, field, name in
            guard let most = softLimit(resource) else { return nil }
            let used = field < pages.count ? pages[field] * page : 0
            return Limit(bytes: max(most - used, 0), name: name, isShared: false)
        }
    }

    /// Returns the tightest limit that has too few bytes for `processes` of this machine that take `bytes` each; nil
    /// where all have enough.
    ///
    /// - Parameters:
    ///   - extra: further bytes that this process takes.
    ///   - addresses: further bytes that it reserves and hardly touches.
    package func shortage(of bytes: Int, processes: Int = 1, extra: Int = 0, addresses: Int = 0) -> Shortage? {
        limits.compactMap { limit in
            let own = extra.saturatingSum(limit.isShared ? 0 : addresses)
            let needed = bytes.saturatingProduct(limit.isShared ? processes : 1).saturatingSum(own)
            return needed > limit.bytes
                ? Shortage(
                    needed: needed, available: limit.bytes, besides: own, limit: limit.name,
                    processes: limit.isShared ? processes : 1) : nil
        }.max { Double($0.needed) / Double($0.available + 1) < Double($1.needed) / Double($1.available + 1) }
    }

    /// Returns the bytes that each of `processes` of this machine may have.
    package func available(toEachOf processes: Int) -> Int {
        limits.map { $0.bytes / ($0.isShared ? max(processes, 1) : 1) }.min() ?? 0
    }

    /// Checks, before `bytes` are reserved, that they are available.
    ///
    /// - Parameters:
    ///   - what: the words for their use: `big.png, 13,300x13,300 pixels,`.
    ///   - remedy: the advice where they are not: `Make it smaller`.
    package func require(_ bytes: Int, for what: String, remedy: String) throws(MemoryError) {
        if let shortage = shortage(of: bytes) { throw .tooLittle(what: what, shortage, remedy: remedy) }
    }

    /// Memory that is wanted and not there.
    package struct Shortage: Hashable, Sendable {
        package let needed: Int
        package let available: Int
        /// Bytes of `needed` that one process takes and the others do not.
        package let besides: Int
        /// The name of the limit that leaves no more.
        package let limit: String
        /// Processes that need it together.
        package let processes: Int
    }
}

/// Memory that cannot be had.
package enum MemoryError: Error, Equatable, Sendable {
    /// The memory for `what` is more than there is.
    case tooLittle(what: String, MemoryCapacity.Shortage, remedy: String)
    /// The system refused bytes that should have been there.
    case refused(bytes: Int)
}

extension MemoryError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLittle(let what, let shortage, let remedy):
            "\(what) needs \(ByteCount(shortage.needed)) of memory"
                + (shortage.processes > 1 ? " for the \(shortage.processes) processes on this machine" : "")
                + ", but there are \(ByteCount(shortage.available)) (\(shortage.limit)). \(remedy)"
        case .refused(let bytes):
            "the system refused \(ByteCount(bytes)) of memory. See what else takes memory on this machine, and the "
                + "limits of `ulimit -v` and of the control group"
        }
    }
}

/// A number of bytes as people read it: `14.2 GiB`.
package struct ByteCount: CustomStringConvertible {
    private let bytes: Int

    package init(_ bytes: Int) { self.bytes = bytes }

    package var description: String {
        // A saturated count is at least this much.
        if bytes == .max { return "more than 8 EiB" }
        let units = [(60, "EiB"), (50, "PiB"), (40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")]
        for (digits, name) in units where bytes >= 1 << digits {
            let tenths = (bytes >> (digits - 10)) * 10 / 1024
            return tenths >= 1000 ? "\(tenths / 10) \(name)" : "\(tenths / 10).\(tenths % 10) \(name)"
        }
        return "\(bytes) bytes"
    }
}

extension Int {
    /// Returns the product, or the largest number where that is larger. For numbers of things: neither is below 0.
    package func saturatingProduct(_ other: Int) -> Int {
        let (product, overflows) = multipliedReportingOverflow(by: other)
        return overflows ? .max : product
    }

    /// Returns the sum, or the largest number where that is larger.
    package func saturatingSum(_ other: Int) -> Int {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? .max : sum
    }
}
