/// The pixels of a batch's samples; the engine turns them into floats.
package protocol BatchImages: Sendable {
    /// The number of samples.
    var count: Int { get }
    /// Height x width x channels of each.
    var sampleCount: Int { get }
    /// Writes a sample's pixels, height x width x channels, normalised.
    ///
    /// Called on several threads at once, with different samples.
    /// - Parameter slot: exactly `sampleCount` numbers.
    func write(_ index: Int, into slot: inout MutableSpan<Float>)
}

extension BatchImages {
    /// The pixels of all samples, one after the other; for inspection rather than for training.
    package var floats: [Float] {
        var values = [Float](repeating: 0, count: count * sampleCount)
        var span = values.mutableSpan
        for index in 0..<count {
            var slot = span._mutatingExtracting(index * sampleCount..<(index + 1) * sampleCount)
            write(index, into: &slot)
        }
        return values
    }
}

/// Images that are floats already.
package struct FloatImages: BatchImages {
    package let count: Int
    package let sampleCount: Int
    private let values: [Float]

    /// - Parameter values: sample after sample.
    package init(_ values: [Float], samples: Int) {
        precondition(
            samples == 0 ? values.isEmpty : values.count.isMultiple(of: samples),
            "\(values.count) numbers for \(samples) samples")
        count = samples
        sampleCount = samples == 0 ? 0 : values.count / samples
        self.values = values
    }

    package func write(_ index: Int, into slot: inout MutableSpan<Float>) {
        slot.copy(values.span.extracting(index * sampleCount..<(index + 1) * sampleCount))
    }
}

/// Memory for the samples of a batch, each of which one thread writes before others read it.
///
/// Unchecked: its users agree on which thread writes which sample when, for instance by a lock that protects the set of
/// finished samples.
package final class SampleMemory<Element: BitwiseCopyable>: @unchecked Sendable {
    package let samples: Int
    /// Elements of each sample.
    package let sampleCount: Int
    private let start: UnsafeMutablePointer<Element>
    private let block: SampleReserve.Block
    private let reserve: SampleReserve

    /// Takes memory out of `reserve`, to which it goes back in the end. Its contents are undefined until a sample is
    /// written.
    package init(samples: Int, sampleCount: Int, from reserve: SampleReserve) {
        precondition(samples >= 0 && sampleCount >= 0, "memory for \(samples) samples of \(sampleCount)")
        self.samples = samples
        self.sampleCount = sampleCount
        self.reserve = reserve
        let count = max(samples * sampleCount, 1)
        block = reserve.take(bytes: count * MemoryLayout<Element>.stride)
        start = block.start.bindMemory(to: Element.self, capacity: count)
    }

    deinit { reserve.put(block) }

    /// Calls `body` with a sample, to write.
    package func withSample<Result, Failure: Error>(
        _ index: Int, _ body: (inout MutableSpan<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition((0..<samples).contains(index), "sample \(index) of \(samples)")
        let buffer = UnsafeMutableBufferPointer(start: start + index * sampleCount, count: sampleCount)
        var span = buffer.mutableSpan
        return try body(&span)
    }

    /// Calls `body` with a sample, to read.
    package func withFinishedSample<Result, Failure: Error>(
        _ index: Int, _ body: (Span<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition((0..<samples).contains(index), "sample \(index) of \(samples)")
        return try body(UnsafeBufferPointer(start: start + index * sampleCount, count: sampleCount).span)
    }
}

extension MutableSpan where Element: BitwiseCopyable {
    /// Copies all elements of `source`, which must have as many.
    package mutating func copy(_ source: Span<Element>) {
        precondition(count == source.count, "\(source.count) elements for \(count)")
        withUnsafeMutableBufferPointer { target in
            source.withUnsafeBufferPointer { source in
                guard let base = source.baseAddress, !source.isEmpty else { return }
                target.baseAddress?.update(from: base, count: source.count)
            }
        }
    }
}
