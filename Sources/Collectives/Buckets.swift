/// How a flat arena of gradients is cut into what is summed at once.
///
/// The backward pass fills the arena from its start. The first bucket is small, so that communication begins early; the others are
/// large enough that latency is lost in them.
package struct Buckets: Hashable, Sendable {
    /// Floats, one after the other from the start of the arena to its end.
    package let ranges: [Range<Int>]

    /// Bytes of the first bucket, where others are not smaller.
    static let firstBytes = 1 << 20

    /// - Parameters:
    ///   - count: floats of the arena.
    ///   - bytes: of a bucket, at least 4.
    package init(count: Int, bytes: Int) {
        precondition(bytes >= 4, "buckets of \(bytes) bytes were asked for")
        var ranges: [Range<Int>] = []
        var start = 0
        while start < count {
            let length = Swift.min(bytes, ranges.isEmpty ? Self.firstBytes : bytes) / 4
            let end = Swift.min(start + length, count)
            ranges.append(start..<end)
            start = end
        }
        self.ranges = ranges
    }
}
