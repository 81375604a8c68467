/// The buckets of a flat arena of gradients: the slices that are summed over ranks in one go each.
///
/// The backward pass fills the arena from its start. The first bucket is small, so that communication begins early. The
/// last one is small because no computation hides it: it is complete only when the pass ends. The others are so large
/// that latency does not matter.
package struct Buckets: Hashable, Sendable {
    /// Floats, one after the other from the start of the arena to its end.
    package let ranges: [Range<Int>]

    /// The most bytes of the first bucket and of the last.
    static let edgeBytes = 1 << 20

    /// - Parameters:
    ///   - count: the floats of the arena.
    ///   - bytes: the most bytes of a bucket, at least 4.
    package init(count: Int, bytes: Int) {
        precondition(bytes >= 4, "buckets of \(bytes) bytes were asked for")
        let edge = Swift.min(bytes, Self.edgeBytes) / 4
        let last = count - edge
        var ranges: [Range<Int>] = []
        var start = 0
        while start < count {
            let longest = start == 0 ? edge : bytes / 4
            let end = start < last ? Swift.min(start + longest, last) : count
            ranges.append(start..<end)
            start = end
        }
        self.ranges = ranges
    }
}
