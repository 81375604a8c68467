import Glibc
import Machine

/// The number of threads that a rank computes with, and its reason.
package struct ThreadChoice: Hashable, Sendable {
    package let threads: Int
    /// The number of ranks on this machine.
    package let localRanks: Int
    /// The number of cores that the run may use on this machine.
    package let cores: Int
    /// Whether the user asked for this number.
    package let wasAsked: Bool

    /// Chooses the user's number where there is one, else one thread a rank where ranks fill the machine, else an equal
    /// share of the cores.
    package init(asked: Int?, localRanks: Int, cores: Int) {
        self.localRanks = max(localRanks, 1)
        self.cores = max(cores, 1)
        wasAsked = asked != nil
        threads = max(asked ?? self.cores / self.localRanks, 1)
    }

    /// Chooses for this machine, as this process was started.
    package static func here(asked: Int?, localRanks: Int) -> ThreadChoice {
        ThreadChoice(asked: asked, localRanks: localRanks, cores: MachineCores.count)
    }

    /// Whether there are more computing threads than cores.
    package var isOversubscribed: Bool { threads * localRanks > cores }
}

extension ThreadChoice: CustomStringConvertible {
    /// The choice in words: `1 thread a rank (2 ranks on 2 cores)`.
    package var description: String {
        let ranks = localRanks == 1 ? "1 rank" : "\(localRanks) ranks"
        let why = "\(ranks) on \(cores == 1 ? "1 core" : "\(cores) cores")"
        let count = threads == 1 ? "1 thread" : "\(threads) threads"
        return "\(count) a rank (\(why)\(wasAsked ? ", as asked" : ""))"
    }
}

/// The cores that this process may use.
package enum MachineCores {
    /// The number of cores that the run may use on this machine: those of `allowed`, limited by a container's quota.
    package static var count: Int {
        count(allowed: allowed.count, ControlGroups())
    }

    /// Returns the whole cores of `allowed`, limited by the quotas of control groups.
    static func count(allowed: Int, _ groups: ControlGroups) -> Int {
        let quota = groups.cores.map { Int(min($0.rounded(.up), Double(allowed))) }
        return max(min(allowed, quota ?? allowed), 1)
    }

    /// The cores that the run may use on this machine. Must first be read before the job starts: `MPI_Init` may bind
    /// even a process without a launcher.
    ///
    /// Without a launcher these are the cores of the affinity mask, which is then the user's (`taskset`). mpirun pins
    /// each of one or two ranks to a single core, even one alone. So under a launcher, not the rank's own mask counts
    /// but the launcher's.
    package static let allowed: [Int] = {
        let mask = Launcher.isPresent ? launcherAffinity() ?? online : affinity()
        guard let set = ControlGroups().coreList.map(cpuList(_:)), !set.isEmpty else { return mask }
        return mask.filter(Set(set).contains)
    }()

    /// All cores that are online.
    private static var online: [Int] {
        let listed = SystemFile.text("/sys/devices/system/cpu/online").map(cpuList(_:)) ?? []
        return listed.isEmpty ? Array(0..<max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1)) : listed
    }

    /// Returns the numbers in a list such as `0-3,8,10-11`.
    static func cpuList(_ text: String) -> [Int] {
        text.split(whereSeparator: { $0 == "," || $0.isWhitespace }).flatMap { part -> [Int] in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            switch ends.count {
            case 1: return ends
            case 2 where ends[0] <= ends[1] && ends[1] < 1 << 20: return Array(ends[0]...ends[1])
            default: return []
            }
        }
    }

}
