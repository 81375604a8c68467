import Glibc

/// Calls `body` with the places of the lines of some bytes that are not empty, without their ends, until it returns
/// false.
package func forEachLine(
    of bytes: [UInt8], _ body: (_ line: Range<Int>, _ hasEnd: Bool, _ bytes: borrowing Span<UInt8>) -> Bool
) {
    let count = bytes.count
    let bytes = bytes.span
    var start = 0
    while start < count {
        let end = bytes.withUnsafeBytes { memory -> Int? in
            guard let base = memory.baseAddress,
                let found = memchr(base + start, Int32(UInt8(ascii: "\n")), count - start)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
        if start < end ?? count, !body(start..<(end ?? count), end != nil, bytes) { return }
        start = (end ?? count) + 1
    }
}
