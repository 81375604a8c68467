package import Machine

#if canImport(Glibc)
    import Glibc
#endif

/// A file mapped into memory. Bytes written there are in the file at once, and stay there however this process ends.
///
/// Unchecked: its user sees to it which thread writes where, as for `LentMemory`.
package final class MappedFile: @unchecked Sendable {
    package let bytes: Int
    private let start: UnsafeMutableRawPointer

    /// Maps the first `bytes` of an open file, which it must have: others would end the process when they are touched.
    /// The file may be closed afterwards.
    ///
    /// - Parameter isWritable: whether it may be written; then all pages are touched, so that no first write has to
    ///   wait for one.
    /// - Throws: `MemoryError.refused`
    package init(_ descriptor: Int32, bytes: Int, isWritable: Bool) throws(MemoryError) {
        precondition(bytes > 0, "\(bytes) bytes of a file were to be mapped")
        let rights = isWritable ? PROT_READ | PROT_WRITE : PROT_READ
        let way = isWritable ? MAP_SHARED | Int32(MAP_POPULATE) : MAP_SHARED
        guard let start = mmap(nil, bytes, rights, way, descriptor, 0), start != MAP_FAILED else {
            throw .refused(bytes: bytes)
        }
        self.start = start
        self.bytes = bytes
    }

    deinit { munmap(start, bytes) }

    /// Returns floats of the file, which keep it mapped.
    ///
    /// - Precondition: They are within the file, and `offset` is a multiple of a float's size.
    package func floats(at offset: Int, count: Int) -> LentMemory<Float> {
        check(offset, count.saturatingProduct(MemoryLayout<Float>.stride), unit: MemoryLayout<Float>.stride)
        return LentMemory(
            (start + offset).bindMemory(to: Float.self, capacity: count), count: count, owner: self)
    }

    /// Returns a word of the file, read at once.
    package func word(at offset: Int) -> UInt64 {
        check(offset, MemoryLayout<UInt64>.size, unit: MemoryLayout<UInt64>.size)
        return start.load(fromByteOffset: offset, as: UInt64.self)
    }

    /// Writes a word at once.
    package func setWord(at offset: Int, to word: UInt64) {
        check(offset, MemoryLayout<UInt64>.size, unit: MemoryLayout<UInt64>.size)
        start.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
    }

    /// Returns a copy of some bytes.
    package func bytes(_ range: Range<Int>) -> [UInt8] {
        check(range.lowerBound, range.count, unit: 1)
        return Array(UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count))
    }

    /// Writes some bytes.
    package func setBytes(at offset: Int, to bytes: [UInt8]) {
        check(offset, bytes.count, unit: 1)
        (start + offset).copyMemory(from: bytes, byteCount: bytes.count)
    }

    private func check(_ offset: Int, _ count: Int, unit: Int) {
        precondition(
            offset >= 0 && offset % unit == 0 && count <= bytes && offset <= bytes - count,
            "\(count) bytes at \(offset) of \(bytes) mapped ones")
    }
}
