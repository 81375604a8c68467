import Collectives

/// Prints a table: how long a sum of so many bytes takes by our tree and by MPI, in turns, so that what else the machine does meets both.
func measure(_ world: any Communicator) throws {
    if world.rank == 0 { print("| bytes | tree, us | MPI, us | tree/MPI |\n|---|---|---|---|") }
    let sizes = [
        1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20, 256 << 20, 500 << 20,
    ]
    for bytes in sizes {
        var values = [Float](repeating: 0, count: bytes / 4)
        let repeats = max(1, min(200, (16 << 20) / bytes))
        let rounds = bytes > 100 << 20 ? 3 : bytes > 1 << 20 ? 7 : 51
        var seconds: [AllReduce: [Double]] = [:]
        for _ in 0..<rounds {
            for algorithm in AllReduce.allCases {
                world.allReduce = algorithm
                try world.barrier()
                let start = ContinuousClock.now
                for _ in 0..<repeats {
                    var span = values.mutableSpan
                    try world.sum(&span)
                }
                let elapsed = start.duration(to: .now) / .seconds(1) / Double(repeats)
                seconds[algorithm, default: []].append(elapsed)
            }
        }
        func middle(_ algorithm: AllReduce) -> Double {
            let sorted = (seconds[algorithm] ?? []).sorted()
            return sorted[sorted.count / 2] * 1e6
        }
        let (tree, mpi) = (middle(.tree), middle(.mpi))
        guard world.rank == 0 else { continue }
        print("| \(bytes) | \(rounded(tree)) | \(rounded(mpi)) | \(rounded(tree / mpi)) |")
    }
}

private func rounded(_ number: Double) -> Double {
    number >= 100 ? number.rounded() : (number * 100).rounded() / 100
}
