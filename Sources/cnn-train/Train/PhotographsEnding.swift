import Datasets
import Files
import Foundation
import Runs
import Terminal
import Training

/// The last lines of a run for which only the pictures were given: its result, its mistakes, and what to do next.
struct PhotographsEnding {
    private let outcome: TrainingOutcome
    private let data: String

    /// - Parameter data: as `--data` takes it.
    init(_ outcome: TrainingOutcome, data: String) {
        self.outcome = outcome
        self.data = data
    }

    var text: String {
        let evaluation = outcome.evaluation
        let folder = outcome.folder.path
        var lines = [
            "",
            "Test accuracy \(Wording.fixed(evaluation.accuracy * 100, 1))%, of "
                + "\(Wording.count(evaluation.samples, "picture")).",
        ]
        if let detail = try? EvaluationDetail(contentsOf: outcome.folder.evaluation) {
            lines += ConfusionWords(detail).lines
        }
        if fileExists(outcome.folder.report) { lines.append("The report: \(outcome.folder.report.visible)") }
        lines.append("What it sees in a picture:")
        lines.append("  cnn-train predict --checkpoint \(shellWord(folder)) \(shellWord(picture))")
        return lines.joined(separator: "\n")
    }

    /// A picture to try: a test picture, where these are files.
    private var picture: String {
        guard let stored = try? openDataset(data) as? StoredDataset, stored.source.count(of: .test) > 0 else {
            return "PICTURE"
        }
        let path = stored.source.path(of: 0, in: .test)
        return fileExists(path) ? path : "PICTURE"
    }
}
