import Checkpoints
import Foundation
import Machine
import Terminal

/// Compresses, writes and verifies checkpoints on a thread of its own, one at a time, while training goes on.
///
/// Sendable by hand: every access to the state holds the condition's lock.
final class CheckpointWriter: @unchecked Sendable {
    /// The end of a checkpoint's writing.
    enum Outcome: Sendable {
        /// It is there for good.
        case written(step: Int, CheckpointDirectory.Commit, seconds: Double)
        /// It is not; `reason` says why. What was there before still is.
        case failed(step: Int, reason: String)
    }

    /// Puts a checkpoint in its place.
    typealias Commit = @Sendable (CheckpointDraft) throws -> CheckpointDirectory.Commit

    private let commit: Commit
    private let condition = NSCondition()
    /// A checkpoint is on its way.
    private var isWriting = false
    /// The thread is at work, be it only to prepare.
    private var isWorking = false
    private var outcomes: [Outcome] = []

    /// - Parameter prepare: makes ready what checkpoints will need; done on the writing thread, at once.
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

    /// Begins to write the checkpoint that `make` gives. Both happen on the writing thread.
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

    /// Does something on a thread of its own, of which there is one at a time.
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
