import Foundation
package import Machine
import Synchronization
package import Tensors

/// The sum of gradients over ranks, taken bucket by bucket by a thread of its own while the backward pass goes on.
///
/// The computing thread reports how many gradients are final (`finished`) and, after its last gradient, waits (`wait`).
/// Buckets are summed in order over the second communicator, so that the calls of all ranks match whatever the
/// computing threads call on the first. One step goes on at a time. In a world of one rank there is nothing to sum, and
/// no thread starts.
package final class GradientSum: Sendable {
    /// The time that the sum of one bucket took.
    package struct Timing: Sendable {
        package let bucket: Int
        package let bytes: Int
        /// Seconds on the clock of `monotonicSeconds`.
        package let start: Double
        package let seconds: Double
    }

    /// The times that the sums of one step took.
    package struct Report: Sendable {
        package var timings: [Timing] = []
        /// The seconds for which the computing thread only waited: the exposed part of the communication.
        package var waited = 0.0

        /// The seconds of communication.
        package var seconds: Double { timings.reduce(0) { $0 + $1.seconds } }
    }

    private let shared: Shared?

    /// - Parameters:
    ///   - gradients: the arena; between `finished(n)` and the end of `wait` its first n floats belong to the sum.
    ///   - bucketBytes: see `Buckets`.
    /// - Throws: `ThreadError.refused`
    package init(
        of gradients: LentMemory<Float>, world: any Communicator, bucketBytes: Int, wire: WireFormat = .float32
    ) throws(ThreadError) {
        guard world.size > 1 else {
            shared = nil
            return
        }
        let shared = Shared(
            gradients: gradients, line: world.second, wire: wire,
            buckets: Buckets(count: gradients.count, bytes: bucketBytes).ranges)
        self.shared = shared
        try SystemThread.start("sum of gradients") { shared.loop() }
    }

    deinit { shared?.end() }

    /// Reports that the first `count` gradients of this step are final.
    package func finished(_ count: Int) { shared?.finished(count) }

    /// Reports that all gradients of this step are final, and returns when they are summed.
    ///
    /// - Throws: the error of the communicating thread.
    package func wait() throws(CollectiveError) -> Report { try shared?.wait() ?? Report() }
}

/// The state that the two threads share.
private final class Shared: Sendable {
    private struct State {
        /// The number of gradients that are final in this step.
        var finished = 0
        var summed = 0
        var timings: [GradientSum.Timing] = []
        var failure: CollectiveError?
        var isEnding = false
    }

    private let gradients: LentMemory<Float>
    private let line: any Communicator
    private let wire: WireFormat
    private let buckets: [Range<Int>]
    private let condition = NSCondition()
    /// The state. Threads touch it only while they hold the condition's lock as well, so that no change is missed.
    private let state = Mutex(State())

    init(gradients: LentMemory<Float>, line: any Communicator, wire: WireFormat, buckets: [Range<Int>]) {
        self.gradients = gradients
        self.line = line
        self.wire = wire
        self.buckets = buckets
    }

    func finished(_ count: Int) {
        change { state in state.finished = max(state.finished, count) }
    }

    func end() {
        change { state in state.isEnding = true }
    }

    /// Waits until all buckets are summed; then the next step may begin.
    func wait() throws(CollectiveError) -> GradientSum.Report {
        finished(gradients.count)
        let start = monotonicSeconds()
        let (timings, failure) = waitFor { state -> ([GradientSum.Timing], CollectiveError?)? in
            guard state.summed == self.buckets.count || state.failure != nil else { return nil }
            let (timings, failure) = (state.timings, state.failure)
            state = State()
            state.failure = failure
            return (timings, failure)
        }
        if let failure { throw failure }
        return GradientSum.Report(timings: timings, waited: monotonicSeconds() - start)
    }

    /// Sums one bucket after the other, step after step.
    func loop() {
        while let bucket = nextBucket() {
            let start = monotonicSeconds()
            let range = buckets[bucket]
            do throws(CollectiveError) {
                try gradients.withMutableSpan(range) { values throws(CollectiveError) in
                    try line.sum(&values, wire: wire, as: CollectiveName("gradients", part: bucket))
                }
            } catch {
                return change { state in state.failure = error }
            }
            let timing = GradientSum.Timing(
                bucket: bucket, bytes: 4 * range.count, start: start, seconds: monotonicSeconds() - start)
            change { state in
                state.timings.append(timing)
                state.summed += 1
            }
        }
    }

    /// Returns the next bucket that is final; nil once the thread is to end.
    private func nextBucket() -> Int? {
        waitFor { state -> Int?? in
            if state.isEnding { return .some(nil) }
            guard state.summed < self.buckets.count, self.buckets[state.summed].upperBound <= state.finished else {
                return nil
            }
            return .some(state.summed)
        }
    }

    private func change(_ body: (inout State) -> Void) {
        condition.lock()
        defer { condition.unlock() }
        state.withLock { body(&$0) }
        condition.broadcast()
    }

    /// Waits until `body` returns a result.
    private func waitFor<Result: Sendable>(_ body: (inout State) -> Result?) -> Result {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result = state.withLock({ body(&$0) }) { return result }
            condition.wait()
        }
    }
}
