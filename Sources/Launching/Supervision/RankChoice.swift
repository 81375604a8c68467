/// The number of ranks that a job starts with, and their hosts.
package struct RankChoice: Hashable, Sendable {
    /// The ranks that a user asks for.
    package struct Wish: Hashable, Sendable {
        /// The number of ranks where all hosts answer.
        package var ranks: Int
        /// The number of the run's virtual shards. All powers of two up to it, as numbers of ranks, give the same bits.
        package var virtualShards: Int
        /// Whether any lower number of ranks will do, and not only powers of two.
        package var takesAnyNumber = false

        package init(ranks: Int, virtualShards: Int, takesAnyNumber: Bool = false) {
            self.ranks = ranks
            self.virtualShards = virtualShards
            self.takesAnyNumber = takesAnyNumber
        }

        /// Returns the most ranks that fit on `slots`.
        func ranks(onSlots slots: Int) -> Int {
            if slots >= ranks { return ranks }
            if takesAnyNumber || slots < 1 { return max(slots, 0) }
            let most = min(slots, max(virtualShards, 1))
            return 1 << (Int.bitWidth - 1 - most.leadingZeroBitCount)
        }
    }

    package let ranks: Int
    /// The hosts, each with its number of ranks.
    package let hosts: [Host]

    /// Chooses the most ranks, on as few spare hosts as they need.
    ///
    /// - Parameters:
    ///   - hosts: the hosts that answer; ranks fill them in this order, one host after the other.
    ///   - spares: the spare hosts that answer, for when `hosts` are too few.
    ///   - suspects: the names of hosts that spares may replace.
    /// - Returns: nil where no rank fits.
    package init?(_ wish: Wish, hosts: [Host], spares: [Host], suspects: Set<String> = []) {
        let trusted = hosts.filter { !suspects.contains($0.name) }
        let choices = [trusted, hosts].flatMap { base in
            (0...spares.count).map { base + spares.prefix($0) }
        }
        let ranks = choices.map { wish.ranks(onSlots: $0.reduce(0) { $0 + ($1.slots ?? 1) }) }
        // The first choice of those with the most ranks.
        guard let most = ranks.max(), most > 0, let place = ranks.firstIndex(of: most) else { return nil }
        self.ranks = most
        self.hosts = choices[place]
    }

    /// The number of ranks of each host: dealt out one to a host, round after round, as `mpirun --map-by node` does.
    package var ranksByHost: [String: Int] {
        var counts: [String: Int] = [:]
        var left = ranks
        while left > 0 {
            let before = left
            for host in hosts where left > 0 && counts[host.name, default: 0] < host.slots ?? 1 {
                counts[host.name, default: 0] += 1
                left -= 1
            }
            if left == before { break }
        }
        return counts
    }
}
