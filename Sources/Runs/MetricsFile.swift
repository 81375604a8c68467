import Checkpoints
import Files
import Foundation
import Synchronization

/// The file `metrics.jsonl`: one record a line, each passed to the system as it is written.
///
/// A full disk loses no line: lines that could not be written are written with the next one.
package final class MetricsFile: Sendable {
    /// The records of earlier parts of the run, without their bytes.
    package let history: MetricsHistory
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
        /// The bytes of the file that are whole lines.
        var written: UInt64
        /// The lines that are still to be written.
        var waiting = ""
    }

    /// Starts an empty file at `path`, or continues an existing one.
    ///
    /// - Parameters:
    ///   - resumedStep: the step that the run continues from. Records of later steps, and the final one, are dropped:
    ///     the file has one history, that of the steps that count. nil starts anew.
    ///   - source: the file with the history so far; nil for `path` itself.
    ///   - isEvaluatedAgain: whether evaluations of the resumed step are dropped too, as they are made again.
    /// - Throws: `RunError.cannotWrite`
    package init(path: String, resumedStep: Int?, from source: String? = nil, isEvaluatedAgain: Bool = false) throws {
        var history = MetricsHistory()
        var file: [UInt8] = []
        if let resumedStep, let bytes = try? readFile(source ?? path, limit: Int.max) {
            history = MetricsHistory(of: bytes, upTo: resumedStep, isEvaluatedAgain: isEvaluatedAgain)
            file = bytes
        }
        // Mostly only the end of the file must be cut off.
        let isCut = resumedStep != nil && history.bytes == nil && (source ?? path) == path && fileExists(path)
        if !isCut {
            let bytes = history.bytes ?? Array(file.prefix(history.count))
            try RunError.writing(path) { try writeFile(bytes.span.bytes, to: path) }
        }
        let descriptor = path.withPath { open($0, O_WRONLY | O_CLOEXEC) }
        guard descriptor >= 0, !isCut || ftruncate(descriptor, off_t(history.count)) == 0 else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { Glibc.close(descriptor) }
            throw RunError.cannotWrite(path: path, reason: reason)
        }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        self.path = path
        state = Mutex(State(written: UInt64(history.count)))
        self.history = history.withoutBytes
    }

    deinit { try? handle.close() }

    /// The kind of the line with the number of steps that fit into a run's time, `total_steps`.
    package static let fittedKind = "fitted"

    /// Appends a record; it is in the file when this returns.
    ///
    /// - Throws: `RunError.cannotWrite`; the record is then written with the next one.
    package func append(_ record: MetricsRecord) throws { try append(line: record.json) }

    /// Appends a line that is not a `MetricsRecord` but has `kind` and `step` too.
    package func append(line: String) throws {
        try state.withLock { state in
            state.waiting += line + "\n"
            try write(&state)
        }
    }

    /// Makes the appended lines survive a loss of power.
    package func synchronize() throws {
        try state.withLock { state in try write(&state) }
        try RunError.writing(path) { try handle.synchronize() }
    }

    private func write(_ state: inout State) throws {
        guard !state.waiting.isEmpty else { return }
        try RunError.writing(path) {
            // A write that failed may have left part of a line.
            try handle.truncate(atOffset: state.written)
            try handle.write(contentsOf: Data(state.waiting.utf8))
        }
        state.written += UInt64(state.waiting.utf8.count)
        state.waiting = ""
    }
}
