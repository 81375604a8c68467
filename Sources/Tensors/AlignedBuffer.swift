#if canImport(Glibc)
    import Glibc
#endif

/// Memory for `count` elements that one owner holds, aligned for any vector, zeroed, and on huge pages where it is large.
///
/// Not for small or short-lived things: an `Array` serves those better.
package struct AlignedBuffer<Element: BitwiseCopyable>: ~Copyable {
    /// The first element. Only targets made for pointers (Kernels, Engine's lowering) reach for it.
    package let baseAddress: UnsafeMutablePointer<Element>
    package let count: Int

    /// Bytes from which transparent huge pages pay: one of them.
    private static var hugePage: Int { 2 << 20 }

    /// Reserves zeroed memory. Pages are first touched by whoever writes them first.
    ///
    /// - Complexity: O(1) for large buffers; the kernel hands out zero pages when they are touched.
    package init(count: Int) {
        precondition(count >= 0, "a buffer of \(count) elements was asked for")
        let bytes = Swift.max(count * MemoryLayout<Element>.stride, 1)
        let isLarge = bytes >= Self.hugePage
        let alignment = isLarge ? Self.hugePage : 64
        let size = (bytes + alignment - 1) / alignment * alignment
        guard let memory = aligned_alloc(alignment, size) else {
            preconditionFailure("the machine has no \(size) bytes left for a buffer")
        }
        if isLarge { madvise(memory, size, MADV_HUGEPAGE) }
        memset(memory, 0, size)
        self.baseAddress = memory.bindMemory(to: Element.self, capacity: count)
        self.count = count
    }

    deinit { free(baseAddress) }

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
