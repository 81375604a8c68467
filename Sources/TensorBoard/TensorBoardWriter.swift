import Foundation
import Recipes
package import Runs
import Synchronization

/// A writer of a run's observed lines into event files of TensorBoard, in the folder `tensorboard` of the run's folder.
///
/// A resumed run begins another file, whose session start discards the later steps of earlier files. Where a killed
/// process had not written all steps before it, the file begins with these, from `metrics.jsonl`.
package final class TensorBoardWriter: RunObserver {
    private let run: ObservedRun
    private let state: Mutex<State>

    private struct State: ~Copyable {
        /// The event file; nil where none could be created.
        var file: EventFile?
        var isFailureTold = false
        var isComplete = false
    }

    /// Creates the file of this part of the run. A disk without space for it causes a warning and ends nothing.
    package init(of run: ObservedRun) {
        self.run = run
        state = Mutex(State())
        let time = Self.now
        let first = Self.firstStep(of: run)
        writing { file in
            file = try EventFile(in: run.folder.tensorBoard, time: time)
            try file?.append(Event(wallTime: time, step: first, content: .sessionStart))
        }
        // Before all that bears a later step: were this process killed now, the next would go on from here.
        if first <= run.resumedStep, run.resumedStep > 0 {
            for line in Self.lines(of: run, from: first) { add(line.scalars, step: line.step) }
        }
        let recipe = SummaryValue("recipe", .text(Self.markdown(run.recipe.yaml())))
        add([Hyperparameters.start(run.recipe, group: run.folder.path, time: time), recipe], step: run.resumedStep)
    }

    /// Returns the step with which this part of the run begins in its file: the first one of the earlier parts whose
    /// events may be incomplete, or else the first that the run takes now.
    private static func firstStep(of run: ObservedRun) -> Int {
        guard run.resumedStep > 0 else { return 0 }
        let last = EventFile.lastStep(in: run.folder.tensorBoard) ?? run.resumedStep
        return last < run.resumedStep ? last : run.resumedStep + 1
    }

    /// Returns the lines of earlier parts of the run from a step on.
    private static func lines(of run: ObservedRun, from first: Int) -> [ObservedLine] {
        let file = URL(filePath: run.folder.metrics)
        // Read from the end: a long run has many lines, of which few are wanted.
        guard let text = try? Data(contentsOf: file, options: .alwaysMapped) else { return [] }
        var lines: [ObservedLine] = []
        var rest = text[...]
        while !rest.isEmpty {
            let start = rest.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.startIndex
            if let line = ObservedLine(String(decoding: rest[start...], as: UTF8.self)) {
                if line.step < first { break }
                if line.step <= run.resumedStep { lines.append(line) }
            }
            rest = rest[..<max(start - 1, rest.startIndex)]
        }
        return lines.reversed()
    }

    package func didRecord(_ line: String) {
        guard let line = ObservedLine(line) else { return }
        if line.kind == MetricsRecord.Kind.final.rawValue { state.withLock { $0.isComplete = true } }
        add(line.scalars, step: line.step)
    }

    package func didEvaluate(_ detail: EvaluationDetail, weights: [WeightHistogram]) {
        var values = weights.filter { $0.count > 0 }.map { SummaryValue("weights/\($0.name)", .histogram($0)) }
        if let picture = ConfusionPicture.of(detail) { values.append(SummaryValue("confusion", .image(picture))) }
        values += Self.images("most wrong", detail.wrong.map(\.picture))
        values += Self.images("augmented", detail.augmented.map(\.picture))
        values.append(SummaryValue("calibration/error", .scalar(detail.calibrationError)))
        add(values, step: detail.step)
    }

    package func didEnd() {
        let isComplete = state.withLock { $0.isComplete }
        add([Hyperparameters.end(isSuccess: isComplete, time: Self.now)], step: run.resumedStep)
        state.withLock { $0.file = nil }
    }

    private static var now: Double { Date().timeIntervalSince1970 }

    /// The most pictures of one kind at an evaluation: files are to stay small, and TensorBoard stacks the pictures.
    private static let mostImages = 8

    private static func images(_ name: String, _ urls: [String]) -> [SummaryValue] {
        urls.prefix(mostImages).enumerated().compactMap { index, url in
            Picture(dataURL: url).map { SummaryValue("\(name)/\(index + 1)", .image($0)) }
        }
    }

    /// Returns the text as a block of code, so that Markdown does not change it.
    private static func markdown(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }.joined(separator: "\n")
    }

    private func add(_ values: [SummaryValue], step: Int) {
        guard !values.isEmpty else { return }
        writing { try $0?.append(Event(wallTime: Self.now, step: step, content: .summary(values))) }
    }

    /// Writes, and warns of the first failure.
    private func writing(_ write: (inout EventFile?) throws -> Void) {
        let failure: (any Error)? = state.withLock { state in
            do {
                try write(&state.file)
                return nil
            } catch {
                defer { state.isFailureTold = true }
                return state.isFailureTold ? nil : error
            }
        }
        if let failure { run.warn("\(failure); training goes on, and TensorBoard will not see all of it") }
    }
}
