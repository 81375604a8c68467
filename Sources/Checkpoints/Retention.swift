/// The rules by which older checkpoints are kept after a new one; a checkpoint that any rule keeps stays.
package struct Retention: Equatable, Sendable {
    /// The checkpoints with the best values of a metric in their own `About.metrics`.
    package struct Best: Equatable, Sendable {
        /// The number of checkpoints that stay, at least 1.
        package var count: Int
        /// A key of `About.metrics`, such as `test_accuracy`. A checkpoint without it is not among the best, nor is one
        /// with any metric that is infinite or NaN: an accuracy beside such a loss means nothing.
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

    /// The number of the newest checkpoints to keep, including the one just written; at least 1.
    package var last: Int
    package var best: Best?
    /// The number of epochs in a group, whose first checkpoint stays for ever; nil for no groups. With 10, the first
    /// checkpoints from epochs 10, 20, … on stay.
    package var everyEpochs: Int?

    /// - Precondition: `last` and `everyEpochs` are at least 1.
    package init(last: Int = 3, best: Best? = nil, everyEpochs: Int? = nil) {
        precondition(last >= 1, "keeping \(last) checkpoints keeps no state")
        precondition(everyEpochs ?? 1 >= 1, "every \(everyEpochs ?? 0) epochs is never")
        self.last = last
        self.best = best
        self.everyEpochs = everyEpochs
    }

    /// The facts about a checkpoint that the rules use.
    struct Candidate: Equatable {
        /// The optimizer steps since the run began.
        let step: Int
        /// The number of complete epochs.
        let epoch: Int
        let metrics: [String: Double]
    }

    /// Returns the steps of the checkpoints to keep, given in any order. Of equally good ones the oldest stays, for
    /// which the metric was measured.
    func kept(_ candidates: [Candidate]) -> Set<Int> {
        let oldestFirst = candidates.sorted { $0.step < $1.step }
        var kept = Set(oldestFirst.suffix(last).map(\.step))
        if let best {
            let rated = oldestFirst.filter { $0.metrics.values.allSatisfy(\.isFinite) }.compactMap { candidate in
                candidate.metrics[best.metric].map { (step: candidate.step, value: $0) }
            }
            // Steps differ, so the order is total.
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
