import Checkpoints
import Foundation
import Machine
import Terminal

/// A writer of checkpoints: it compresses, writes and verifies them on a thread of its own, one at a time, while
/// training continues.
///
/// Sendable by hand: every access to the state holds the condition's lock.
final class CheckpointWriter: @unchecked Sendable {
    /// The end of a checkpoint's writing.
    enum Outcome: Sendable {
        /// The checkpoint has been committed.
        case written(step: Int, CheckpointDirectory.Commit, seconds: Double)
        /// The checkpoint could not be written, for `reason`; earlier ones are unchanged.
        case failed(step: Int, reason: String)
    }

    /// A function that commits a checkpoint.
    typealias Commit = @Sendable (CheckpointDraft) throws -> CheckpointDirectory.Commit

    private let commit: Commit
    private let condition = NSCondition()
    /// Whether a checkpoint is being written.
    private var isWriting = false
    /// Whether the thread is at work, writing or preparing.
    private var isWorking = false
    private var outcomes: [Outcome] = []

    /// - Parameter prepare: prepares for checkpoints; called on the writing thread at once.
    /// - Throws: `ThreadError.refused`
    init(prepare: @escaping @Sendable () -> Void, commit: @escaping Commit) throws(ThreadError) {
        self.commit = commit
        try work { _ in prepare() }
    }

    /// Whether a checkpoint is being written.
    var isBusy: Bool {
        condition.lock()
        defer { condition.unlock() }
        return isWriting
    }

    /// Makes a checkpoint with `make` and writes it, both on the writing thread.
    ///
    /// - Precondition: nothing is being written or prepared.
    func begin(step: Int, _ make: @escaping @Sendable () throws -> CheckpointDraft) {
        changed { writer in
            precondition(!writer.isWorking, "a checkpoint of step \(step) while the thread is at work")
            writer.isWriting = true
        }
        do {
            try work { writer in writer.finish(with: writer.write(step: step, make)) }
        } catch {
            finish(with: .failed(step: step, reason: "\(error)"))
        }
    }

    private func finish(with outcome: Outcome) {
        changed { writer in
            writer.outcomes.append(outcome)
            writer.isWriting = false
        }
    }

    private func write(step: Int, _ make: () throws -> CheckpointDraft) -> Outcome {
        let start = Date()
        do {
            let result = try commit(make())
            return .written(step: step, result, seconds: Date().timeIntervalSince(start))
        } catch {
            return .failed(step: step, reason: error.words)
        }
    }

    /// Runs `body` on the writing thread, of which there is one at a time.
    private func work(_ body: @escaping @Sendable (CheckpointWriter) -> Void) throws(ThreadError) {
        changed { $0.isWorking = true }
        do throws(ThreadError) {
            try SystemThread.start("checkpoints") { [self] in
                BackgroundPriority.takeForThisThread()
                body(self)
                changed { $0.isWorking = false }
            }
        } catch {
            changed { $0.isWorking = false }
            throw error
        }
    }

    private func changed(_ change: (CheckpointWriter) -> Void) {
        condition.lock()
        change(self)
        condition.broadcast()
        condition.unlock()
    }

    /// Waits until nothing is being written or prepared.
    func wait() {
        condition.lock()
        while isWorking { condition.wait() }
        condition.unlock()
    }

    /// Returns the outcomes since the last call, in order.
    func takeOutcomes() -> [Outcome] {
        condition.lock()
        defer { condition.unlock() }
        defer { outcomes = [] }
        return outcomes
    }
}
