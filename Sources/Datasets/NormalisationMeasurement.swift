import Dispatch
import Synchronization
import Tensors

extension Normalisation {
    /// Returns the moments of a source's training images, as evaluation would show them.
    ///
    /// Sums are whole numbers, so that the result is the same on any number of threads and for folder, tar and packed
    /// form of one set. Images that cannot be had do not count.
    /// - Parameters:
    ///   - most: The number of images, spread evenly over the split, that are looked at; all where there are fewer.
    ///   - imageSize: Pixels a side that they are shown with.
    ///   - threads: that work at once.
    /// - Returns: nil where no image could be had.
    package static func measured(
        on source: any Source, most: Int = mostMeasured, imageSize: Int, images: ImageOptions = ImageOptions(),
        threads: Int
    ) -> Normalisation? {
        let count = source.count(of: .train)
        let samples = min(count, max(most, 1))
        let look = SampleLook(imageSize: imageSize, images: images)
        let next = Atomic(0)
        let total = Mutex(PixelSums(channels: source.channels))
        DispatchQueue.concurrentPerform(iterations: max(threads, 1)) { _ in
            var sums = PixelSums(channels: source.channels)
            let scratch = LoaderScratch()
            var pixels = [UInt8](repeating: 0, count: imageSize * imageSize * source.channels)
            while case let number = next.wrappingAdd(1, ordering: .relaxed).oldValue, number < samples {
                do throws(SampleError) {
                    var span = pixels.mutableSpan
                    try scratch.read(number * count / samples, of: source, as: look, into: &span)
                    sums.add(pixels.span)
                } catch {
                    continue
                }
            }
            total.withLock { $0.add(sums) }
        }
        return total.withLock { $0.normalisation }
    }

    /// Images that moments are measured on at the most.
    package static let mostMeasured = 4096
}

extension LoaderScratch {
    /// Reads a training image's bytes as evaluation would show them.
    fileprivate func read(
        _ index: Int, of source: any Source, as look: SampleLook, into pixels: inout MutableSpan<UInt8>
    ) throws(SampleError) {
        try source.read(index, of: .train, into: &stored)
        try transformer.transform(
            stored, path: { source.path(of: index, in: .train) }, index: UInt32(index), as: look,
            shorterSide: Framing.shorterSide(imageSize: look.imageSize, isOfOneSize: source.imageSize != nil),
            fill: Array(repeating: 0, count: source.channels), into: &pixels)
    }
}

/// Sums of bytes and of their squares, for each channel: whole numbers, which no order of threads changes.
struct PixelSums: Sendable {
    private var pixels = 0
    private var sums: [Int]
    private var squares: [Int]

    init(channels: Int) {
        sums = Array(repeating: 0, count: channels)
        squares = sums
    }

    mutating func add(_ bytes: Span<UInt8>) {
        let channels = sums.count
        for channel in 0..<channels {
            var (sum, square) = (0, 0)
            for place in stride(from: channel, to: bytes.count, by: channels) {
                let byte = Int(bytes[place])
                sum += byte
                square += byte * byte
            }
            sums[channel] += sum
            squares[channel] += square
        }
        pixels += bytes.count / channels
    }

    mutating func add(_ other: PixelSums) {
        for channel in sums.indices {
            sums[channel] += other.sums[channel]
            squares[channel] += other.squares[channel]
        }
        pixels += other.pixels
    }

    /// The means of bytes; there is at least one.
    var means: [Double] { sums.map { Double($0) / Double(pixels) } }

    /// The means of bytes' squared distances from their means.
    var variances: [Double] { zip(squares, means).map { Double($0) / Double(pixels) - $1 * $1 } }

    /// nil where there is no pixel. Where all are alike, the deviation is that of one step.
    fileprivate var normalisation: Normalisation? {
        guard pixels > 0 else { return nil }
        let deviations = variances.map { max($0.squareRoot(), 1) }
        return Normalisation(
            name: "measured", means: means.map { Float($0 / 255) }, deviations: deviations.map { Float($0 / 255) })
    }
}
