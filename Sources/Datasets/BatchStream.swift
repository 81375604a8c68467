import Foundation
import Machine

/// The batches of a loader, which threads of their own prepare ahead of the consumer.
///
/// For one consumer. If it is released early, the threads end after their current samples.
package final class BatchStream {
    private let queue: Prefetch
    /// The number of all batches, including those already taken.
    package let count: Int
    /// Seconds for which the consumer has waited for batches.
    package private(set) var waited = 0.0

    /// - Parameter maker: begins with batch `step`.
    init(steps: Range<Int>, limits: PrefetchLimits, maker: @escaping @Sendable (_ step: Int) -> UnfinishedBatch) {
        count = steps.count
        let queue = Prefetch(steps: steps, ahead: limits.batches, maker: maker)
        self.queue = queue
        // Threads hold the queue and not the stream, so that the stream's end can be noticed.
        for _ in 0..<(steps.isEmpty ? 0 : limits.threads) {
            do {
                try SystemThread.start("data loader") { queue.work() }
            } catch {
                queue.fail(.thread(error))
            }
        }
    }

    deinit { queue.close() }

    /// Returns the next batch, waiting for it where need be; nil after the last, and after an error.
    ///
    /// - Throws: the error of the dataset while it prepared this batch, once.
    package func next() throws(DatasetError) -> LoadedBatch? {
        let taken = try queue.take()
        waited += taken.waited
        return taken.batch
    }

    /// Ends the threads; batches that were ready are dropped. Taking on gives nil.
    package func close() { queue.close() }
}

/// The number of threads that prepare samples, and the number of batches that they may be ahead.
package struct PrefetchLimits: Hashable, Sendable {
    package var threads: Int
    /// Batches that may be ready before they are taken: one hides the time of making it, and at least one more smooths
    /// it.
    package var batches: Int

    package init(threads: Int = 1, batches: Int = 2) {
        precondition(threads > 0 && batches > 0, "\(batches) batches ahead on \(threads) threads")
        self.threads = threads
        self.batches = batches
    }
}

/// A batch with samples that are still to be prepared.
struct UnfinishedBatch: Sendable {
    /// The parts, one for each pass of the step.
    let parts: [any BatchInMaking]
    /// Samples of each part.
    let sizes: [Int]
    /// Returns the batch once all of its samples are prepared.
    let finish: @Sendable () -> LoadedBatch
}

/// The bounded queue between the threads and the stream.
///
/// Sendable by hand: every access to the state holds the condition's lock.
private final class Prefetch: @unchecked Sendable {
    /// A batch in the queue.
    private final class Entry {
        let batch: UnfinishedBatch
        /// The part and position of the next sample that no thread prepares yet.
        var part = 0
        var position = 0
        /// Samples that are not prepared yet.
        var missing: Int
        var failure: DatasetError?

        init(_ batch: UnfinishedBatch) {
            self.batch = batch
            missing = batch.sizes.reduce(0, +)
            skipEmptyParts()
        }

        var isClaimed: Bool { part == batch.parts.count }

        /// Returns the next samples for one thread.
        func claim() -> (making: any BatchInMaking, positions: Range<Int>) {
            let making = batch.parts[part]
            let positions = position..<min(position + making.samplesAtOnce, batch.sizes[part])
            position = positions.upperBound
            skipEmptyParts()
            return (making, positions)
        }

        private func skipEmptyParts() {
            while part < batch.parts.count, position == batch.sizes[part] { (part, position) = (part + 1, 0) }
        }
    }

    private let condition = NSCondition()
    private let maker: @Sendable (Int) -> UnfinishedBatch
    private let ahead: Int
    /// The steps whose batches no thread has begun.
    private var steps: Range<Int>
    /// The batches in the making, in the order of their steps; the first may be complete.
    private var entries: [Entry] = []
    /// Whether nothing more will be taken: the stream was closed, or an error was taken.
    private var isClosed = false
    /// The reason why there are no threads, or too few; it is thrown once.
    private var failure: DatasetError?

    init(steps: Range<Int>, ahead: Int, maker: @escaping @Sendable (Int) -> UnfinishedBatch) {
        self.steps = steps
        self.ahead = ahead
        self.maker = maker
    }

    /// Runs a thread from its start to its end.
    func work() {
        let scratch = LoaderScratch()
        condition.lock()
        defer { condition.unlock() }
        while let entry = waitForWork() {
            let (making, positions) = entry.claim()
            condition.unlock()
            var failure: DatasetError?
            do throws(DatasetError) {
                for position in positions { try making.prepare(position, with: scratch) }
            } catch {
                failure = error
            }
            condition.lock()
            entry.missing -= positions.count
            entry.failure = entry.failure ?? failure
            if entry.missing == 0 { condition.broadcast() }
        }
    }

    /// Returns a batch with samples to claim; nil when there will be none. Holds the lock, but while it waits.
    private func waitForWork() -> Entry? {
        while !isClosed {
            if let entry = entries.first(where: { !$0.isClaimed }) { return entry }
            if entries.count < ahead, let step = steps.first {
                steps.removeFirst()
                let entry = Entry(maker(step))
                entries.append(entry)
                // Others may help; a batch without samples is complete.
                condition.broadcast()
                continue
            }
            if steps.isEmpty { return nil }
            condition.wait()
        }
        return nil
    }

    func take() throws(DatasetError) -> (batch: LoadedBatch?, waited: Double) {
        condition.lock()
        defer { condition.unlock() }
        let start = Date()
        if let failure {
            self.failure = nil
            close(holdingLock: ())
            throw failure
        }
        while !isClosed, failure == nil, entries.first.map({ $0.missing > 0 }) ?? !steps.isEmpty { condition.wait() }
        let waited = Date().timeIntervalSince(start)
        guard !isClosed, !entries.isEmpty else { return (nil, waited) }
        let entry = entries.removeFirst()
        condition.broadcast()
        if let failure = entry.failure {
            close(holdingLock: ())
            throw failure
        }
        return (entry.batch.finish(), waited)
    }

    /// Has the next call of `take` throw.
    func fail(_ error: DatasetError) {
        condition.lock()
        failure = error
        condition.broadcast()
        condition.unlock()
    }

    func close() {
        condition.lock()
        close(holdingLock: ())
        condition.unlock()
    }

    private func close(holdingLock: Void) {
        isClosed = true
        entries = []
        condition.broadcast()
    }
}
