import Collectives
import Tensors
import Testing

@Suite("Sums of gradients beside the backward pass")
struct GradientSumTests {
    @Test(
        "buckets cover the arena in order, the first and the last at most a megabyte",
        arguments: [0, 1, 1000, 262_144, 262_145, 3_000_000])
    func buckets(count: Int) {
        for bytes in [4, 4096, 1 << 20, 4 << 20] where count / (bytes / 4) < 100_000 {
            let ranges = Buckets(count: count, bytes: bytes).ranges
            #expect(
                ranges.flatMap { [$0.lowerBound, $0.upperBound] }.dropFirst().dropLast().elementsEqual(
                    ranges.dropFirst().flatMap { [$0.lowerBound, $0.lowerBound] }))
            #expect((ranges.first?.lowerBound ?? 0) == 0 && (ranges.last?.upperBound ?? 0) == count)
            #expect(ranges.allSatisfy { !$0.isEmpty && 4 * $0.count <= bytes })
            #expect([ranges.first, ranges.last].allSatisfy { ($0?.count ?? 0) * 4 <= 1 << 20 })
        }
    }

    /// Memory of a test's own.
    private final class Arena: Sendable {
        let lent: LentMemory<Float>

        init(_ values: [Float]) {
            let start = UnsafeMutablePointer<Float>.allocate(capacity: values.count)
            start.initialize(from: values, count: values.count)
            lent = LentMemory(start, count: values.count, owner: Owner(start))
        }

        var values: [Float] { lent.withMutableSpan(0..<lent.count) { span in span.indices.map { span[$0] } } }

        private final class Owner {
            let start: UnsafeMutablePointer<Float>
            init(_ start: UnsafeMutablePointer<Float>) { self.start = start }
            deinit { start.deallocate() }
        }
    }

    private static func terms(rank: Int, step: Int, count: Int) -> [Float] {
        (0..<count).map { Float(($0 * 37 + rank * 11 + step) % 1009) / 1009 - 0.5 }
    }

    @Test("sums that begin during the backward pass have the bits of one sum behind it", arguments: [1, 2, 3, 4, 8])
    func bits(ranks: Int) throws {
        let count = 60_001
        _ = try InProcessCommunicator.run(ranks: ranks) { world in
            let arena = Arena([Float](repeating: 0, count: count))
            let sum = try GradientSum(of: arena.lent, world: world, bucketBytes: 20_000)
            for step in 0..<3 {
                let own = Self.terms(rank: world.rank, step: step, count: count)
                arena.lent.withMutableSpan(0..<count) { span in for index in 0..<count { span[index] = own[index] } }
                // Ranks tell of other places, the last of none; meanwhile they talk about something else.
                for told in [18_000, 36_000, 54_000] {
                    if world.rank + 1 < ranks { sum.finished(told + 200 * world.rank) }
                    try world.barrier()
                }
                var expected = own
                var span = expected.mutableSpan
                let report = try sum.wait()
                #expect(report.timings.map(\.bucket) == (ranks == 1 ? [] : Array(0...12)))
                try world.sum(&span)
                #expect(arena.values.map(\.bitPattern) == expected.map(\.bitPattern), "step \(step)")
            }
        }
    }

    private struct Failed: Error, Equatable {}

    @Test("a rank that fails ends the waiting of the others")
    func failure() throws {
        #expect(throws: Failed()) {
            _ = try InProcessCommunicator.run(ranks: 3) { world in
                let arena = Arena([Float](repeating: 1, count: 1000))
                let sum = try GradientSum(of: arena.lent, world: world, bucketBytes: 1000)
                if world.rank == 1 { throw Failed() }
                _ = try sum.wait()
            }
        }
    }
}
