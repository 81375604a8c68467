package import Machine

/// Memory for `count` elements that one owner holds, aligned for any vector, zeroed, and on huge pages where it is
/// large.
///
/// Not for small or short-lived things: an `Array` serves those better.
package struct AlignedBuffer<Element: BitwiseCopyable>: ~Copyable {
    /// The first element. Only targets made for pointers (Kernels, Engine's lowering) reach for it.
    package let baseAddress: UnsafeMutablePointer<Element>
    package let count: Int

    private let pages: Pages

    /// Reserves zeroed memory. Pages are first touched by whoever writes them first.
    ///
    /// - Throws: `MemoryError.refused` where the system has not so much.
    /// - Complexity: O(1) for large buffers; the kernel hands out zero pages when they are touched.
    package init(count: Int) throws(MemoryError) {
        precondition(count >= 0, "a buffer of \(count) elements was asked for")
        self.pages = try Pages(bytes: count.saturatingProduct(MemoryLayout<Element>.stride))
        self.baseAddress = pages.start.bindMemory(to: Element.self, capacity: count)
        self.count = count
    }

    deinit { pages.release() }

    /// The elements, to read.
    package borrowing func withSpan<Result, Failure: Error>(
        _ body: (Span<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeBufferPointer(start: baseAddress, count: count).span)
    }

    /// The elements, to write.
    package mutating func withMutableSpan<Result, Failure: Error>(
        _ body: (inout MutableSpan<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let buffer = UnsafeMutableBufferPointer(start: baseAddress, count: count)
        var span = buffer.mutableSpan
        return try body(&span)
    }
}

extension AlignedBuffer: @unchecked Sendable where Element: Sendable {}
