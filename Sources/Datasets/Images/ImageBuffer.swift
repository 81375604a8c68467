/// Memory for a picture's bytes, reused for the next picture: red, green, blue, row by row.
///
/// It grows and is not cleared in between, so that a picture costs no allocation and no zeros. Memory beyond 16 MiB is
/// released when a picture needs less than a quarter of it. For a picture that is kept, `Image` is the type.
package struct ImageBuffer: ~Copyable {
    /// Rows.
    package private(set) var height = 0
    /// Columns.
    package private(set) var width = 0
    /// The pixels, followed by what larger pictures have left.
    private var storage: [UInt8] = []

    package init() {}

    /// Bytes of the picture: height x width x 3.
    package var count: Int { 3 * height * width }

    /// Lends the pixels: height x width x 3, in sRGB.
    package borrowing func withSpan<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(storage.span.extracting(first: count))
    }

    /// Lends the pixels to be changed.
    package mutating func withMutableSpan<Result, Failure: Error>(
        _ body: (inout MutableSpan<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let count = count
        var whole = storage.mutableSpan
        var pixels = whole._mutatingExtracting(first: count)
        return try body(&pixels)
    }

    /// Makes space for another picture, whose bytes are undefined.
    package mutating func resize(height: Int, width: Int) {
        self.height = height
        self.width = width
        if storage.count > 1 << 24 && storage.count / 4 > count { storage = [] }
        if storage.count < count { storage += repeatElement(0, count: count - storage.count) }
    }

    /// Whether a picture of `count` bytes takes so much more memory that it is better to ask first.
    borrowing func mustGrowMuch(for count: Int) -> Bool { count > storage.count && count > 1 << 24 }

    /// Hands out the bytes to a library.
    mutating func withBytes<Result, Failure: Error>(
        _ body: (UnsafeMutableBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try storage.withUnsafeMutableBufferPointer { bytes throws(Failure) in try body(bytes) }
    }

    /// Returns the picture, to be kept.
    package consuming func image() -> Image {
        storage.removeLast(storage.count - count)
        return Image(height: height, width: width, pixels: storage)
    }

    /// Becomes `stored` turned upright.
    mutating func turn(_ stored: borrowing ImageBuffer, _ orientation: Orientation) {
        let (sourceHeight, sourceWidth) = (stored.height, stored.width)
        resize(
            height: orientation.isSideways ? sourceWidth : sourceHeight,
            width: orientation.isSideways ? sourceHeight : sourceWidth)
        let (first, down, across) = orientation.steps(height: sourceHeight, width: sourceWidth)
        let (height, width) = (height, width)
        stored.withSpan { source in
            withMutableSpan { target in
                var there = 0
                for row in 0..<height {
                    var here = 3 * (first + row * down)
                    for _ in 0..<width {
                        target[there] = source[here]
                        target[there + 1] = source[here + 1]
                        target[there + 2] = source[here + 2]
                        there += 3
                        here += 3 * across
                    }
                }
            }
        }
    }
}
