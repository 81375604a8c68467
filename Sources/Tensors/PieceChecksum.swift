/// Checksums of floats that are copied or read in pieces, perhaps by several threads, and then combined.
///
/// A piece's checksum is Fletcher's, of sixteen lanes: in each, the sum of its 32-bit words and the sum of those sums.
/// So swapped words change it, and any single changed word certainly does. It costs two additions a vector, hidden
/// behind the copy. It detects accidents; it is not a cryptographic digest. (Fletcher, "An Arithmetic Checksum for
/// Serial Transmissions", 1982.)
package enum PieceChecksum {
    /// Floats of a piece, so that a copied piece stays in the first- or second-level cache.
    package static let floats = 8_192

    /// Returns the pieces of `count` floats.
    package static func pieces(of count: Int) -> Int { (count + floats - 1) / floats }

    /// Copies a piece.
    ///
    /// - Precondition: source and target have as many floats.
    /// - Returns: its checksum.
    package static func copying(_ source: Span<Float>, to target: inout MutableSpan<Float>) -> UInt64 {
        precondition(source.count == target.count, "\(source.count) floats for \(target.count)")
        return source.withUnsafeBytes { source in
            target.withUnsafeMutableBytes { target in
                sum(source) { words, place in
                    target.storeBytes(of: words, toByteOffset: place, as: Words.self)
                } rest: {
                    target.storeBytes(of: $0, toByteOffset: $1, as: UInt32.self)
                }
            }
        }
    }

    /// Returns the checksum of a piece.
    package static func of(_ piece: Span<Float>) -> UInt64 {
        piece.withUnsafeBytes { bytes in
            sum(bytes) { _, _ in
            } rest: { _, _ in
            }
        }
    }

    /// Combines the checksums of pieces, in their order.
    package static func combined(_ pieces: Span<UInt64>) -> UInt64 {
        var result = UInt64(pieces.count)
        for index in pieces.indices { result = mixed(result ^ pieces[index]) }
        return result
    }

    private typealias Words = SIMD16<UInt32>

    /// Goes over the words of a piece, sixteen at a time and the rest one at a time, and sums them up.
    @inline(__always)
    private static func sum(
        _ bytes: UnsafeRawBufferPointer, _ each: (Words, Int) -> Void, rest: (UInt32, Int) -> Void
    ) -> UInt64 {
        var (sum, sums) = (Words.zero, Words.zero)
        var place = 0
        while place + MemoryLayout<Words>.size <= bytes.count {
            let words = bytes.loadUnaligned(fromByteOffset: place, as: Words.self)
            each(words, place)
            sum &+= words
            sums &+= sum
            place += MemoryLayout<Words>.size
        }
        var last = Words.zero
        var lane = 0
        while place < bytes.count {
            last[lane] = bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
            rest(last[lane], place)
            lane += 1
            place += MemoryLayout<UInt32>.size
        }
        sum &+= last
        sums &+= sum
        var result = UInt64(bytes.count)
        for lane in 0..<Words.scalarCount { result = mixed(result ^ (UInt64(sum[lane]) << 32 | UInt64(sums[lane]))) }
        return result
    }

    /// Returns a bijection of `word` in which every bit depends on all before it. (SplitMix64's finalizer: Steele, Lea
    /// and Flood, 2014.)
    @inline(__always)
    package static func mixed(_ word: UInt64) -> UInt64 { CounterRandom.mixed(word &+ 0x9E37_79B9_7F4A_7C15) }
}
