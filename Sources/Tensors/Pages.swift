package import Machine

#if canImport(Glibc)
    import Glibc
#endif

/// Zeroed memory, aligned for any vector; large blocks straight from the system, on huge pages where it has them.
///
/// A working set of some hundred kilobytes on small pages that lie scattered in physical memory crowds some sets of the
/// second-level cache and leaves others empty, besides what it costs to translate its addresses.
package struct Pages: @unchecked Sendable {
    package let start: UnsafeMutableRawPointer
    /// Bytes reserved.
    private let size: Int

    /// Bytes from which huge pages pay: half of one.
    private static var large: Int { hugePage / 2 }
    private static var hugePage: Int { 2 << 20 }

    private var isLarge: Bool { size >= Self.large }

    /// Reserves `bytes`. A page of a large block is zeroed when it is first touched, by the thread that touches it.
    ///
    /// - Throws: `MemoryError.refused`
    /// - Complexity: O(1) for large blocks, O(bytes) for small ones.
    package init(bytes: Int) throws(MemoryError) {
        precondition(bytes >= 0, "a stretch of \(bytes) bytes was asked for")
        if bytes < Self.large {
            size = max(bytes, 1)
            var memory: UnsafeMutableRawPointer?
            guard posix_memalign(&memory, 64, size) == 0, let memory else { throw .refused(bytes: bytes) }
            start = memory
            memset(start, 0, size)
            return
        }
        // More than any system has.
        guard bytes < Int.max >> 1 else { throw .refused(bytes: bytes) }
        size = (bytes + Self.hugePage - 1) / Self.hugePage * Self.hugePage
        // The system aligns to small pages only: those before and after the huge ones go back.
        let reserved = size + Self.hugePage
        guard let raw = mmap(nil, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            raw != MAP_FAILED
        else { throw .refused(bytes: bytes) }
        start = raw.alignedUp(toMultipleOf: Self.hugePage)
        let before = start - raw
        if before > 0 { munmap(raw, before) }
        munmap(start + size, reserved - before - size)
        madvise(start, size, MADV_HUGEPAGE)
    }

    /// Gives the memory back; nobody may use it afterwards.
    package func release() {
        if isLarge { munmap(start, size) } else { free(start) }
    }
}
