import Collectives
import Foundation

/// That of a sum over ranks on several machines each machine sends its part only: per byte summed 2 (H - 1) / H bytes for H
/// machines, however many ranks each has. Prints what it sends.
func checkTraffic(_ world: any Communicator) throws {
    let bytes = 64 << 20
    var values = [Float](repeating: 1, count: bytes / 4)
    let hosts = world.size / world.localSize
    let expected = 2 * Double(hosts - 1) / Double(hosts)
    for algorithm in AllReduce.allCases {
        world.allReduce = algorithm
        try world.barrier()
        let before = try bytesSent()
        var span = values.mutableSpan
        try world.sum(&span)
        try world.barrier()
        let sent = Double(try bytesSent() - before) / Double(bytes)
        if world.rank == 0 { print("\(algorithm): \(sent) bytes sent for each that is summed, \(expected) expected") }
        // Packets have heads, and those that got lost go twice.
        try require((expected...1.1 * expected + 0.01).contains(sent), "\(algorithm) sends what it should")
    }
}

/// What this machine (or network namespace) has sent since it was started, over all networks but the loopback.
private func bytesSent() throws -> Int {
    let table = try String(contentsOfFile: "/proc/net/dev", encoding: .utf8)
    return table.split(separator: "\n").reduce(0) { total, line in
        let words = line.split { $0 == " " || $0 == ":" }
        guard words.count > 9, words[0] != "lo", let sent = Int(words[9]) else { return total }
        return total + sent
    }
}
