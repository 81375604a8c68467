internal import CMachine
package import Machine
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#endif

/// The threads of one engine: the caller's and `threads - 1` workers, which spin for a moment after each job and then
/// sleep.
///
/// Work is split by the problem: a job is a number of tasks, and a task is the same whichever thread runs it, so
/// results do not depend on the number of threads. `run` allocates nothing.
///
/// Each thread has a range of consecutive tasks; when it has finished its own, it helps others at the far end of
/// theirs. Neighbouring tasks use neighbouring memory, and successive jobs use the same tensors. So a thread mostly
/// reads data in its own caches, not in those of another core.
package final class ThreadPool: Sendable {
    /// The function of a job, which runs one task: (arguments, task, worker).
    package typealias Body = @Sendable (UnsafeRawPointer, Int, Int) -> Void

    /// Threads that work, the caller's included.
    package let threads: Int
    private let shared: Shared

    /// The state that the threads share. A class of its own, so that workers do not keep the pool alive.
    private final class Shared: @unchecked Sendable {
        /// Counts jobs; workers sleep on it. Its low bit is set when the pool ends.
        let epoch = Atomic<UInt32>(0)
        let isEnding = Atomic<Bool>(false)
        let workersBusy = Atomic<Int>(0)
        let sleepers = Atomic<Int>(0)
        // Written by the caller before `epoch` is released, read by workers after they acquired it.
        var body: Body = { _, _, _ in }
        var arguments = UnsafeRawPointer(bitPattern: 64)
        /// The tasks that wait for each thread, by worker.
        let ranges: UnsafeMutablePointer<TaskRange>
        let threads: Int
        /// Spins before a worker sleeps: none when threads outnumber cores.
        let patience: Int
        let address: UnsafeMutablePointer<UInt32>

        init(threads: Int, patience: Int) {
            self.patience = patience
            self.threads = threads
            self.ranges = .allocate(capacity: threads)
            for worker in 0..<threads { (ranges + worker).initialize(to: TaskRange()) }
            self.address = .allocate(capacity: 1)
            self.address.initialize(to: 0)
        }

        deinit {
            ranges.deinitialize(count: threads)
            ranges.deallocate()
            address.deallocate()
        }

        /// Deals out the tasks 0..<count in ranges of nearly equal length.
        func deal(_ count: Int) {
            for worker in 0..<threads {
                ranges[worker].fill(count * worker / threads..<count * (worker + 1) / threads)
            }
        }

        func work(_ worker: Int) {
            guard let arguments else { return }
            // It is retained once: threads that counted references to it task by task would wait for each other.
            let body = body
            while let task = ranges[worker].takeFirst() { body(arguments, task, worker) }
            for distance in 1..<threads {
                let other = (worker + distance) % threads
                while let task = ranges[other].takeLast() { body(arguments, task, worker) }
            }
        }
    }

    /// Starts `threads - 1` workers. `spins` is whether waiting threads may keep their core busy for some microseconds:
    /// not where the machine runs more threads than cores.
    ///
    /// - Throws: `ThreadError.refused`; then no worker is left.
    package init(threads: Int, spins: Bool = true) throws(ThreadError) {
        precondition(threads > 0, "a pool of \(threads) threads was asked for")
        self.threads = threads
        let shared = Shared(threads: threads, patience: spins ? 20_000 : 0)
        self.shared = shared
        do throws(ThreadError) {
            for worker in 1..<max(threads, 1) {
                try SystemThread.start("compute pool, thread \(worker + 1) of \(threads)") {
                    _ = machine_flush_denormals()
                    ThreadPool.loop(shared, worker)
                }
            }
        } catch {
            Self.end(shared)
            throw error
        }
    }

    deinit { Self.end(shared) }

    /// Makes the workers end. Calling it twice is harmless.
    private static func end(_ shared: Shared) {
        shared.isEnding.store(true, ordering: .releasing)
        publish(shared)
    }

    private static func loop(_ shared: Shared, _ worker: Int) {
        var seen: UInt32 = 0
        while true {
            var spins = 0
            while shared.epoch.load(ordering: .acquiring) == seen {
                if spins < shared.patience {
                    spins += 1
                    machine_pause()
                } else {
                    shared.sleepers.add(1, ordering: .sequentiallyConsistent)
                    if shared.epoch.load(ordering: .sequentiallyConsistent) == seen {
                        machine_wait(shared.address, seen)
                    }
                    shared.sleepers.subtract(1, ordering: .sequentiallyConsistent)
                }
            }
            seen &+= 1
            if shared.isEnding.load(ordering: .acquiring) { return }
            shared.work(worker)
            shared.workersBusy.subtract(1, ordering: .acquiringAndReleasing)
        }
    }

    /// Makes a new job visible to the workers.
    private static func publish(_ shared: Shared) {
        // The futex word follows the epoch; a worker that reads the old word after the wake-up call finds the epoch
        // changed.
        let epoch = shared.epoch.load(ordering: .relaxed) &+ 1
        UnsafeMutableRawPointer(shared.address).storeBytes(of: epoch, as: UInt32.self)
        shared.epoch.store(epoch, ordering: .sequentiallyConsistent)
        if shared.sleepers.load(ordering: .sequentiallyConsistent) > 0 { machine_wake_all(shared.address) }
    }

    /// Runs `body(arguments, task, worker)` for every task in 0..<taskCount and returns when all are done.
    ///
    /// Only one thread may call it at a time. The caller works too, as worker 0. Denormals are flushed in all of them.
    package func run(_ taskCount: Int, _ arguments: UnsafeRawPointer, _ body: @escaping Body) {
        let control = machine_flush_denormals()
        defer { machine_restore_denormals(control) }
        if threads == 1 || taskCount == 1 {
            for task in 0..<taskCount { body(arguments, task, 0) }
            return
        }
        shared.body = body
        shared.arguments = arguments
        shared.deal(taskCount)
        shared.workersBusy.store(threads - 1, ordering: .relaxed)
        Self.publish(shared)
        shared.work(0)
        var spins = 0
        while shared.workersBusy.load(ordering: .acquiring) > 0 {
            spins += 1
            if spins < max(shared.patience, 100) { machine_pause() } else { sched_yield() }
        }
    }
}

/// The tasks that wait for one thread, which takes them from the front; others take them from the back.
///
/// First and end share a word, so that no task is taken twice. The word has a cache line of its own, and the
/// neighbouring line too, which processors prefetch with it.
private struct TaskRange: ~Copyable {
    private let bounds = Atomic<UInt64>(0)
    private let padding = InlineArray<15, UInt64>(repeating: 0)

    /// Sets the tasks. Call it only while no thread takes any.
    func fill(_ tasks: Range<Int>) {
        bounds.store(Self.word(UInt32(tasks.lowerBound), UInt32(tasks.upperBound)), ordering: .relaxed)
    }

    func takeFirst() -> Int? { take { first, end in (first, first + 1, end) } }

    func takeLast() -> Int? { take { first, end in (end - 1, first, end - 1) } }

    @inline(__always)
    private func take(
        _ choice: (_ first: UInt32, _ end: UInt32) -> (task: UInt32, first: UInt32, end: UInt32)
    ) -> Int? {
        var found = bounds.load(ordering: .relaxed)
        while true {
            let (first, end) = (UInt32(truncatingIfNeeded: found), UInt32(found >> 32))
            if first >= end { return nil }
            let chosen = choice(first, end)
            let (exchanged, original) = bounds.weakCompareExchange(
                expected: found, desired: Self.word(chosen.first, chosen.end), ordering: .relaxed)
            if exchanged { return Int(chosen.task) }
            found = original
        }
    }

    private static func word(_ first: UInt32, _ end: UInt32) -> UInt64 { UInt64(end) << 32 | UInt64(first) }
}
