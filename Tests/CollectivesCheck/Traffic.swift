import Collectives
import Foundation

/// Checks that in a sum over ranks on several machines each machine sends only its part, however many ranks it has. For
/// H machines, that is 2 (H - 1) / H bytes per byte of a long sum, and log2 H of a short one. Prints the bytes sent.
func checkTraffic(_ world: any Communicator) throws {
    let hosts = Double(world.size / world.localSize)
    for algorithm in AllReduce.allCases {
        try checkTraffic(world, algorithm, bytes: 64 << 20, times: 1, expected: 2 * (hosts - 1) / hosts)
    }
    try checkTraffic(world, .tree, bytes: 32 << 10, times: 1000, expected: log2(hosts))
}

private func checkTraffic(
    _ world: any Communicator, _ algorithm: AllReduce, bytes: Int, times: Int, expected: Double
) throws {
    var values = [Float](repeating: 0, count: bytes / 4)
    world.allReduce = algorithm
    try world.barrier()
    let before = try bytesSent()
    for _ in 0..<times {
        var span = values.mutableSpan
        try world.sum(&span)
    }
    try world.barrier()
    let sent = Double(try bytesSent() - before) / Double(bytes * times)
    if world.rank == 0 {
        print("\(algorithm), \(bytes) bytes: \(sent) bytes sent for each that is summed, \(expected) expected")
    }
    // Packets have headers, and lost ones are sent twice.
    let isRight = (expected...1.1 * expected + 0.01).contains(sent)
    try require(isRight, "\(algorithm) sends what it should of \(bytes) bytes")
}

/// Returns the bytes that this machine (or network namespace) has sent since its start, over all networks except the
/// loopback.
private func bytesSent() throws -> Int {
    let table = try String(contentsOfFile: "/proc/net/dev", encoding: .utf8)
    return table.split(separator: "\n").reduce(0) { total, line in
        let words = line.split { $0 == " " || $0 == ":" }
        guard words.count > 9, words[0] != "lo", let sent = Int(words[9]) else { return total }
        return total + sent
    }
}
