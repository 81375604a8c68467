/// A message that one rank sends while one of the same size comes in.
struct Transfer: Hashable {
    let bytes: Double
    /// Whether it leaves the machine.
    let isRemote: Bool
    /// Whether the incoming message is added to the rank's numbers, or else replaces them.
    let isSummed: Bool
}

/// The implementation of the sum over ranks.
package enum Algorithm: String, CaseIterable, Codable, Sendable {
    /// Our own, in the order of the shards' tree: ranks that are far apart in number meet first, with the longest
    /// messages, and are on one machine, as ranks are dealt out over the machines.
    case tree
    /// MPI's (Rabenseifner's, in Open MPI 4), over ranks that are numbered machine by machine: neighbours meet first.
    case mpi
}

/// The machines of a job.
package struct Cluster: Hashable, Sendable {
    package var nodes: Int
    package var ranksPerNode: Int
    package var network: Link
    package var sharedMemory: Link

    package var ranks: Int { nodes * ranksPerNode }

    package init(nodes: Int, ranksPerNode: Int, network: Link, sharedMemory: Link = .sharedMemory) {
        self.nodes = nodes
        self.ranksPerNode = ranksPerNode
        self.network = network
        self.sharedMemory = sharedMemory
    }

    /// Returns the messages of one rank in a sum of `bytes` over all ranks, one after the other. With either algorithm
    /// each machine sends only its part of the sum to others.
    ///
    /// Up to 64 KiB by recursive doubling, with log2(P) messages of all bytes; above by halving on the way down and
    /// doubling on the way up, in messages of 4 MiB. Ranks beyond a power of two give their numbers to others before,
    /// and get the sum after.
    func transfers(bytes: Double, _ algorithm: Algorithm) -> [Transfer] {
        guard ranks > 1 else { return [] }
        let levels = Int.bitWidth - 1 - ranks.leadingZeroBitCount
        let core = 1 << levels
        var transfers: [Transfer] = []
        func send(_ bytes: Double, distance: Int, isSummed: Bool) {
            var rest = bytes
            repeat {
                let chunk = min(rest, Self.chunk)
                transfers.append(Transfer(bytes: chunk, isRemote: isRemote(distance, algorithm), isSummed: isSummed))
                rest -= chunk
            } while rest > 0
        }
        if ranks > core { send(bytes, distance: core, isSummed: true) }
        // Partners from the first level to the last.
        let distances = (0..<levels).map { algorithm == .tree ? core >> ($0 + 1) : 1 << $0 }
        if bytes <= Self.doubling {
            for distance in distances { send(bytes, distance: distance, isSummed: true) }
        } else {
            for (level, distance) in distances.enumerated() {
                send(bytes / Double(2 << level), distance: distance, isSummed: true)
            }
            for (level, distance) in distances.enumerated().reversed() {
                send(bytes / Double(2 << level), distance: distance, isSummed: false)
            }
        }
        if ranks > core { send(bytes, distance: core, isSummed: false) }
        return transfers
    }

    /// Whether ranks whose numbers differ by `distance` are on two machines.
    private func isRemote(_ distance: Int, _ algorithm: Algorithm) -> Bool {
        switch algorithm {
        case .tree: !distance.isMultiple(of: nodes)
        case .mpi: distance >= ranksPerNode
        }
    }

    private static let chunk = 4096.0 * 1024
    private static let doubling = 64.0 * 1024
}
