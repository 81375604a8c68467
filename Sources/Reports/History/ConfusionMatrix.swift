package import Runs

/// The numbers of samples by their class and the class that is predicted for them.
package struct ConfusionMatrix: Sendable {
    package let classes: [String]
    package let samples: Int
    private let counts: [Pair: Int]
    private let totals: [Int]

    private struct Pair: Hashable {
        let label: Int
        let predicted: Int
    }

    /// Makes the matrix; entries of unknown classes are ignored.
    package init(_ detail: EvaluationDetail) {
        classes = detail.classes
        var counts: [Pair: Int] = [:]
        var totals = [Int](repeating: 0, count: detail.classes.count)
        for entry in detail.confusion where entry.count == 3 && entry[2] > 0 {
            guard totals.indices.contains(entry[0]), totals.indices.contains(entry[1]) else { continue }
            counts[Pair(label: entry[0], predicted: entry[1]), default: 0] += entry[2]
            totals[entry[0]] += entry[2]
        }
        self.counts = counts
        self.totals = totals
        samples = totals.reduce(0, +)
    }

    package func count(label: Int, predicted: Int) -> Int { counts[Pair(label: label, predicted: predicted)] ?? 0 }

    /// Samples of a class.
    package func total(ofLabel label: Int) -> Int { totals[label] }

    /// Two classes of which one is mistaken for the other.
    package struct Confusion: Hashable, Sendable {
        package let label: String
        package let predicted: String
        package let count: Int
        /// The share of the label's samples, in 0...1.
        package let share: Double
    }

    /// The pairs of mistaken classes, the most frequent first; equally frequent ones in the order of classes.
    package var confusedPairs: [Confusion] {
        counts.filter { $0.key.label != $0.key.predicted }
            .sorted { ($1.value, $0.key.label, $0.key.predicted) < ($0.value, $1.key.label, $1.key.predicted) }
            .map { pair, count in
                Confusion(
                    label: classes[pair.label], predicted: classes[pair.predicted], count: count,
                    share: Double(count) / Double(totals[pair.label]))
            }
    }
}
