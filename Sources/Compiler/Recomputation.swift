package import Graphs
internal import Tensors

extension Graph {
    /// Returns the graph in which the backward pass computes again those cheap values that lower the peak of memory
    /// most.
    ///
    /// Values are tried one after the other, the cheapest first, while all of them together take a small part of a
    /// step. A value stays chosen where it lowers the peak by at least half of its size. The share of the peak that it
    /// saves must also be `worth` times the share of a step that it costs. (A block's output that is recomputed from
    /// the previous block's, itself recomputed, needs both in memory at once.)
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

    /// The size of a map that is too small to recompute, in floats of a sample.
    private static var smallMap: Int { 32_768 }
    /// The share of a step's time that recomputing may take.
    private static var partOfStep: Double { 0.03 }
    /// The factor by which the share of memory saved must exceed the share of time spent.
    private static var worth: Double { 8 }

    /// The most floats in use at one time, for one sample, whatever their addresses.
    package var leastFloats: Int { MemoryPlan(graph: self, assignsAddresses: false).leastCount }
}
