import Collectives

private let usualSizes =
    [1, 4, 16, 64, 256].map { $0 << 10 } + [1, 4, 16, 64, 256, 500].map { $0 << 20 }

/// Prints a table: how long a sum of so many bytes takes by our tree and by MPI, in turns, so that what else the
/// machine does meets both.
///
/// - Parameter sizes: In bytes; the table of docs/performance.md where there are none.
func measure(_ world: any Communicator, sizes: [Int]) throws {
    let sizes = sizes.isEmpty ? usualSizes : sizes
    if world.rank == 0 { print("| bytes | tree, us | MPI, us | tree/MPI |\n|---|---|---|---|") }
    func sum(_ values: inout [Float]) throws {
        var span = values.mutableSpan
        try world.sum(&span)
    }
    for bytes in sizes {
        var values = [Float](repeating: 0, count: bytes / 4)
        let repeats = max(1, min(200, (16 << 20) / bytes))
        let rounds = bytes > 100 << 20 ? 3 : bytes > 16 << 20 ? 7 : 51
        var seconds: [AllReduce: [Double]] = [:]
        for _ in 0..<rounds {
            for algorithm in AllReduce.allCases {
                world.allReduce = algorithm
                // One sum before the clock starts: which lines lie in whose cache is then what this algorithm leaves,
                // not the other one.
                try sum(&values)
                try world.barrier()
                let start = ContinuousClock.now
                for _ in 0..<repeats { try sum(&values) }
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
