import Collectives
import Synchronization
import Testing
import collectives_check

@Suite("Ranks that are threads")
struct InProcessTests {
    @Test("every collective keeps its promise between threads", arguments: 1...15, [false, true])
    func collectives(ranks: Int, areCrowded: Bool) throws {
        _ = try InProcessCommunicator.run(ranks: ranks, areCrowded: areCrowded) { try checkAll($0) }
    }

    @Test("short sums have the same bits in pairs", arguments: [2, 4, 8, 16])
    func pairs(ranks: Int) throws {
        let sums = try [false, true].map { areCrowded in
            try InProcessCommunicator.run(ranks: ranks, areCrowded: areCrowded) { world in
                try [WireFormat.float32, .bfloat16, .float16].map { wire in
                    var values = randomFloats(0..<1001, seed: UInt64(world.rank))
                    var span = values.mutableSpan
                    try world.sum(&span, wire: wire, as: "sum")
                    return values.map(\.bitPattern)
                }
            }
        }
        #expect(sums[0] == sums[1])
    }

    @Test("results of threads come in order of rank", arguments: 1...8)
    func order(ranks: Int) throws {
        #expect(try InProcessCommunicator.run(ranks: ranks) { $0.rank } == Array(0..<ranks))
    }

    @Test("no rank passes a barrier before all have reached it", arguments: 1...8)
    func barrier(ranks: Int) throws {
        let reached = Mutex(0)
        let seen = try InProcessCommunicator.run(ranks: ranks) { world in
            try (1...20).map { _ in
                reached.withLock { $0 += 1 }
                try world.barrier()
                let count = reached.withLock { $0 }
                try world.barrier()
                return count
            }
        }
        for counts in seen { #expect(counts == (1...20).map { $0 * ranks }) }
    }

    @Test("the first rank's error ends the waiting of the others", arguments: 2...8)
    func failure(ranks: Int) throws {
        struct DiskIsFull: Error, Equatable {}
        #expect(throws: DiskIsFull()) {
            _ = try InProcessCommunicator.run(ranks: ranks) { world in
                if world.rank == 1 { throw DiskIsFull() }
                try world.barrier()
            }
        }
    }

    @Test("ranks that call with different counts are told that they are out of step")
    func outOfStep() throws {
        #expect {
            _ = try InProcessCommunicator.run(ranks: 2) { world in
                var values = [Double](repeating: 1, count: 4 + world.rank)
                var span = values.mutableSpan
                try world.sum(&span)
            }
        } throws: { error in
            guard case .outOfStep(let rank, let partner, let expected, let found) = error as? CollectiveError else {
                return false
            }
            return partner == 1 - rank && expected == 8 * (4 + rank) && found == 8 * (4 + partner)
        }
    }

    @Test("a world of one sums, broadcasts and gathers to itself")
    func solo() throws {
        try checkAll(InProcessCommunicator())
    }
}
