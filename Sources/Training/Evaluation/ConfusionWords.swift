package import Runs
import Terminal

/// The most frequent mistakes of an evaluation, in words: `cats taken for dogs 31 times`.
package struct ConfusionWords {
    private let detail: EvaluationDetail

    /// The most mistakes to name.
    private static let most = 5

    package init(_ detail: EvaluationDetail) {
        self.detail = detail
    }

    /// A line for each pair of classes, the most frequent first.
    package var lines: [String] {
        let mistakes = detail.confusion.filter { $0.count == 3 && $0[0] != $0[1] && $0[2] > 0 }
            .sorted { ($1[2], $0[0], $0[1]) < ($0[2], $1[0], $1[1]) }
        let lines = mistakes.prefix(Self.most).map { entry in
            let times = entry[2] == 1 ? "once" : entry[2] == 2 ? "twice" : "\(Wording.grouped(entry[2])) times"
            return "  \(name(entry[0])) taken for \(name(entry[1])) \(times)"
        }
        guard !lines.isEmpty else { return ["No picture was taken for another class's."] }
        let more = mistakes.count - lines.count
        return lines + (more > 0 ? ["  and \(Wording.count(more, "other pair")) of classes less often"] : [])
    }

    private func name(_ label: Int) -> String {
        detail.classes.indices.contains(label) ? Wording.shown(detail.classes[label]) : "class \(label)"
    }
}
