// Properties of every communicator: CollectivesTests checks them between threads, `collectives-check` under mpirun.
package import Collectives
import Foundation
import Synchronization
import TestRandom

/// A property that did not hold, on some rank.
package struct Violation: Error, CustomStringConvertible {
    package let description: String
}

func require(_ holds: Bool, _ property: @autoclosure () -> String) throws {
    if !holds { throw Violation(description: property()) }
}

/// Counts of the numbers in a sum: none, one, powers of two and others.
private let counts = [0, 1, 4, 100, 1000, 10_000]
/// A count whose halves, as doubles, are longer than the 8 MiB of one message.
private let longCount = 2_200_001

/// Checks all properties that hold for any number of ranks; for a power of two of ranks, the bits of the tree too.
package func checkAll(_ world: any Communicator) throws {
    let isPowerOfTwo = world.size & (world.size - 1) == 0
    try checkPlace(world)
    for count in counts {
        try checkSumOfRanks(world, count: count)
        try checkSameBits(world, count: count)
        if isPowerOfTwo { try checkTreeBits(world, count: count, shards: max(8, world.size)) }
        for root in 0..<world.size { try checkBroadcast(world, count: count, from: root) }
    }
    try checkSumOfRanks(world, count: longCount)
    if isPowerOfTwo { try checkTreeBits(world, count: longCount, shards: world.size) }
    try checkBroadcast(world, count: longCount, from: world.size - 1)
    try checkGather(world)
    for wire in [WireFormat.bfloat16, .float16] { try checkCompressed(world, wire) }
    try checkLines(world)
    try world.barrier()
}

func checkPlace(_ world: any Communicator) throws {
    try require((0..<world.size).contains(world.rank), "rank \(world.rank) lies in 0..<\(world.size)")
    try require(
        (0..<world.localSize).contains(world.localRank) && world.localSize <= world.size,
        "local rank \(world.localRank) lies in 0..<\(world.localSize), and that within \(world.size)")
    // All ranks of these checks are on one machine.
    try require(world.localSize == world.size, "\(world.localSize) of \(world.size) ranks are local")
}

/// Checks sums of small whole numbers, which are exact in any order.
func checkSumOfRanks(_ world: any Communicator, count: Int) throws {
    let ofRanks = world.size * (world.size - 1) / 2
    let rank = world.rank
    var doubles = (0..<count).map { Double(rank + $0 % 7) }
    var floats = doubles.map(Float.init)
    var floatSpan = floats.mutableSpan
    try world.sum(&floatSpan)
    var doubleSpan = doubles.mutableSpan
    try world.sum(&doubleSpan)
    let expected = (0..<7).map { Double(ofRanks + world.size * $0) }
    for index in 0..<count {
        let expected = expected[index % 7]
        guard floats[index] != Float(expected) || doubles[index] != expected else { continue }
        throw Violation(
            description: "number \(index) of \(count) is \(floats[index]) as a float and \(doubles[index]) as a "
                + "double, not \(expected)")
    }
}

/// Checks that all ranks end with the same bits, which are the sum up to the rounding of `size - 1` additions.
func checkSameBits(_ world: any Communicator, count: Int) throws {
    let terms = (0..<world.size).map { randomFloats(0..<count, seed: UInt64($0)) }
    var sums = terms[world.rank]
    var span = sums.mutableSpan
    try world.sum(&span)
    for index in 0..<count {
        let (sum, exact) = (sums[index], terms.reduce(0.0) { $0 + Double($1[index]) })
        let magnitude = terms.reduce(0.0) { $0 + Double($1[index].magnitude) }
        let bound = magnitude * Double(world.size) * Double(Float.ulpOfOne)
        try require(abs(Double(sum) - exact) <= bound, "sum \(index) of \(count) is \(sum), not \(exact)")
    }
    let all = try world.gather(bits(of: sums), to: 0)
    for (rank, bits) in all.enumerated() {
        try require(bits == all[0], "rank \(rank) has the bits of rank 0 in a sum of \(count)")
    }
}

/// Checks that each rank's own subtree and then the ranks' tree give the bits of one tree over all shards. Each rank
/// computes that tree for its part of the numbers.
func checkTreeBits(_ world: any Communicator, count: Int, shards: Int) throws {
    let own = stride(from: world.rank, to: shards, by: world.size).map { shard in
        randomFloats(0..<count, seed: 100 + UInt64(shard))
    }
    var sums = treeSum(own)
    var span = sums.mutableSpan
    try world.sum(&span)
    let part = count * world.rank / world.size..<count * (world.rank + 1) / world.size
    let expected = treeSum((0..<shards).map { randomFloats(part, seed: 100 + UInt64($0)) })
    for (index, expected) in zip(part, expected) where sums[index].bitPattern != expected.bitPattern {
        throw Violation(
            description: "sum \(index) of \(count) is \(sums[index]), the tree over \(shards) shards gives \(expected)")
    }
    let digest = sums.reduce(UInt64(count)) { ($0 ^ UInt64($1.bitPattern)) &* 0x100_0000_01B3 }
    let digests = try world.gather((0..<8).map { UInt8(truncatingIfNeeded: digest >> (8 * $0)) }, to: 0)
    try require(Set(digests).count <= 1, "all ranks have the same bits in a sum of \(count)")
}

/// Checks that numbers which the wire format has are summed exactly, and that of others all ranks get the same bits,
/// however they are split over calls.
func checkCompressed(_ world: any Communicator, _ wire: WireFormat) throws {
    let count = 10_007
    var exact = (0..<count).map { Float(world.rank + $0 % 7) }
    var span = exact.mutableSpan
    try world.sum(&span, wire: wire, as: "compressed")
    let ofRanks = world.size * (world.size - 1) / 2
    for index in 0..<count {
        let expected = Float(ofRanks + world.size * (index % 7))
        try require(exact[index] == expected, "\(wire) sum \(index) is \(exact[index]), not \(expected)")
    }
    let values = randomFloats(0..<count, seed: UInt64(world.rank))
    var whole = values
    span = whole.mutableSpan
    try world.sum(&span, wire: wire, as: "whole")
    var parts = values
    span = parts.mutableSpan
    for part in [0..<7, 7..<5000, 5000..<count] {
        var slice = span._mutatingExtracting(part)
        try world.sum(&slice, wire: wire, as: "part")
    }
    for index in 0..<count {
        try require(
            whole[index].bitPattern == parts[index].bitPattern,
            "\(wire) sum \(index) is \(whole[index]) of the whole and \(parts[index]) of a part")
    }
    let all = try world.gather(bits(of: whole), to: 0)
    for (rank, bits) in all.enumerated() {
        try require(bits == all[0], "rank \(rank) has the bits of rank 0 in a \(wire) sum")
    }
}

/// Checks sums of two threads at once, each on its own communicator, in any order.
func checkLines(_ world: any Communicator) throws {
    let outcome = Mutex<[any Error]>([])
    let pending = DispatchGroup()
    pending.enter()
    let thread = Thread {
        do {
            for count in [longCount, 1, 10_000, longCount] { try checkSumOfRanks(world.second, count: count) }
        } catch {
            outcome.withLock { $0.append(error) }
        }
        pending.leave()
    }
    thread.start()
    for _ in 0..<30 { try checkSumOfRanks(world, count: 1000) }
    pending.wait()
    if let error = outcome.withLock({ $0.first }) { throw error }
}

func checkBroadcast(_ world: any Communicator, count: Int, from root: Int) throws {
    let source = randomFloats(0..<count, seed: UInt64(root))
    var values = world.rank == root ? source : Array(repeating: -1, count: count)
    var span = values.mutableSpan
    try world.broadcast(&span, from: root)
    try require(values == source, "rank \(world.rank) has the \(count) floats of root \(root)")

    let sourceBytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 + root) }
    var bytes = world.rank == root ? sourceBytes : Array(repeating: 0, count: count)
    var byteSpan = bytes.mutableSpan
    try world.broadcast(&byteSpan, from: root)
    try require(bytes == sourceBytes, "rank \(world.rank) has the \(count) bytes of root \(root)")
}

func checkGather(_ world: any Communicator) throws {
    // Rank 0 gives nothing; the last of many ranks give more than a chunk.
    func gift(of rank: Int) -> [UInt8] { Array(repeating: UInt8(rank), count: rank * 150_000) }
    for root in 0..<world.size {
        let gathered = try world.gather(gift(of: world.rank), to: root)
        let expected = world.rank == root ? (0..<world.size).map(gift) : []
        try require(gathered == expected, "root \(root) has what each of \(world.size) ranks gave")
    }
}

/// Returns the sum by the tree: shard s plus s + V/2 first, then s + V/4, …
func treeSum(_ terms: [[Float]]) -> [Float] {
    var terms = terms
    while terms.count > 1 {
        let half = terms.count / 2
        terms = (0..<half).map { shard in zip(terms[shard], terms[shard + half]).map { $0 + $1 } }
    }
    return terms[0]
}

/// Returns a part of a sequence of numbers of either sign and of magnitudes from 2^-12 to 1, so that the order of a sum
/// shows in its bits.
package func randomFloats(_ part: Range<Int>, seed: UInt64) -> [Float] {
    var random = SeededRandom(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1, skipping: part.lowerBound)
    return part.map { _ in
        let bits = random.next()
        let fraction = Float(bits >> 40) / Float(1 << 24) - 0.5
        return fraction / Float(1 << (bits % 12))
    }
}

private func bits(of values: [Float]) -> [UInt8] {
    values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) } }
}
