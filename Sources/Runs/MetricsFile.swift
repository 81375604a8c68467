import Checkpoints
import Files
import Foundation
import Synchronization
import Terminal

/// Writes `metrics.jsonl`: a record a line, each handed to the system when it is written.
///
/// A disk that is full for a while loses no line: what could not be written waits for the next.
package final class MetricsFile: Sendable {
    /// The step of the last evaluation that an earlier part of the run left in the file.
    package let lastEvaluatedStep: Int?
    /// The step of the last report of training that an earlier part of the run left in the file.
    package let lastReportedStep: Int?
    /// The evaluations that an earlier part of the run left in the file, in their order.
    package let evaluations: [Evaluated]
    /// Seconds of training until the last record that an earlier part of the run left in the file.
    package let seconds: Double
    /// Where these went, as far as an earlier part of the run left it in the file.
    package let timeSplit: TimeSplit
    /// The steps that an earlier part of the run found to fit into its time; nil where it has not.
    package let fittedSteps: Int?
    private let path: String
    private let handle: FileHandle
    private let state: Mutex<State>

    /// An evaluation on the test split.
    package struct Evaluated: Hashable, Sendable {
        package let epoch: Int
        package let accuracy: Double

        package init(epoch: Int, accuracy: Double) {
            self.epoch = epoch
            self.accuracy = accuracy
        }
    }

    private struct State {
        /// Bytes of the file that are whole lines.
        var written: UInt64
        /// Lines that are to follow.
        var waiting = ""
    }

    /// Starts an empty file at `path`, or goes on with the one that is there.
    ///
    /// - Parameters:
    ///   - resumedStep: records of later steps, and the end of a run that is now going on, are dropped: the file
    ///     tells one story, of the run whose steps count. nil starts anew.
    ///   - source: the file that tells the story so far; nil for `path` itself.
    ///   - isEvaluatedAgain: whether evaluations of the resumed step are dropped too, as they are made again.
    /// - Throws: `RunError.cannotWrite`
    package init(path: String, resumedStep: Int?, from source: String? = nil, isEvaluatedAgain: Bool = false) throws {
        var kept = ""
        if let resumedStep, let bytes = try? readFile(source ?? path, limit: Int.max) {
            kept = Self.story(
                in: String(decoding: bytes, as: UTF8.self), upTo: resumedStep, isEvaluatedAgain: isEvaluatedAgain)
        }
        do {
            try writeFile(kept, to: path)
        } catch {
            throw RunError.cannotWrite(path: path, reason: error.reason)
        }
        let descriptor = path.withPath { open($0, O_WRONLY | O_CLOEXEC) }
        guard descriptor >= 0 else {
            throw RunError.cannotWrite(path: path, reason: String(cString: strerror(errno)))
        }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        self.path = path
        let places = Self.places(in: kept)
        lastEvaluatedStep = places.last { $0.kind == MetricsRecord.Kind.evaluation.rawValue }?.step
        lastReportedStep = places.last { $0.kind == MetricsRecord.Kind.train.rawValue }?.step
        evaluations = places.filter { $0.kind == MetricsRecord.Kind.evaluation.rawValue }.compactMap { place in
            place.accuracy.map { Evaluated(epoch: place.epoch ?? 0, accuracy: $0) }
        }
        seconds = places.last { $0.seconds != nil }?.seconds ?? 0
        timeSplit = Self.lastSplit(in: kept)
        fittedSteps = places.last { $0.kind == Self.fittedKind }?.total_steps
        state = Mutex(State(written: UInt64(kept.utf8.count)))
    }

    deinit { try? handle.close() }

    /// The kind of lines that say how many steps fit into a run's time, `total_steps`.
    package static let fittedKind = "fitted"

    /// Appends a record; it is in the file when this returns.
    ///
    /// - Throws: `RunError.cannotWrite`; the record is written with the next one then.
    package func append(_ record: MetricsRecord) throws { try append(line: record.json) }

    /// Appends a line that is not a record but has `kind` and `step` as records do.
    package func append(line: String) throws {
        try state.withLock { state in
            state.waiting += line + "\n"
            try write(&state)
        }
    }

    /// Makes what was appended survive a loss of power.
    package func synchronize() throws {
        try state.withLock { state in try write(&state) }
        do {
            try handle.synchronize()
        } catch {
            throw RunError.cannotWrite(path: path, reason: error.reason)
        }
    }

    private func write(_ state: inout State) throws {
        guard !state.waiting.isEmpty else { return }
        do {
            // A write that failed may have left the beginning of a line.
            try handle.truncate(atOffset: state.written)
            try handle.write(contentsOf: Data(state.waiting.utf8))
        } catch {
            throw RunError.cannotWrite(path: path, reason: error.reason)
        }
        state.written += UInt64(state.waiting.utf8.count)
        state.waiting = ""
    }

    /// What the file's owner needs to know of a line.
    private struct Place: Decodable {
        var kind: String
        var epoch: Int?
        var step: Int
        var accuracy: Double?
        var seconds: Double?
        var total_steps: Int?
    }

    private static func places(in text: String) -> [Place] {
        text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Place.self, from: Data($0.utf8)) }
    }

    private static func lastSplit(in text: String) -> TimeSplit {
        let line = text.split(separator: "\n").last { $0.contains("\"kind\": \"\(TimeSplit.kind)\"") }
        return line.flatMap { try? JSONDecoder().decode(TimeSplit.self, from: Data($0.utf8)) } ?? TimeSplit()
    }

    /// The lines of `text` up to a step, each ended; a line torn by a crash and what follows it are left out.
    ///
    /// - Parameter isEvaluatedAgain: whether evaluations of that step are left out.
    static func story(in text: String, upTo step: Int, isEvaluatedAgain: Bool = false) -> String {
        let kinds: [MetricsRecord.Kind] = [.evaluation, .averagedEvaluation, .augmentedEvaluation]
        let repeated = isEvaluatedAgain ? kinds.map(\.rawValue) + [TimeSplit.kind] : []
        var kept = ""
        for line in text.split(separator: "\n") {
            guard let place = try? JSONDecoder().decode(Place.self, from: Data(line.utf8)) else { break }
            guard place.step <= step, place.kind != MetricsRecord.Kind.final.rawValue else { continue }
            if place.step < step || !repeated.contains(place.kind) { kept += line + "\n" }
        }
        return kept
    }
}
