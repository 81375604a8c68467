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

        /// Whether it may wait for others.
        var isLine: Bool {
            if case .line = self { true } else { false }
        }
    }

    /// Seconds between two looks at lines alone: a thread that woke for each of a thousand short steps would hold up
    /// those that compute them.
    private static let pause = 0.5

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
        let event = event(self)
        waiting.append(event)
        if waiting.count == 1 || !event.isLine { condition.broadcast() }
        condition.unlock()
    }

    /// Waits for events and returns them, with the number of the newest evaluation.
    ///
    /// - Parameter time: lines alone wait until then for others.
    private func next(notBefore time: Date) -> (events: [Event], newest: Int) {
        condition.lock()
        defer { condition.unlock() }
        while waiting.isEmpty { condition.wait() }
        while waiting.allSatisfy(\.isLine), condition.wait(until: time) {}
        defer { waiting = [] }
        return (waiting, evaluations)
    }

    private func attend() {
        var time = Date.distantPast
        while true {
            let (events, newest) = next(notBefore: time)
            time = Date(timeIntervalSinceNow: Self.pause)
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
