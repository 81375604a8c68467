import Glibc
import Machine

/// The number of threads that a rank computes with, and the reason for it.
package struct ThreadChoice: Hashable, Sendable {
    package let threads: Int
    /// Ranks that share this machine.
    package let localRanks: Int
    /// Cores that this machine gives to the run.
    package let cores: Int
    /// Whether the user asked for this number.
    package let wasAsked: Bool

    /// One thread a rank where ranks fill the machine, else an equal share of the cores; what the user asks for wins.
    package init(asked: Int?, localRanks: Int, cores: Int) {
        self.localRanks = max(localRanks, 1)
        self.cores = max(cores, 1)
        wasAsked = asked != nil
        threads = max(asked ?? self.cores / self.localRanks, 1)
    }

    /// The choice on this machine, as this process was started.
    package static func here(asked: Int?, localRanks: Int) -> ThreadChoice {
        ThreadChoice(asked: asked, localRanks: localRanks, cores: MachineCores.count)
    }

    /// Whether there are more computing threads than cores.
    package var isOversubscribed: Bool { threads * localRanks > cores }
}

extension ThreadChoice: CustomStringConvertible {
    /// `1 thread a rank (2 ranks on 2 cores)`
    package var description: String {
        let ranks = localRanks == 1 ? "1 rank" : "\(localRanks) ranks"
        let why = "\(ranks) on \(cores == 1 ? "1 core" : "\(cores) cores")"
        let count = threads == 1 ? "1 thread" : "\(threads) threads"
        return "\(count) a rank (\(why)\(wasAsked ? ", as asked" : ""))"
    }
}

/// The cores that this process may count on.
package enum MachineCores {
    /// The number of cores that the run may use on this machine: those of `allowed`, less what a container's quota
    /// takes away.
    package static var count: Int {
        count(allowed: allowed.count, ControlGroups())
    }

    /// Whole cores of `allowed`, less what quotas of control groups take away.
    static func count(allowed: Int, _ groups: ControlGroups) -> Int {
        let quota = groups.cores.map { Int(min($0.rounded(.up), Double(allowed))) }
        return max(min(allowed, quota ?? allowed), 1)
    }

    /// The cores that the run may use on this machine. To be asked before the job starts, which settles it: told to
    /// bind, `MPI_Init` binds even a process that nobody launched.
    ///
    /// Without a launcher these are the cores of the affinity mask, which is then the user's (`taskset`). mpirun pins
    /// each of one or two ranks to a single core, even one alone, so under a launcher a rank's own mask says nothing
    /// about the machine; what the launcher itself was allowed does.
    package static let allowed: [Int] = {
        let mask = Launcher.isPresent ? launcherAffinity() ?? online : affinity()
        guard let set = ControlGroups().coreList.map(cpuList(_:)), !set.isEmpty else { return mask }
        return mask.filter(Set(set).contains)
    }()

    /// All cores that the system has running.
    private static var online: [Int] {
        let listed = SystemFile.text("/sys/devices/system/cpu/online").map(cpuList(_:)) ?? []
        return listed.isEmpty ? Array(0..<max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1)) : listed
    }

    /// The numbers in a list such as `0-3,8,10-11`.
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
