import Testing

@testable import Training

/// Serialized, because masks belong to the thread.
@Suite(.serialized) struct AffinityTests {
    /// The cores that `choice` is left with on rank `localRank` of a thread bound to `bound` that may use `allowed`.
    private func room(
        bound: [Int], _ choice: ThreadChoice, localRank: Int = 0, allowed: [Int]
    ) -> [Int] {
        let before = MachineCores.affinity()
        defer { MachineCores.setAffinity(before) }
        MachineCores.setAffinity(bound)
        MachineCores.makeRoom(for: choice, localRank: localRank, in: allowed)
        return MachineCores.affinity()
    }

    @Test("more threads than the cores that the user has left to the run do not take others")
    func confined() throws {
        let one = Array(MachineCores.affinity().prefix(1))
        let choice = ThreadChoice(asked: 2, localRanks: 1, cores: 1)
        #expect(room(bound: one, choice, allowed: one) == one)
    }

    @Test(
        "a rank that a launcher ties to one core gets room for its threads, beside the other ranks where they fit",
        .enabled(if: MachineCores.allowed.count >= 2))
    func room() throws {
        let two = Array(MachineCores.allowed.prefix(2))
        let alone = ThreadChoice(asked: nil, localRanks: 1, cores: 2)
        #expect(room(bound: [two[0]], alone, allowed: two) == two)
        let crowded = ThreadChoice(asked: 2, localRanks: 2, cores: 2)
        #expect(room(bound: [two[1]], crowded, localRank: 1, allowed: two) == two)
        let fitting = ThreadChoice(asked: nil, localRanks: 2, cores: 2)
        #expect(room(bound: [two[0]], fitting, localRank: 1, allowed: two) == [two[0]])
        // Not bound by the launcher: side by side where there are cores enough, else anywhere.
        for rank in 0..<2 { #expect(room(bound: two, fitting, localRank: rank, allowed: two) == [two[rank]]) }
        #expect(room(bound: two, crowded, localRank: 1, allowed: two) == two)
        // Bound to where the launcher itself may not be.
        #expect(room(bound: [two[0]], alone, allowed: [two[1]]) == [two[1]])
    }

    @Test("ranks that send each other the longest messages lie side by side")
    func neighbours() {
        #expect((0..<8).map { MachineCores.place($0, of: 8) } == [0, 4, 2, 6, 1, 5, 3, 7])
        #expect((0..<6).map { MachineCores.place($0, of: 6) } == Array(0..<6))
        #expect(MachineCores.place(0, of: 1) == 0)
    }
}
