package import Graphs
internal import Tensors

extension Graph {
    /// The graph with as many cheap values computed again in the backward pass as it takes to lower the most memory in
    /// use.
    ///
    /// Values are chosen one after the other, the cheapest first, while all of it takes a small part of a step. A value
    /// stays chosen where it lowers the peak by half of its size or more, and by a share of it that is worth its share
    /// of a step. Where a block's end is computed again from that of the block before, which is too, both are there at
    /// once.
    package func recomputingForMemory() -> Graph {
        guard purpose == .training else { return self }
        var least = leastFloats
        let negligible = max(least / 100, Self.smallMap)
        let candidates = recomputable.filter { $0.count > negligible }
            .sorted { ($0.passes, -$0.count) < ($1.passes, -$1.count) }
        var room = stepPasses * Self.partOfStep
        var chosen: Set<ValueID> = []
        for candidate in candidates where candidate.cost <= room {
            let attempt = chosen.union([candidate.value])
            let peak = recomputing(attempt).leastFloats
            guard least - peak >= candidate.count / 2,
                Double(least - peak) * stepPasses >= Self.worth * candidate.cost * Double(least)
            else { continue }
            chosen = attempt
            least = peak
            room -= candidate.cost
        }
        return recomputing(chosen)
    }

    /// The size of a map that is too small to be worth it, in floats of a sample.
    private static var smallMap: Int { 32_768 }
    /// The share of a step's time that recomputing may take.
    private static var partOfStep: Double { 0.03 }
    /// The factor by which the share of memory that is saved must exceed the share of time that is spent.
    private static var worth: Double { 8 }

    /// Floats that are in use at one time at the most, for one sample, whoever places them.
    package var leastFloats: Int { MemoryPlan(graph: self, isPlaced: false).leastCount }
}
