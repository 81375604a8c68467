import CMachine

extension MachineCores {
    /// Bytes of a set of cores: as many as the kernel is ever built for.
    private static let bytes = 1024

    /// The cores that a process may run on: this thread, where none is named. Empty where the system does not say.
    package static func affinity(of process: Int32 = 0) -> [Int] {
        var set = [UInt8](repeating: 0, count: bytes)
        let written = machine_get_affinity(process, &set, set.count)
        return (0..<max(written, 0) * 8).filter { set[$0 / 8] & (1 << ($0 % 8)) != 0 }
    }

    /// Lets this thread, and those it starts from now on, run on `cores` and nowhere else. False where the system refuses.
    @discardableResult
    package static func setAffinity(_ cores: [Int]) -> Bool {
        var set = [UInt8](repeating: 0, count: bytes)
        for core in cores where core / 8 < bytes { set[core / 8] |= 1 << (core % 8) }
        return machine_set_affinity(set, set.count) == 0
    }

    /// Undoes a binding that is narrower than the threads that are to run, or leaves the cores that they may use: mpirun
    /// pins a rank to one core, and a pool of threads inside it would share that core.
    ///
    /// Ranks that fit side by side get cores of their own; others may use all of `allowed`.
    package static func makeRoom(for choice: ThreadChoice, localRank: Int, in allowed: [Int] = allowed) {
        let bound = affinity()
        guard bound.count < choice.threads || !Set(bound).isSubset(of: allowed) else { return }
        let start = localRank * choice.threads
        let fits = allowed.count >= choice.localRanks * choice.threads
        setAffinity(fits ? Array(allowed[start..<start + choice.threads]) : allowed)
    }
}
