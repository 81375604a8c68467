/// The rules for which checkpoints stay when a new one is in place; one that any of the rules wants stays.
package struct Retention: Equatable, Sendable {
    /// The checkpoints with the best value of a metric, by what they say of themselves (`About.metrics`).
    package struct Best: Equatable, Sendable {
        /// The number of checkpoints that stay, at least 1.
        package var count: Int
        /// A key of `About.metrics`, such as `test_accuracy`. A checkpoint that lacks it is not among the best, nor is
        /// one with any metric that is infinite or not a number: an accuracy beside such a loss says nothing.
        package var metric: String
        package var isHigherBetter: Bool

        /// - Precondition: `count` is at least 1.
        package init(_ count: Int, metric: String, isHigherBetter: Bool) {
            precondition(count >= 1, "keeping the best \(count) keeps none")
            self.count = count
            self.metric = metric
            self.isHigherBetter = isHigherBetter
        }
    }

    /// The newest stay, this many, the one just written included; at least 1.
    package var last: Int
    package var best: Best?
    /// The number of epochs in a group, of which the first checkpoint stays for ever; nil keeps none for that. At 10,
    /// the first checkpoints from epochs 10, 20, … on stay.
    package var everyEpochs: Int?

    /// - Precondition: `last` and `everyEpochs` are at least 1.
    package init(last: Int = 3, best: Best? = nil, everyEpochs: Int? = nil) {
        precondition(last >= 1, "keeping \(last) checkpoints keeps no state")
        precondition(everyEpochs ?? 1 >= 1, "every \(everyEpochs ?? 0) epochs is never")
        self.last = last
        self.best = best
        self.everyEpochs = everyEpochs
    }

    /// The facts about a checkpoint that the rules need.
    struct Candidate: Equatable {
        /// Optimizer steps since the run began.
        let step: Int
        /// Epochs that are complete.
        let epoch: Int
        let metrics: [String: Double]
    }

    /// The steps of those that stay, in any order given. Among equally good ones the oldest stays, which is the one
    /// that the metric was measured of.
    func kept(_ candidates: [Candidate]) -> Set<Int> {
        let oldestFirst = candidates.sorted { $0.step < $1.step }
        var kept = Set(oldestFirst.suffix(last).map(\.step))
        if let best {
            let rated = oldestFirst.filter { $0.metrics.values.allSatisfy(\.isFinite) }.compactMap { candidate in
                candidate.metrics[best.metric].map { (step: candidate.step, value: $0) }
            }
            // Steps differ, so the order is one.
            let ranked = rated.sorted { a, b in
                a.value == b.value ? a.step < b.step : (a.value > b.value) == best.isHigherBetter
            }
            kept.formUnion(ranked.prefix(best.count).map(\.step))
        }
        if let everyEpochs {
            var seen: Set<Int> = [0]
            for candidate in oldestFirst where seen.insert(candidate.epoch / everyEpochs).inserted {
                kept.insert(candidate.step)
            }
        }
        return kept
    }
}
