import Foundation
import Machine

/// Batches that a thread of its own prepares, up to two ahead of the one who takes them.
///
/// For one consumer. Letting go of it early ends the thread after the sample that it is at.
package final class BatchStream {
    /// Makes batch `step`; nil if `isWanted` became false on the way.
    typealias Producer =
        @Sendable (_ step: Int, _ isWanted: () -> Bool) throws(DatasetError) -> LoadedBatch?

    private let queue = Prefetch()
    /// The batches in all, those already taken included.
    package let count: Int

    init(steps: Range<Int>, producer: @escaping Producer) {
        count = steps.count
        let queue = queue
        // The thread holds the queue and not the stream, so that the stream's end can be noticed.
        do {
            try SystemThread.start("data loader") { queue.fill(steps: steps, producer: producer) }
        } catch {
            queue.fail(.thread(error))
        }
    }

    deinit { queue.close() }

    /// The next batch, waiting for it where need be; nil after the last, and after an error.
    ///
    /// - Throws: what the dataset threw while it prepared this batch, once.
    package func next() throws(DatasetError) -> LoadedBatch? {
        try queue.take()
    }

    /// Ends the thread; batches that were ready are dropped. Taking on gives nil.
    package func close() { queue.close() }
}

/// The bounded queue between the thread and the stream.
///
/// Sendable by hand: every access to the state holds the condition's lock.
private final class Prefetch: @unchecked Sendable {
    /// Batches that may wait: one to hide the time of making it, one to smooth it.
    private static let capacity = 2

    private let condition = NSCondition()
    private var ready: [LoadedBatch] = []
    private var failure: DatasetError?
    /// The thread will add nothing more.
    private var isFinished = false
    /// Nobody will take anything more.
    private var isClosed = false

    /// The thread's whole life.
    func fill(steps: Range<Int>, producer: BatchStream.Producer) {
        do throws(DatasetError) {
            for step in steps {
                guard waitForRoom(), let batch = try producer(step, { self.isOpen }) else { break }
                locked { if !isClosed { ready.append(batch) } }
            }
        } catch {
            locked { failure = error }
        }
        locked { isFinished = true }
    }

    /// Ends the stream before its first batch.
    func fail(_ error: DatasetError) {
        locked {
            failure = error
            isFinished = true
        }
    }

    func take() throws(DatasetError) -> LoadedBatch? {
        condition.lock()
        defer { condition.unlock() }
        while ready.isEmpty && !isFinished && !isClosed { condition.wait() }
        if !ready.isEmpty {
            condition.signal()
            return ready.removeFirst()
        }
        if let error = failure {
            failure = nil
            throw error
        }
        return nil
    }

    func close() {
        locked {
            isClosed = true
            ready = []
        }
    }

    private var isOpen: Bool {
        condition.lock()
        defer { condition.unlock() }
        return !isClosed
    }

    /// False once the stream is closed.
    private func waitForRoom() -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while ready.count >= Self.capacity && !isClosed { condition.wait() }
        return !isClosed
    }

    /// Changes the state and wakes whoever waits for it.
    private func locked(_ change: () -> Void) {
        condition.lock()
        change()
        condition.broadcast()
        condition.unlock()
    }
}
