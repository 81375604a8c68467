import CMachine

extension MachineCores {
    /// The bytes of a set of cores: for as many as any kernel supports.
    private static let bytes = 1024

    /// Returns the cores that a process may run on, by default this thread; empty where the system does not tell.
    package static func affinity(of process: Int32 = 0) -> [Int] {
        var set = [UInt8](repeating: 0, count: bytes)
        let written = machine_get_affinity(process, &set, set.count)
        return (0..<max(written, 0) * 8).filter { set[$0 / 8] & (1 << ($0 % 8)) != 0 }
    }

    /// Restricts this thread, and threads that it starts from now on, to `cores`. Returns false where the system
    /// refuses.
    @discardableResult
    package static func setAffinity(_ cores: [Int]) -> Bool {
        var set = [UInt8](repeating: 0, count: bytes)
        for core in cores where core / 8 < bytes { set[core / 8] |= 1 << (core % 8) }
        return machine_set_affinity(set, set.count) == 0
    }

    /// Gives a rank cores of its own, with their caches and memory, where the machine has enough for all its ranks;
    /// otherwise all of `allowed`.
    ///
    /// A binding that the launcher was told to make stays if it has a core for each thread. Open MPI pins each rank to
    /// one core without being told, and a pool of threads would share that core.
    package static func makeRoom(for choice: ThreadChoice, localRank: Int, in allowed: [Int] = allowed) {
        let bound = Set(affinity())
        guard bound.count < choice.threads || !bound.isStrictSubset(of: allowed) else { return }
        let share = allowed.count / choice.localRanks
        guard share >= choice.threads else {
            setAffinity(allowed)
            return
        }
        let start = share * place(localRank, of: choice.localRanks)
        setAffinity(Array(allowed[start..<start + share]))
    }

    /// Returns the place of a rank's cores among those of the machine's ranks: the binary digits of `rank` in reverse
    /// order where the number of ranks is a power of two, else `rank`. The tree's longest messages go between ranks r
    /// and r + R/2 of R, shorter ones between r and r + R/4, …: so the longest ones have the shortest way, within a
    /// socket.
    static func place(_ rank: Int, of ranks: Int) -> Int {
        let digits = ranks.trailingZeroBitCount
        guard ranks == 1 << digits else { return rank }
        return (0..<digits).reduce(0) { $0 << 1 | rank >> $1 & 1 }
    }
}
