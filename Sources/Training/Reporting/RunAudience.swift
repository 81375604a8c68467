import Foundation
import Machine
import Runs

/// The observers of a run, and the thread that calls them: training only adds to its queue.
///
/// Sendable by hand: every access to the state holds the condition's lock.
final class RunAudience: @unchecked Sendable {
    /// The details of an evaluation and the weights that were evaluated; nil where they cannot be had.
    typealias Details = @Sendable () -> (detail: EvaluationDetail, weights: [WeightHistogram])?

    private enum Event {
        case line(String)
        case evaluation(number: Int, Details)
        case end
    }

    private let observers: [any RunObserver]
    private let condition = NSCondition()
    private var waiting: [Event] = []
    /// Evaluations that were told so far.
    private var evaluations = 0
    private var hasEnded = false

    /// Whether nobody looks on.
    var isEmpty: Bool { observers.isEmpty }

    /// - Throws: `ThreadError.refused`
    init(_ observers: [any RunObserver]) throws(ThreadError) {
        self.observers = observers
        try SystemThread.start("observers") { [self] in
            BackgroundPriority.takeForThisThread()
            attend()
        }
    }

    /// A line was added to the metrics.
    func tell(_ line: String) {
        if !isEmpty { add { _ in .line(line) } }
    }

    /// An evaluation is over.
    ///
    /// - Parameter details: called on the observers' thread; not at all where another evaluation comes before its turn.
    func tell(evaluation details: @escaping Details) {
        add { audience in
            audience.evaluations += 1
            return .evaluation(number: audience.evaluations, details)
        }
    }

    /// Returns when the observers have done all that they were told of. To be called once.
    func end() {
        add { _ in .end }
        condition.lock()
        while !hasEnded { condition.wait() }
        condition.unlock()
    }

    private func add(_ event: (RunAudience) -> Event) {
        condition.lock()
        waiting.append(event(self))
        condition.broadcast()
        condition.unlock()
    }

    /// Waits for events and returns them, with the number of the newest evaluation.
    private func next() -> (events: [Event], newest: Int) {
        condition.lock()
        defer { condition.unlock() }
        while waiting.isEmpty { condition.wait() }
        defer { waiting = [] }
        return (waiting, evaluations)
    }

    private func attend() {
        while true {
            let (events, newest) = next()
            for event in events {
                switch event {
                case .line(let line):
                    for observer in observers { observer.didRecord(line) }
                case .evaluation(let number, let details):
                    guard number == newest, let (detail, weights) = details() else { continue }
                    for observer in observers { observer.didEvaluate(detail, weights: weights) }
                case .end:
                    for observer in observers { observer.didEnd() }
                    condition.lock()
                    hasEnded = true
                    condition.broadcast()
                    condition.unlock()
                    return
                }
            }
        }
    }
}
