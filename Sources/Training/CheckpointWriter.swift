import Checkpoints
import Foundation

/// Compresses, writes and verifies checkpoints on a thread of its own, one at a time, while training goes on.
///
/// Sendable by hand: every access to the state holds the condition's lock.
final class CheckpointWriter: @unchecked Sendable {
    /// What became of a checkpoint.
    enum Outcome: Sendable {
        /// It is there for good.
        case written(step: Int, CheckpointDirectory.Commit, seconds: Double)
        /// It is not; `reason` says why. What was there before still is.
        case failed(step: Int, reason: String)
    }

    /// Puts a checkpoint in its place.
    typealias Commit = @Sendable (Checkpoint) throws -> CheckpointDirectory.Commit

    private let commit: Commit
    private let condition = NSCondition()
    private var isWriting = false
    private var outcomes: [Outcome] = []

    init(commit: @escaping Commit) {
        self.commit = commit
    }

    /// Whether a checkpoint is being written.
    var isBusy: Bool {
        condition.lock()
        defer { condition.unlock() }
        return isWriting
    }

    /// Begins to write the checkpoint that `make` gives. Both happen on the writing thread.
    ///
    /// - Precondition: it is not busy.
    func begin(step: Int, _ make: @escaping @Sendable () throws -> Checkpoint) {
        condition.lock()
        precondition(!isWriting, "a checkpoint of step \(step) while one is being written")
        isWriting = true
        condition.unlock()
        let thread = Thread { [self] in
            BackgroundPriority.takeForThisThread()
            let start = Date()
            let outcome: Outcome
            do {
                let result = try commit(make())
                outcome = .written(step: step, result, seconds: Date().timeIntervalSince(start))
            } catch {
                outcome = .failed(step: step, reason: "\(error)")
            }
            condition.lock()
            outcomes.append(outcome)
            isWriting = false
            condition.broadcast()
            condition.unlock()
        }
        thread.name = "checkpoints"
        thread.start()
    }

    /// Waits until nothing is being written.
    func wait() {
        condition.lock()
        while isWriting { condition.wait() }
        condition.unlock()
    }

    /// What was finished since the last call, in order.
    func takeOutcomes() -> [Outcome] {
        condition.lock()
        defer { condition.unlock() }
        defer { outcomes = [] }
        return outcomes
    }
}
