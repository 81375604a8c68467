import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The memory of batches that are no longer needed, for the following ones.
///
/// When threads free memory that others have allocated, a general allocator is left with holes in the memory of each.
/// Here there are never more bytes than batches had at one time.
package final class SampleReserve: Sendable {
    /// A block of memory with undefined contents.
    struct Block: @unchecked Sendable {
        let start: UnsafeMutableRawPointer
        let bytes: Int
        /// Whether it comes straight from the system, and goes back there.
        private let isMapped: Bool

        /// Bytes from which it does.
        private static let large = 1 << 20

        init(bytes: Int) {
            self.bytes = bytes
            if bytes >= Self.large,
                let mapped = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                mapped != MAP_FAILED
            {
                (start, isMapped) = (mapped, true)
            } else {
                (start, isMapped) = (.allocate(byteCount: bytes, alignment: 64), false)
            }
        }

        func release() {
            if isMapped { munmap(start, bytes) } else { start.deallocate() }
        }
    }

    private let blocks = Mutex<[Block]>([])

    package init() {}

    deinit { for block in blocks.withLock({ $0 }) { block.release() } }

    /// Takes a block of exactly `bytes` bytes. Where there is none, frees blocks of other sizes and reserves one.
    func take(bytes: Int) -> Block {
        let (found, others): (Block?, [Block]) = blocks.withLock { blocks in
            if let place = blocks.lastIndex(where: { $0.bytes == bytes }) { return (blocks.remove(at: place), []) }
            defer { blocks = [] }
            return (nil, blocks)
        }
        for block in others { block.release() }
        return found ?? Block(bytes: bytes)
    }

    func put(_ block: Block) { blocks.withLock { $0.append(block) } }

    /// Bytes that wait to be used again.
    var bytes: Int { blocks.withLock { $0.reduce(0) { $0 + $1.bytes } } }
}
