/// A 64-bit checksum, several times as fast as memory: XXH64 with the seed 0. (Collet, "xxHash fast digest algorithm",
/// specification 0.1.1.)
///
/// It detects errors of disks and networks, not deliberate changes.
package struct XXH64: Sendable {
    private var lanes = (prime1 &+ prime2, prime2, UInt64(0), 0 &- prime1)
    private var count: UInt64 = 0
    /// The last bytes, which do not fill 32 yet.
    private var rest: [UInt8] = []

    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    package init() {}

    /// Returns the checksum of some bytes.
    package static func of(_ bytes: RawSpan) -> UInt64 {
        var sum = XXH64()
        let whole = bytes.byteCount & ~31
        sum.add(blocks: bytes.extracting(0..<whole))
        sum.count = UInt64(bytes.byteCount)
        return sum.finished(bytes.extracting(whole..<bytes.byteCount))
    }

    /// Adds the next bytes.
    package mutating func add(_ bytes: RawSpan) {
        count += UInt64(bytes.byteCount)
        var begin = 0
        if !rest.isEmpty {
            begin = min(32 - rest.count, bytes.byteCount)
            for place in 0..<begin { rest.append(bytes.byte(place)) }
            guard rest.count == 32 else { return }
            let block = rest
            add(blocks: block.span.bytes)
            rest.removeAll(keepingCapacity: true)
        }
        let end = begin + (bytes.byteCount - begin) & ~31
        add(blocks: bytes.extracting(begin..<end))
        for place in end..<bytes.byteCount { rest.append(bytes.byte(place)) }
    }

    /// The checksum of all that has been added.
    package var value: UInt64 { finished(rest.span.bytes) }

    /// - Parameter bytes: a multiple of 32.
    private mutating func add(blocks bytes: RawSpan) {
        precondition(bytes.byteCount.isMultiple(of: 32), "\(bytes.byteCount) bytes end within a block")
        var (a, b, c, d) = lanes
        // Bounds checks of each word would take longer than the rest.
        unsafe bytes.withUnsafeBytes { bytes in
            guard var block = unsafe bytes.baseAddress else { return }
            let end = unsafe block + bytes.count
            while unsafe block < end {
                a = unsafe Self.round(a, UInt64(littleEndian: block.loadUnaligned(as: UInt64.self)))
                b = unsafe Self.round(b, UInt64(littleEndian: block.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
                c = unsafe Self.round(c, UInt64(littleEndian: block.loadUnaligned(fromByteOffset: 16, as: UInt64.self)))
                d = unsafe Self.round(d, UInt64(littleEndian: block.loadUnaligned(fromByteOffset: 24, as: UInt64.self)))
                unsafe block += 32
            }
        }
        lanes = (a, b, c, d)
    }

    /// - Parameter rest: the last bytes, fewer than 32.
    private func finished(_ rest: RawSpan) -> UInt64 {
        var sum = Self.prime5
        if count >= 32 {
            let (a, b, c, d) = lanes
            sum = Self.rotated(a, 1) &+ Self.rotated(b, 7) &+ Self.rotated(c, 12) &+ Self.rotated(d, 18)
            for lane in [a, b, c, d] { sum = (sum ^ Self.round(0, lane)) &* Self.prime1 &+ Self.prime4 }
        }
        sum &+= count
        var place = 0
        while place + 8 <= rest.byteCount {
            sum ^= Self.round(0, rest.number(place))
            sum = Self.rotated(sum, 27) &* Self.prime1 &+ Self.prime4
            place += 8
        }
        if place + 4 <= rest.byteCount {
            let word: UInt32 = rest.number(place)
            sum ^= UInt64(word) &* Self.prime1
            sum = Self.rotated(sum, 23) &* Self.prime2 &+ Self.prime3
            place += 4
        }
        while place < rest.byteCount {
            sum ^= UInt64(rest.byte(place)) &* Self.prime5
            sum = Self.rotated(sum, 11) &* Self.prime1
            place += 1
        }
        sum = (sum ^ sum >> 33) &* Self.prime2
        sum = (sum ^ sum >> 29) &* Self.prime3
        return sum ^ sum >> 32
    }

    @inline(__always)
    private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        rotated(lane &+ word &* prime2, 31) &* prime1
    }

    @inline(__always)
    private static func rotated(_ word: UInt64, _ bits: UInt64) -> UInt64 { word << bits | word >> (64 - bits) }
}
