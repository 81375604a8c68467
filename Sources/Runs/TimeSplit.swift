/// The uses of rank 0's time since the run began, in seconds.
package struct TimeSplit: Codable, Hashable, Sendable {
    /// The uses of time, in the order in which they are shown.
    package enum Part: String, CaseIterable, Sendable {
        /// Forward and backward passes, and updates.
        case computing
        /// Waiting for other ranks: the part of gradients' sums that the backward pass does not hide, and batch norms'
        /// sums.
        case communication
        /// Waiting for images.
        case data
        /// Copies of the state, and waiting until earlier copies are written.
        case checkpoints
        case evaluation
        case other
    }

    package var computing = 0.0
    package var communication = 0.0
    package var data = 0.0
    package var checkpoints = 0.0
    package var evaluation = 0.0
    package var other = 0.0

    package init() {}

    package subscript(part: Part) -> Double {
        get { self[keyPath: Self.path(of: part)] }
        set { self[keyPath: Self.path(of: part)] = newValue }
    }

    package var total: Double { Part.allCases.reduce(0) { $0 + self[$1] } }

    /// Returns the gain in speed if one part took no time: 0.08 is 8 %.
    package func gain(without part: Part) -> Double {
        let rest = total - self[part]
        return rest > 0 ? self[part] / rest : 0
    }

    private static func path(of part: Part) -> WritableKeyPath<Self, Double> {
        switch part {
        case .computing: \.computing
        case .communication: \.communication
        case .data: \.data
        case .checkpoints: \.checkpoints
        case .evaluation: \.evaluation
        case .other: \.other
        }
    }
}

/// A line of `metrics.jsonl` of kind `time`, after reading.
package struct TimeLine: Decodable, Hashable, Sendable {
    package let split: TimeSplit
    /// The highest memory use of rank 0 in bytes; nil where not known.
    package let peakMemory: Int?

    private enum Key: String, CodingKey { case peakMemory = "peak_memory_bytes" }

    package init(from decoder: any Decoder) throws {
        split = try TimeSplit(from: decoder)
        peakMemory = try decoder.container(keyedBy: Key.self).decodeIfPresent(Int.self, forKey: .peakMemory)
    }
}

extension TimeSplit {
    /// Returns the split as a line of `metrics.jsonl`.
    ///
    /// - Parameter peakMemory: the highest memory use of rank 0 in bytes; nil where not known.
    package func line(epoch: Int, step: Int, peakMemory: Int?) -> String {
        var line = JSONLine()
        line.add("kind", Self.kind)
        line.add("epoch", epoch)
        line.add("step", step)
        for part in Part.allCases { line.add(part.rawValue, self[part]) }
        if let peakMemory { line.add("peak_memory_bytes", peakMemory) }
        return line.text
    }

    package static let kind = "time"
}
