package import Machine

/// Zeroed memory for `count` elements with one owner, aligned for any vector, and on huge pages where it is large.
///
/// For small or short-lived memory, an `Array` is the better choice.
package struct AlignedBuffer<Element: BitwiseCopyable>: ~Copyable {
    /// The first element. Only targets made for pointers (Kernels, Engine's lowering) reach for it.
    package let baseAddress: UnsafeMutablePointer<Element>
    package let count: Int

    private let pages: Pages

    /// Reserves zeroed memory. The thread that first writes to a page is the first to touch it.
    ///
    /// - Throws: `MemoryError.refused` where the system has too little.
    /// - Complexity: O(1) for large buffers; the kernel provides zero pages when they are touched.
    package init(count: Int) throws(MemoryError) {
        precondition(count >= 0, "a buffer of \(count) elements was asked for")
        self.pages = try Pages(bytes: count.saturatingProduct(MemoryLayout<Element>.stride))
        self.baseAddress = pages.start.bindMemory(to: Element.self, capacity: count)
        self.count = count
    }

    deinit { pages.release() }

    /// Calls `body` with the elements, to read.
    package borrowing func withSpan<Result, Failure: Error>(
        _ body: (Span<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeBufferPointer(start: baseAddress, count: count).span)
    }

    /// Calls `body` with the elements, to write.
    package mutating func withMutableSpan<Result, Failure: Error>(
        _ body: (inout MutableSpan<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let buffer = UnsafeMutableBufferPointer(start: baseAddress, count: count)
        var span = buffer.mutableSpan
        return try body(&span)
    }
}

extension AlignedBuffer: @unchecked Sendable where Element: Sendable {}
