import Files
import Foundation
import Runs

extension RunHistory {
    /// Reads `metrics.jsonl`. Reports of training, of which there may be a hundred thousand, are read without a
    /// decoder.
    mutating func readMetrics() {
        guard fileExists(folder.metrics) else { return }
        guard let bytes = try? readFile(folder.metrics, limit: Int.max) else {
            notes.append("metrics.jsonl is left out: it cannot be read")
            return
        }
        var damaged = 0
        var fields = JSONFields()
        forEachLine(of: bytes) { line, hasEnd, span in
            guard fields.read(line, of: span) else {
                // What is being written, or was when its writer died, has no end yet.
                damaged += hasEnd ? 1 : 0
                return true
            }
            if !fields.isNested && Self.isTraining(fields, of: span) {
                damaged += training.append(fields, of: span) ? 0 : 1
            } else {
                damaged += take(Data(line.map { span[$0] })) ? 0 : 1
            }
            return true
        }
        if damaged > 0 {
            notes.append("metrics.jsonl: \(damaged == 1 ? "a line is" : "\(damaged) lines are") damaged and left out")
        }
    }

    private static func isTraining(_ fields: JSONFields, of bytes: borrowing Span<UInt8>) -> Bool {
        guard let first = fields.fields.first, first.key.count == 4, first.value.count == 7 else { return false }
        let (key, value) = (first.key.lowerBound, first.value.lowerBound)
        // "kind": "train"
        return bytes[key] == UInt8(ascii: "k") && bytes[value + 1] == UInt8(ascii: "t")
            && bytes[value + 2] == UInt8(ascii: "r") && bytes[value + 3] == UInt8(ascii: "a")
    }

    /// Adds a line that is decoded as a whole. Kinds that this version does not know are ignored.
    ///
    /// - Returns: false where it is damaged.
    private mutating func take(_ line: Data) -> Bool {
        let decoder = JSONDecoder()
        guard let head = try? decoder.decode(HistoryLines.Head.self, from: line) else { return false }
        do {
            switch head.kind {
            case "evaluation": evaluations.append(Evaluation(try decoder.decode(from: line)))
            case "averaged_evaluation": averagedEvaluations.append(Evaluation(try decoder.decode(from: line)))
            case "augmented_evaluation": augmentedEvaluation = Evaluation(try decoder.decode(from: line))
            case "final":
                let final: HistoryLines.Evaluation = try decoder.decode(from: line)
                (parametersSHA256, stoppedBy) = (final.parameters_sha256 ?? "", final.stopped_by)
            case NormsLine.kind: norms.append(try decoder.decode(from: line))
            case TimeSplit.kind: time = try decoder.decode(from: line) as TimeLine
            case "skipped", "rewound": take(try decoder.decode(from: line) as HistoryLines.Measure)
            case MetricsFile.fittedKind:
                fittedSteps = (try decoder.decode(from: line) as HistoryLines.Fitted).total_steps
            default: break
            }
            return true
        } catch {
            return false
        }
    }

    /// Adds a step that was not finite as an event; the steps behind a return to a checkpoint no longer count.
    private mutating func take(_ measure: HistoryLines.Measure) {
        var words = (measure.reason ?? "a number was not finite") + (measure.rank.map { ", first on rank \($0)" } ?? "")
        if let back = measure.back_to {
            training.removeAll(after: back)
            evaluations.removeAll { $0.step > back }
            norms.removeAll { $0.step > back }
            words += ": the run went back to step \(back)"
        } else {
            words += ": the step was skipped"
        }
        events.append(Event(time: nil, step: measure.step, words: words))
    }
}

extension JSONDecoder {
    fileprivate func decode<Value: Decodable>(from line: Data) throws -> Value { try decode(Value.self, from: line) }
}

extension RunHistory.Evaluation {
    fileprivate init(_ line: HistoryLines.Evaluation) {
        self.init(
            epoch: line.epoch, step: line.step, samples: line.samples ?? 0, loss: line.loss ?? .nan,
            accuracy: line.accuracy ?? .nan, imagesPerSecond: line.images_per_second ?? .nan,
            seconds: line.seconds ?? .nan)
    }
}
