import Foundation
import Machine

/// The result for a sample that was to be packed.
enum PackingResult: Sendable {
    case packed(StoredSample)
    case bad(BadSample)
}

/// The samples of a source, read and made ready by several threads, and handed over in their order.
///
/// Threads do not get further ahead than memory allows.
///
/// Sendable by hand: every access to the state holds the condition's lock.
final class PackingWork: @unchecked Sendable {
    let places: [SamplePlace]

    private let source: any Source
    private let content: PackedContent
    private let condition = NSCondition()
    /// The lock held while a sample is read; nil where samples may be read in any order.
    private let reading: NSLock?
    private var next = 0
    private var taken = 0
    private var ready: [Int: PackingResult] = [:]
    private var readyBytes = 0
    private var threads = 0
    private var isStopped = false

    /// Samples that may be ready or in making, for each thread, and bytes that may be ready.
    private static var ahead: Int { 16 }
    private static var mostBytes: Int { 256 << 20 }

    /// Starts the threads.
    init(_ source: any Source, _ content: PackedContent, threads: Int) throws(DatasetError) {
        self.source = source
        self.content = content
        let onlyOrder = source.onlyOrder
        reading = onlyOrder == nil ? nil : NSLock()
        places =
            onlyOrder
            ?? Split.allCases.flatMap { split in
                (0..<source.count(of: split)).map { SamplePlace(split: split, index: $0) }
            }
        self.threads = max(threads, 1)
        for started in 0..<max(threads, 1) {
            do throws(ThreadError) {
                try SystemThread.start("image packer") { self.run() }
            } catch {
                leaveOut(max(threads, 1) - started)
                // Those that there are do the work.
                if started == 0 { throw .thread(error) }
                break
            }
        }
    }

    /// Threads that could not be started.
    private func leaveOut(_ count: Int) {
        condition.lock()
        threads -= count
        condition.unlock()
    }

    /// Runs a thread from its start to its end.
    private func run() {
        var packer = ImagePacker(content, channels: source.channels)
        while let (position, read) = readNext() {
            let place = places[position]
            let path = { self.source.path(of: place.index, in: place.split) }
            let result: PackingResult
            do throws(SampleError) {
                result = .packed(try packer.packed(read.get(), path: path))
            } catch {
                result = .bad(
                    BadSample(split: place.split, index: place.index, path: path(), reason: error.description))
            }
            deliver(result, at: position)
        }
        condition.lock()
        threads -= 1
        condition.broadcast()
        condition.unlock()
    }

    /// Returns the next stored sample; nil when there are no more.
    private func readNext() -> (position: Int, read: Result<StoredSample, SampleError>)? {
        reading?.lock()
        defer { reading?.unlock() }
        guard let position = claim() else { return nil }
        var stored = StoredSample()
        do throws(SampleError) {
            try source.read(places[position].index, of: places[position].split, into: &stored)
            return (position, .success(stored))
        } catch {
            return (position, .failure(error))
        }
    }

    /// Returns the next position, when there is memory for it; nil when there is none.
    private func claim() -> Int? {
        condition.lock()
        defer { condition.unlock() }
        while true {
            guard !isStopped, next < places.count else { return nil }
            // The one that is waited for is always made.
            if next == taken || (next - taken < threads * Self.ahead && readyBytes < Self.mostBytes) { break }
            condition.wait()
        }
        next += 1
        return next - 1
    }

    private func deliver(_ result: PackingResult, at position: Int) {
        condition.lock()
        ready[position] = result
        readyBytes += result.bytes
        condition.broadcast()
        condition.unlock()
    }

    /// Returns the next sample in order; nil after the last.
    ///
    /// - Parameter whileWaiting: is called a few times a second.
    func take(whileWaiting: (_ done: Int) -> Void) -> (place: SamplePlace, result: PackingResult)? {
        condition.lock()
        defer { condition.unlock() }
        guard taken < places.count else { return nil }
        while true {
            if let result = ready.removeValue(forKey: taken) {
                readyBytes -= result.bytes
                taken += 1
                condition.broadcast()
                return (places[taken - 1], result)
            }
            if condition.wait(until: Date(timeIntervalSinceNow: 0.25)) { continue }
            let done = taken
            condition.unlock()
            whileWaiting(done)
            condition.lock()
        }
    }

    /// Samples that have been taken.
    var done: Int {
        condition.lock()
        defer { condition.unlock() }
        return taken
    }

    /// Ends the threads, and waits for them.
    func stop() {
        condition.lock()
        defer { condition.unlock() }
        isStopped = true
        condition.broadcast()
        while threads > 0 { condition.wait() }
    }
}

extension PackingResult {
    fileprivate var bytes: Int {
        switch self {
        case .packed(let sample): sample.bytes.count
        case .bad: 0
        }
    }
}
