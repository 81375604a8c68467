import CMachine
import Glibc

extension MachineCores {
    /// Bytes of a set of cores: as many as the kernel is ever built for.
    private static let bytes = 1024

    /// The cores that this thread may run on.
    package static func affinity() -> [Int] {
        var set = [UInt8](repeating: 0, count: bytes)
        let written = machine_get_affinity(&set, set.count)
        return (0..<max(written, 0) * 8).filter { set[$0 / 8] & (1 << ($0 % 8)) != 0 }
    }

    /// Lets this thread, and those it starts from now on, run on `cores` and nowhere else. False where the system refuses.
    @discardableResult
    package static func setAffinity(_ cores: [Int]) -> Bool {
        var set = [UInt8](repeating: 0, count: bytes)
        for core in cores where core / 8 < bytes { set[core / 8] |= 1 << (core % 8) }
        return machine_set_affinity(set, set.count) == 0
    }

    /// Undoes a launcher's binding that is narrower than the threads that are to run: mpirun pins a rank to one core,
    /// and a pool of threads inside it would share that core.
    ///
    /// Ranks that fit side by side get cores of their own; others may use all.
    package static func makeRoom(for choice: ThreadChoice, localRank: Int) {
        guard affinity().count < choice.threads else { return }
        let configured = Int(sysconf(Int32(_SC_NPROCESSORS_CONF)))
        guard setAffinity(Array(0..<configured)) else { return }
        // The kernel leaves out what is offline or forbidden: ask what is left.
        let all = affinity()
        let start = localRank * choice.threads
        if all.count >= choice.localRanks * choice.threads {
            setAffinity(Array(all[start..<start + choice.threads]))
        }
    }
}
