/// A collective in which ranks waited for others longer than allowed.
package struct CollectiveTimeout: Equatable, Sendable, CustomStringConvertible {
    /// A rank that has not begun the collective.
    package struct Late: Equatable, Sendable {
        package let rank: Int
        /// The phase that the rank is in instead, and the seconds since it began.
        package let phase: String
        package let seconds: Double
    }

    /// The collective and its phase.
    package let collective: String
    /// The limit that was exceeded, in seconds.
    package let seconds: Double
    package let ranks: Int
    package let late: [Late]
    /// The ranks whose watchdogs do not answer.
    package let silent: [Int]
    /// The folder with the last collectives of each rank; nil where none is written.
    package let folder: String?

    package var description: String {
        var sentences = ["waited more than \(allowed) s in the \(collective)"]
        for rank in silent {
            sentences.append("rank \(rank)/\(ranks) does not answer: it is stopped, or its machine cannot be reached")
        }
        for late in late {
            sentences.append(
                "rank \(late.rank)/\(ranks) has not arrived: it has been in the \(late.phase) for "
                    + "\(whole(late.seconds)) s"
            )
        }
        if late.isEmpty && silent.isEmpty {
            sentences.append("all ranks have arrived, but their messages have not: see to the network")
        }
        if let folder {
            sentences.append("what each rank did last is in \(folder)/flight-recorder.rank-N.json")
        }
        sentences.append("where nothing is wrong, raise --collective-timeout")
        return sentences.joined(separator: "; ")
    }

    /// The limit as text, with fractions where it has any.
    private var allowed: String { seconds == seconds.rounded() ? whole(seconds) : "\(seconds)" }

    private func whole(_ seconds: Double) -> String { "\(Int(seconds.rounded()))" }
}
