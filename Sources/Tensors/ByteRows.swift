/// Matrices of bytes, row after row, as images are resized: transposed, mirrored, and summed with weights.
package enum ByteRows {
    /// Writes the transpose of a matrix of rows x columns bytes.
    package static func transpose(
        _ source: Span<UInt8>, rows: Int, columns: Int, into target: inout MutableSpan<UInt8>
    ) {
        precondition(
            rows >= 0 && columns >= 0 && source.count == rows * columns && target.count == source.count,
            "\(rows) x \(columns) bytes to be transposed from \(source.count) to \(target.count)")
        source.withUnsafeBytes { source in
            target.withUnsafeMutableBytes { target in
                guard let source = source.baseAddress, let target = target.baseAddress else { return }
                guard rows >= 16, columns >= 16 else {
                    for row in 0..<rows {
                        for column in 0..<columns {
                            let byte = source.load(fromByteOffset: row * columns + column, as: UInt8.self)
                            target.storeBytes(of: byte, toByteOffset: column * rows + row, as: UInt8.self)
                        }
                    }
                    return
                }
                // Down the columns, so that rows of the target are written from end to end. The last block of a row or
                // column overlaps the one before, and writes the same bytes again.
                for column in stride(from: 0, to: columns, by: 16) {
                    let column = min(column, columns - 16)
                    for row in stride(from: 0, to: rows, by: 16) {
                        let row = min(row, rows - 16)
                        ByteBlock.transpose(
                            source + row * columns + column, stride: columns, to: target + column * rows + row,
                            stride: rows)
                    }
                }
            }
        }
    }

    /// Writes rows that are weighted sums of rows of `source`, rounded and clamped to bytes.
    ///
    /// Only integers are used: the bytes are the same on every machine.
    /// - Parameters:
    ///   - source: rows of `length` bytes.
    ///   - target: as many rows as `weights` describes.
    package static func combine(
        _ source: Span<UInt8>, length: Int, _ weights: RowWeights, into target: inout MutableSpan<UInt8>
    ) {
        precondition(
            length >= 0 && source.count >= weights.sourceRows * length && target.count == weights.count * length,
            "\(source.count) bytes to be combined to \(target.count)")
        source.withUnsafeBytes { source in
            target.withUnsafeMutableBytes { target in
                weights.pairs.withUnsafeBufferPointer { pairs in
                    guard let source = source.baseAddress, let target = target.baseAddress,
                        let pairs = pairs.baseAddress
                    else { return }
                    for (row, entry) in weights.rows.enumerated() {
                        let (from, to) = (source + entry.first * length, target + row * length)
                        let pairs = pairs + entry.pairs.lowerBound
                        guard length >= 16 else {
                            for place in 0..<length { one(from + place, length, pairs, entry, to + place) }
                            continue
                        }
                        var place = 0
                        while true {
                            sixteen(from + place, length, pairs, entry, to + place)
                            if place == length - 16 { break }
                            place = min(place + 16, length - 16)
                        }
                    }
                }
            }
        }
    }

    /// Mirrors each row of an image of `width` pixels a row from left to right.
    package static func mirror(_ pixels: inout MutableSpan<UInt8>, width: Int, channels: Int) {
        precondition(
            width > 0 && channels > 0 && pixels.count.isMultiple(of: width * channels),
            "\(pixels.count) bytes in rows of \(width) x \(channels)")
        pixels.withUnsafeMutableBufferPointer { pixels in
            guard let base = pixels.baseAddress else { return }
            for row in stride(from: 0, to: pixels.count, by: width * channels) {
                var (left, right) = (base + row, base + row + (width - 1) * channels)
                while left < right {
                    for channel in 0..<channels {
                        (left[channel], right[channel]) = (right[channel], left[channel])
                    }
                    left += channels
                    right -= channels
                }
            }
        }
    }

    /// Sixteen sums, of the bytes at `source` and as many each `stride` further.
    @inline(__always)
    private static func sixteen(
        _ source: UnsafeRawPointer, _ stride: Int, _ pairs: UnsafePointer<RowWeights.Pair>, _ entry: RowWeights.Row,
        _ target: UnsafeMutableRawPointer
    ) {
        var low = (Quad(repeating: RowWeights.half), Quad(repeating: RowWeights.half))
        var low2 = low
        var high = (Quad(), Quad())
        var high2 = high
        var place = source
        for pair in 0..<entry.pairs.count {
            let weights = pairs[pair]
            let first = place.loadUnaligned(as: SIMD16<UInt8>.self)
            // The second row of the last pair may not be there; its weight is zero then.
            let isLast = pair == entry.pairs.count - 1 && entry.isOdd
            let second = (isLast ? place : place + stride).loadUnaligned(as: SIMD16<UInt8>.self)
            place += 2 * stride
            let (left, right) = (
                ByteBlock.interleaved(first.lowHalf, second.lowHalf),
                ByteBlock.interleaved(first.highHalf, second.highHalf)
            )
            let a = SIMD8<Int16>(truncatingIfNeeded: left.lowHalf)
            let b = SIMD8<Int16>(truncatingIfNeeded: left.highHalf)
            let c = SIMD8<Int16>(truncatingIfNeeded: right.lowHalf)
            let d = SIMD8<Int16>(truncatingIfNeeded: right.highHalf)
            low.0 &+= sumsOfPairs(a, weights.low)
            low.1 &+= sumsOfPairs(b, weights.low)
            low2.0 &+= sumsOfPairs(c, weights.low)
            low2.1 &+= sumsOfPairs(d, weights.low)
            high.0 &+= sumsOfPairs(a, weights.high)
            high.1 &+= sumsOfPairs(b, weights.high)
            high2.0 &+= sumsOfPairs(c, weights.high)
            high2.1 &+= sumsOfPairs(d, weights.high)
        }
        let left = RowWeights.values(low.0, high.0, low.1, high.1)
        let right = RowWeights.values(low2.0, high2.0, low2.1, high2.1)
        target.storeBytes(
            of: SIMD16<UInt8>(truncatingIfNeeded: SIMD16(lowHalf: left, highHalf: right)), as: SIMD16<UInt8>.self)
    }

    private typealias Quad = SIMD4<Int32>

    /// Computes one sum.
    private static func one(
        _ source: UnsafeRawPointer, _ stride: Int, _ pairs: UnsafePointer<RowWeights.Pair>, _ entry: RowWeights.Row,
        _ target: UnsafeMutableRawPointer
    ) {
        var (low, high) = (RowWeights.half, Int32(0))
        for tap in 0..<entry.count {
            let byte = Int32(source.load(fromByteOffset: tap * stride, as: UInt8.self))
            low &+= byte &* Int32(pairs[tap / 2].low[tap % 2])
            high &+= byte &* Int32(pairs[tap / 2].high[tap % 2])
        }
        let (lows, highs) = (Quad(repeating: low), Quad(repeating: high))
        let value = RowWeights.values(lows, highs, lows, highs)[0]
        target.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
    }

    /// a0 w0 + a1 w1, a2 w2 + a3 w3, … : one instruction of x86 and of ARM.
    @inline(__always)
    private static func sumsOfPairs(_ a: SIMD8<Int16>, _ weights: SIMD8<Int16>) -> Quad {
        let products = SIMD8<Int32>(truncatingIfNeeded: a) &* SIMD8<Int32>(truncatingIfNeeded: weights)
        return products.evenHalf &+ products.oddHalf
    }
}

/// 16 x 16 bytes of a matrix. In one file with its users, or it would not be inlined in debug builds.
private enum ByteBlock {
    private typealias Row = SIMD16<UInt8>

    /// Writes the transpose of the block at `source` to `target`; both strides are distances between rows.
    ///
    /// Four times each row is interleaved with the one half the block below. Each time, the highest bit of a byte's
    /// place (row, column) moves to the other end of it; four times swap row and column. The compiler must not see
    /// through all four: it would move single bytes.
    @inline(__always)
    static func transpose(
        _ source: UnsafeRawPointer, stride sourceStride: Int, to target: UnsafeMutableRawPointer, stride: Int
    ) {
        withUnsafeTemporaryAllocation(of: Row.self, capacity: 32) { memory in
            guard let first = memory.baseAddress else { return }
            let second = first + 16
            for row in 0..<8 {
                let upper = source.loadUnaligned(fromByteOffset: row &* sourceStride, as: Row.self)
                let lower = source.loadUnaligned(fromByteOffset: (row &+ 8) &* sourceStride, as: Row.self)
                first[2 * row] = interleaved(upper.lowHalf, lower.lowHalf)
                first[2 * row + 1] = interleaved(upper.highHalf, lower.highHalf)
            }
            mix(first, to: second)
            mix(second, to: first)
            for row in 0..<8 {
                let (upper, lower) = (first[row], first[row + 8])
                target.storeBytes(
                    of: interleaved(upper.lowHalf, lower.lowHalf), toByteOffset: 2 &* row &* stride, as: Row.self)
                target.storeBytes(
                    of: interleaved(upper.highHalf, lower.highHalf), toByteOffset: (2 &* row &+ 1) &* stride,
                    as: Row.self)
            }
        }
    }

    @inline(__always)
    private static func mix(_ source: UnsafeMutablePointer<Row>, to target: UnsafeMutablePointer<Row>) {
        for row in 0..<8 {
            let (upper, lower) = (source[row], source[row + 8])
            target[2 * row] = interleaved(upper.lowHalf, lower.lowHalf)
            target[2 * row + 1] = interleaved(upper.highHalf, lower.highHalf)
        }
    }

    /// a0 b0 a1 b1 …
    @inline(__always)
    static func interleaved(_ a: SIMD8<UInt8>, _ b: SIMD8<UInt8>) -> SIMD16<UInt8> {
        var both = SIMD16<UInt8>()
        both.evenHalf = a
        both.oddHalf = b
        return both
    }
}

/// The rows of a matrix of bytes that rows of another are made of, and the weight of each: whole numbers in units of
/// 2^-22.
package struct RowWeights: Sendable {
    /// A pair of weights in alternate lanes, each in two parts of sixteen bits: high * 2^8 + low.
    struct Pair: Sendable {
        var low: SIMD8<Int16>
        var high: SIMD8<Int16>

        init(_ first: Int32, _ second: Int32) {
            low = SIMD8()
            low.evenHalf = SIMD4(repeating: Int16(first & 255))
            low.oddHalf = SIMD4(repeating: Int16(second & 255))
            high = SIMD8()
            high.evenHalf = SIMD4(repeating: Int16(first >> 8))
            high.oddHalf = SIMD4(repeating: Int16(second >> 8))
        }
    }

    struct Row: Sendable {
        /// The first of the source's rows that it is made of.
        var first: Int
        /// Rows from there on that have a weight.
        var count: Int
        var pairs: Range<Int>
        var isOdd: Bool { count % 2 == 1 }
    }

    private(set) var rows: [Row] = []
    private(set) var pairs: [Pair] = []
    /// Rows that a source must have.
    private(set) var sourceRows = 0

    package static let bits: Int32 = 22
    /// 1/2, to round with.
    static let half: Int32 = 1 << (bits - 1)

    package init() {}

    /// Forgets all rows, and keeps their memory.
    package mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        pairs.removeAll(keepingCapacity: true)
        sourceRows = 0
    }

    /// The number of rows that come out.
    package var count: Int { rows.count }

    /// Adds a row that is a weighted sum of the rows from `first` on.
    ///
    /// - Precondition: weights are within ±2, and sums of 255 times them within 32 bits.
    package mutating func append(first: Int, _ weights: [Int32]) {
        precondition(first >= 0, "row \(first)")
        let begin = pairs.count
        for index in stride(from: 0, to: weights.count, by: 2) {
            pairs.append(Pair(weights[index], index + 1 < weights.count ? weights[index + 1] : 0))
        }
        rows.append(Row(first: first, count: weights.count, pairs: begin..<pairs.count))
        sourceRows = max(sourceRows, first + weights.count)
    }

    /// Sums as bytes, rounded and clamped. They fit sixteen bits before they are clamped, where x86 has the
    /// instructions for it.
    @inline(__always)
    fileprivate static func values(
        _ low: SIMD4<Int32>, _ high: SIMD4<Int32>, _ low2: SIMD4<Int32>, _ high2: SIMD4<Int32>
    ) -> SIMD8<Int16> {
        let wide = SIMD8(lowHalf: (high &<< 8 &+ low) &>> bits, highHalf: (high2 &<< 8 &+ low2) &>> bits)
        return SIMD8<Int16>(truncatingIfNeeded: wide)
            .clamped(lowerBound: SIMD8(repeating: 0), upperBound: SIMD8(repeating: 255))
    }
}
