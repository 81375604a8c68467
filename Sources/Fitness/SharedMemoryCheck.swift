import Files

/// The check of /dev/shm, the memory for messages between ranks of a machine and for snapshots of runs.
package enum SharedMemoryCheck {
    /// Bytes that Open MPI's `vader` takes for each rank, and some more.
    static let bytesOfRank = 8 << 20
    /// Bytes that are enough for a snapshot of a larger network (`--snapshot-every`). Containers have 64 MiB by
    /// default.
    static let enough = 256 << 20

    /// - Parameters:
    ///   - free: bytes; nil where the folder is missing.
    ///   - ranks: of this machine.
    package static func finding(free: Int?, ranks: Int) -> Finding {
        let remedy = "Make it larger: `mount -o remount,size=1G /dev/shm`, or `--shm-size 1g` of docker and podman"
        guard let free else {
            return .problem("/dev/shm", "it is not there", needed: "a tmpfs for what ranks share", remedy: remedy)
        }
        return .ofBytes(
            "/dev/shm", free, least: bytesOfRank * max(ranks, 1), enough: enough, of: { "\($0) are free" },
            for: "for messages of \(ranks == 1 ? "a rank" : "\(ranks) ranks") and memory snapshots", remedy: remedy)
    }

    /// Returns the finding about this machine's shared memory.
    package static func finding(ranks: Int) -> Finding { finding(free: freeBytes(in: "/dev/shm"), ranks: ranks) }
}
