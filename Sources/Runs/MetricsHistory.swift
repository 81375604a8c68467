import Files
import Foundation

/// The lines of a `metrics.jsonl` that earlier parts of a run wrote and that still count.
package struct MetricsHistory: Sendable {
    /// The bytes of the lines, including line ends; nil where they are the first bytes of the file, so that truncating
    /// the file leaves them.
    private(set) var bytes: [UInt8]?
    /// The number of bytes of the lines.
    private(set) var count = 0
    /// The step of the last evaluation.
    package private(set) var lastEvaluatedStep: Int?
    /// The step of the last report of training.
    package private(set) var lastReportedStep: Int?
    /// The evaluations on the test split, in their order.
    package private(set) var evaluations: [MetricsFile.Evaluated] = []
    /// The seconds of training until the last record.
    package private(set) var seconds = 0.0
    /// The uses of the run's time, by the last line that reports them.
    package private(set) var timeSplit = TimeSplit()
    /// The number of steps that fit into the run's time; nil where no line reports it.
    package private(set) var fittedSteps: Int?

    /// Makes a history without lines.
    init() {}

    /// Reads the lines up to a step. Leaves out the final record of a run that continues, and a line torn by a crash
    /// with all lines after it.
    ///
    /// - Parameters:
    ///   - file: the file's bytes.
    ///   - isEvaluatedAgain: whether evaluations of that step are left out.
    init(of file: [UInt8], upTo step: Int, isEvaluatedAgain: Bool = false) {
        let kinds: [MetricsRecord.Kind] = [.evaluation, .averagedEvaluation, .augmentedEvaluation]
        let repeated = isEvaluatedAgain ? kinds.map(\.rawValue) + [TimeSplit.kind] : []
        var (lastRecord, lastTime): (Range<Int>?, Range<Int>?)
        var fields = JSONFields()
        forEachLine(of: file) { text, hasEnd, span in
            guard
                let line = hasEnd
                    ? MetricsLine(trainingReport: text, of: span) ?? MetricsLine(text, of: span, in: &fields)
                    : MetricsLine(text, of: span, in: &fields)
            else { return false }
            let isKept =
                line.step <= step && line.kind != MetricsRecord.Kind.final.rawValue
                && !(line.step == step && repeated.contains(line.kind))
            guard isKept else { return true }
            append(file[text], hasEnd: hasEnd, of: file)
            note(line, file[text])
            if MetricsRecord.Kind(rawValue: line.kind) != nil { lastRecord = text }
            if line.kind == TimeSplit.kind { lastTime = text }
            return true
        }
        seconds = lastRecord.flatMap { numbers(of: file[$0])?.seconds } ?? 0
        timeSplit = lastTime.flatMap { try? JSONDecoder().decode(TimeSplit.self, from: Data(file[$0])) } ?? TimeSplit()
    }

    /// Keeps a line.
    private mutating func append(_ text: ArraySlice<UInt8>, hasEnd: Bool, of file: [UInt8]) {
        // Lines after an omitted or empty one move forward.
        if bytes == nil && (text.startIndex != count || !hasEnd) { bytes = Array(file[..<count]) }
        bytes?.append(contentsOf: text)
        bytes?.append(UInt8(ascii: "\n"))
        count += text.count + 1
    }

    /// The history without its bytes, once these are in a file.
    var withoutBytes: MetricsHistory {
        var history = self
        history.bytes = nil
        return history
    }

    private mutating func note(_ line: MetricsLine, _ text: ArraySlice<UInt8>) {
        switch line.kind {
        case MetricsRecord.Kind.train.rawValue: lastReportedStep = line.step
        case MetricsRecord.Kind.evaluation.rawValue:
            lastEvaluatedStep = line.step
            if let found = numbers(of: text), let accuracy = found.accuracy {
                evaluations.append(MetricsFile.Evaluated(epoch: found.epoch ?? 0, accuracy: accuracy))
            }
        case MetricsFile.fittedKind: fittedSteps = numbers(of: text)?.total_steps
        default: break
        }
    }

    private struct Numbers: Decodable {
        var epoch: Int?
        var accuracy: Double?
        var seconds: Double?
        var total_steps: Int?
    }

    private func numbers(of text: ArraySlice<UInt8>) -> Numbers? {
        try? JSONDecoder().decode(Numbers.self, from: Data(text))
    }
}
