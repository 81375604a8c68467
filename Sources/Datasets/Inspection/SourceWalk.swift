import Foundation
import Machine

/// The findings of a walk over samples; put together, they are the same for any number of threads.
protocol Finding: Sendable {
    init()
    /// - Parameter pixels: height x width x channels, upright.
    mutating func add(_ index: Int, height: Int, width: Int, channels: Int, pixels: Span<UInt8>)
    /// Adds a sample that cannot be read.
    mutating func add(bad sample: BadSample)
    mutating func merge(_ other: Self)
}

extension Source {
    /// Reads and decodes every sample of a split as a whole.
    ///
    /// - Parameters:
    ///   - threads: that work at once.
    ///   - progress: is called on the calling thread with the number of samples that are done, a few times a second.
    func walk<Found: Finding>(
        _ split: Split, threads: Int, finding type: Found.Type, progress: (_ done: Int) -> Void
    ) throws(DatasetError) -> Found {
        let walk = SourceWalk<Found>(self, split, threads: max(threads, 1))
        for started in 0..<max(threads, 1) {
            do throws(ThreadError) {
                try SystemThread.start("image reader") { walk.run() }
            } catch {
                walk.leaveOut(max(threads, 1) - started)
                // Those that there are do the work.
                if started == 0 { throw .thread(error) }
                break
            }
        }
        return walk.wait(progress)
    }
}

/// The samples that are still to be visited, and the findings so far.
///
/// Sendable by hand: every access to the state holds the condition's lock.
private final class SourceWalk<Found: Finding>: @unchecked Sendable {
    private let source: any Source
    private let split: Split
    private let count: Int
    private let condition = NSCondition()
    private var next = 0
    private var done = 0
    private var threads: Int
    private var found = Found()

    /// Samples that a thread takes at once.
    private static var atOnce: Int { 32 }

    init(_ source: any Source, _ split: Split, threads: Int) {
        self.source = source
        self.split = split
        self.threads = threads
        count = source.count(of: split)
    }

    /// Runs a thread from its start to its end.
    func run() {
        var own = Found()
        var stored = StoredSample()
        var decoder = ImageDecoder()
        var image = ImageBuffer()
        while let samples = claim() {
            for index in samples {
                do throws(SampleError) {
                    try source.read(index, of: split, into: &stored)
                    if case .pixels(let height, let width) = stored.form {
                        own.add(
                            index, height: height, width: width, channels: source.channels, pixels: stored.bytes.span)
                        continue
                    }
                    do throws(ImageError) {
                        try decoder.decode(
                            stored.bytes.span, path: source.path(of: index, in: split), into: &image)
                    } catch {
                        throw SampleError("\(error)")
                    }
                    let (height, width) = (image.height, image.width)
                    image.withSpan { own.add(index, height: height, width: width, channels: 3, pixels: $0) }
                } catch {
                    own.add(
                        bad: BadSample(
                            split: split, index: index, path: source.path(of: index, in: split),
                            reason: error.description))
                }
            }
        }
        condition.lock()
        found.merge(own)
        threads -= 1
        condition.broadcast()
        condition.unlock()
    }

    private func claim() -> Range<Int>? {
        condition.lock()
        defer { condition.unlock() }
        done = max(next - threads * Self.atOnce, 0)
        guard next < count else { return nil }
        let samples = next..<min(next + Self.atOnce, count)
        next = samples.upperBound
        return samples
    }

    /// Threads that could not be started.
    func leaveOut(_ count: Int) {
        condition.lock()
        threads -= count
        condition.unlock()
    }

    /// Waits for all threads.
    func wait(_ progress: (Int) -> Void) -> Found {
        condition.lock()
        defer { condition.unlock() }
        while threads > 0 {
            _ = condition.wait(until: Date(timeIntervalSinceNow: 0.25))
            let done = done
            condition.unlock()
            progress(done)
            condition.lock()
        }
        return found
    }
}
