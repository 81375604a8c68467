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

    /// Lets this thread, and those it starts from now on, run on `cores` and nowhere else. False where the system
    /// refuses.
    @discardableResult
    package static func setAffinity(_ cores: [Int]) -> Bool {
        var set = [UInt8](repeating: 0, count: bytes)
        for core in cores where core / 8 < bytes { set[core / 8] |= 1 << (core % 8) }
        return machine_set_affinity(set, set.count) == 0
    }

    /// Gives a rank cores of its own, with their caches and their memory, where the machine's ranks fit side by side;
    /// others may use all of `allowed`.
    ///
    /// A binding that the launcher was told to make stays if it has a core for each thread. Open MPI pins ranks to one
    /// core each without being told, and a pool of threads inside it would share that core.
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

    /// Returns the place of a rank in the row of its machine's ranks: the binary digits of `rank` in reverse order
    /// where ranks are a power of two, else `rank`. The tree's longest messages go between ranks r and r + R/2 of R,
    /// shorter ones between r and r + R/4, …: in this order the longest ones have the shortest way, within a socket.
    static func place(_ rank: Int, of ranks: Int) -> Int {
        let digits = ranks.trailingZeroBitCount
        guard ranks == 1 << digits else { return rank }
        return (0..<digits).reduce(0) { $0 << 1 | rank >> $1 & 1 }
    }
}
