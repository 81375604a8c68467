import Runs

extension ObservedLine {
    /// The line's numbers under their tags in TensorBoard: a tag's first part is the card's group. Lines of kinds
    /// without numbers have none.
    var scalars: [SummaryValue] {
        let named = (Self.tags[kind] ?? []).map { ($0.tag, self[$0.key]) }
        let norms = groups.flatMap { group in
            [("weight norm/\(group.name)", group.weights), ("gradient norm/\(group.name)", group.gradients)]
        }
        return (named + norms).compactMap { name, number in number.map { SummaryValue(name, .scalar($0)) } }
    }

    /// The fields that are shown, by the kind of line.
    private static let tags: [String: [(tag: String, key: String)]] = [
        MetricsRecord.Kind.train.rawValue: [
            ("loss/train", "loss"), ("accuracy/train", "accuracy"), ("learning rate", "lr"),
            ("speed/images a second", "images_per_second"), ("speed/slowest rank over median", "slowest_over_median"),
        ],
        MetricsRecord.Kind.evaluation.rawValue: [("loss/test", "loss"), ("accuracy/test", "accuracy")],
        MetricsRecord.Kind.averagedEvaluation.rawValue: [
            ("loss/test, averaged weights", "loss"), ("accuracy/test, averaged weights", "accuracy"),
        ],
        MetricsRecord.Kind.augmentedEvaluation.rawValue: [
            ("loss/test, several views", "loss"), ("accuracy/test, several views", "accuracy"),
        ],
        TimeSplit.kind: TimeSplit.Part.allCases.map { ("seconds/\($0.rawValue)", $0.rawValue) }
            + [("memory/peak bytes", "peak_memory_bytes")],
    ]
}
