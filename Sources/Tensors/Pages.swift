package import Machine
internal import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Zeroed memory, aligned for any vector; large blocks come directly from the system, on huge pages where it has them.
///
/// A working set of some hundred kilobytes on scattered small pages crowds some sets of the second-level cache and
/// leaves others empty. It also costs more to translate its addresses.
package struct Pages: @unchecked Sendable {
    package let start: UnsafeMutableRawPointer
    /// Bytes reserved.
    private let size: Int
    /// The whole mapping of guarded memory.
    private var mapping: UnsafeMutableRawBufferPointer?

    /// The end of memory beyond which no access is allowed: a test that goes beyond crashes there.
    package enum Guard: Int, Sendable {
        case none, before, behind
    }

    private static let chosenGuard = Atomic(Guard.none.rawValue)

    /// The guarded end of memory that is reserved from now on in this process; for tests, as each block takes an extra
    /// page and no huge ones.
    package static var guarded: Guard {
        get { Guard(rawValue: chosenGuard.load(ordering: .relaxed)) ?? .none }
        set { chosenGuard.store(newValue.rawValue, ordering: .relaxed) }
    }

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
        let guarded = Self.guarded
        if guarded != .none {
            (start, mapping) = try Self.guardedMemory(bytes: bytes, guarded)
            size = bytes
            return
        }
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
        // The system aligns to small pages only: those before and after the huge ones are returned.
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

    /// Returns the memory to the system; it must not be used afterwards.
    package func release() {
        if let mapping {
            munmap(mapping.baseAddress, mapping.count)
        } else if isLarge {
            munmap(start, size)
        } else {
            free(start)
        }
    }

    /// Returns zeroed memory between two pages without access, of which the guarded one is adjacent (after it, at the
    /// next multiple of 64 bytes).
    private static func guardedMemory(
        bytes: Int, _ guarded: Guard
    ) throws(MemoryError) -> (UnsafeMutableRawPointer, UnsafeMutableRawBufferPointer) {
        let page = 4096
        guard bytes < Int.max >> 1 else { throw .refused(bytes: bytes) }
        let inner = max((bytes + page - 1) / page, 1) * page
        let whole = inner + 2 * page
        guard let raw = mmap(nil, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), raw != MAP_FAILED,
            mprotect(raw + page, inner, PROT_READ | PROT_WRITE) == 0
        else { throw .refused(bytes: bytes) }
        let offset = guarded == .behind ? inner - (bytes + 63) / 64 * 64 : 0
        return (raw + page + offset, UnsafeMutableRawBufferPointer(start: raw, count: whole))
    }
}
