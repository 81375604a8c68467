import Tensors

/// Random pixels and random labels, for timing: the same 64 samples again and again, at next to no cost each.
///
/// There is nothing to learn in it beyond the 64 samples themselves.
package struct Synthetic: DrawnDataset {
    package let name = "synthetic"
    package let classNames: [String]
    package let channels: Int

    private static let distinct = 64

    /// Normal numbers that every image is a window on; a prime count, so that windows do not line up with rows.
    private let noise: [Float]

    /// - Parameters:
    ///   - channels: features of a pixel.
    ///   - classes: labels are in 0..<classes.
    package init(channels: Int = 3, classes: Int = 10) {
        precondition(channels > 0 && classes > 0, "\(channels) channels and \(classes) classes")
        self.channels = channels
        classNames = (0..<classes).map { "class \($0)" }
        let random = CounterRandom(seed: 0, stream: "synthetic noise")
        noise = (0..<16_411).map { random.normal($0) }
    }

    package func count(of split: Split) -> Int {
        switch split {
        case .train: 10_000
        case .test: 2_000
        }
    }

    package func label(at index: Int, in split: Split) -> Int {
        let random = CounterRandom(seed: 0, stream: "synthetic labels")
        return random.integer(UInt64(index % Self.distinct), below: classNames.count)
    }

    package func draw(
        _ index: Int, of split: Split, imageSize: Int, into pixels: inout MutableSpan<Float>
    ) throws(DatasetError) {
        precondition(
            pixels.count == imageSize * imageSize * channels,
            "\(pixels.count) numbers for \(channels) channels of \(imageSize) pixels a side")
        let noise = noise.span
        var place = index % Self.distinct * 251
        for pixel in pixels.indices {
            pixels[pixel] = noise[place]
            place += 1
            if place == noise.count { place = 0 }
        }
    }
}
