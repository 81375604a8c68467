import Foundation
import Machine
import Runs
import Tensors

/// The observers of a run, and the thread that calls them: training only adds to its queue.
///
/// Sendable by hand: every access to the state holds the condition's lock.
final class RunAudience: @unchecked Sendable {
    /// A function that returns the details of an evaluation and the weights that were evaluated; nil where there are
    /// none.
    typealias Details = @Sendable () -> (detail: EvaluationDetail, weights: [WeightHistogram])?

    /// The work that waits for the thread.
    private struct Work {
        var lines: [String] = []
        /// The newest evaluation that has not been shown.
        var evaluation: Details?
        var isEnd = false
    }

    /// The pause after an evaluation has been shown, as a multiple of the processor time that this took: not all epochs
    /// of a second are shown. Training's threads wait for each other, so that what takes one core may stop all.
    private static let pauseFactor = 400.0
    /// The rest after each piece of work, in seconds: where steps are short, a thread that woke for every line would
    /// take as much time for waking as for the lines.
    private static let rest = 0.1

    private let observers: [any RunObserver]
    private let condition = NSCondition()
    private var waiting = Work()
    /// Whether the thread has nothing to do and waits for work of any kind; else it looks by itself.
    private var isIdle = false
    private var hasEnded = false
    /// The pause after the last evaluation that was shown, in seconds. Only the observers' thread uses it until the
    /// end.
    private(set) var pause = 0.0

    /// Whether there are no observers.
    var isEmpty: Bool { observers.isEmpty }

    /// - Throws: `ThreadError.refused`
    init(_ observers: [any RunObserver]) throws(ThreadError) {
        self.observers = observers
        try SystemThread.start("observers") { [self] in
            BackgroundPriority.takeForThisThread()
            attend()
        }
    }

    /// Queues a line that was added to the metrics.
    func tell(_ line: String) {
        if !isEmpty { add { $0.lines.append(line) } }
    }

    /// Queues an evaluation.
    ///
    /// - Parameter details: called on the observers' thread; not at all where another evaluation comes before its turn.
    func tell(evaluation details: @escaping Details) { add { $0.evaluation = details } }

    /// Waits until the observers have finished all their work. To be called once.
    func end() {
        add { $0.isEnd = true }
        condition.lock()
        while !hasEnded { condition.wait() }
        condition.unlock()
    }

    /// Adds to the work. Wakes the thread where it has nothing else to do, or is to end.
    private func add(_ change: (inout Work) -> Void) {
        condition.lock()
        change(&waiting)
        if isIdle || waiting.isEnd { condition.broadcast() }
        condition.unlock()
    }

    /// Waits for work and returns it: lines soon, so that files have them when the process is killed.
    ///
    /// - Parameter evaluationTime: the time before which an evaluation waits, in seconds of the machine's clock, unless
    ///   the run ends.
    private func next(evaluationTime: Double) -> Work {
        condition.lock()
        defer { condition.unlock() }
        let restEnd = monotonicSeconds() + Self.rest
        while !waiting.isEnd, case let rest = restEnd - monotonicSeconds(), rest > 0 {
            _ = condition.wait(until: Date(timeIntervalSinceNow: rest))
        }
        isIdle = true
        while !waiting.isEnd && waiting.lines.isEmpty {
            let rest = waiting.evaluation == nil ? .infinity : evaluationTime - monotonicSeconds()
            if rest <= 0 { break }
            if rest.isFinite { _ = condition.wait(until: Date(timeIntervalSinceNow: rest)) } else { condition.wait() }
        }
        isIdle = false
        var work = waiting
        waiting.lines = []
        if !waiting.isEnd && monotonicSeconds() < evaluationTime { work.evaluation = nil }
        if work.evaluation != nil { waiting.evaluation = nil }
        return work
    }

    private func attend() {
        var evaluationTime = 0.0
        while true {
            let work = next(evaluationTime: evaluationTime)
            for line in work.lines { for observer in observers { observer.didRecord(line) } }
            let start = processorSeconds()
            if let (detail, weights) = work.evaluation?() {
                for observer in observers { observer.didEvaluate(detail, weights: weights) }
                pause = Self.pauseFactor * (processorSeconds() - start)
                evaluationTime = monotonicSeconds() + pause
            }
            if work.isEnd { return finish() }
        }
    }

    private func finish() {
        for observer in observers { observer.didEnd() }
        condition.lock()
        hasEnded = true
        condition.broadcast()
        condition.unlock()
    }
}
