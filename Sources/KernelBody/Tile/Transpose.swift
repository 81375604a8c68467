// Squares of numbers, transposed without leaving the registers.

/// Numbers in a row of a square, whatever the vectors' width.
@inline(__always) var squareSide: Int { 16 }

/// target[j][i] = source[i][j] of a square: all of its columns i, and its first `rows` rows j.
///
/// Rows i and i + n/2 of n that are shuffled into each other, as the halves of a pack of cards are, become rows 2i and
/// 2i + 1. Done log2(n) times, this shuffle of the n² numbers is the transposition. (Stone, "Parallel Processing with
/// the Perfect Shuffle", 1971.)
@inline(__always)
func transposeSquare(
    _ source: UnsafePointer<Float>, stride: Int, to target: UnsafeMutablePointer<Float>, stride targetStride: Int,
    rows: Int
) {
    for top in Swift.stride(from: 0, to: squareSide, by: lanes) {
        for left in Swift.stride(from: 0, to: min(squareSide, rows), by: lanes) {
            transposeVectors(
                source + (top &* stride &+ left), stride, to: target + (left &* targetStride &+ top), targetStride,
                rows: min(lanes, rows &- left))
        }
    }
}

/// Transposes a square as wide as a vector.
@inline(__always)
private func transposeVectors(
    _ source: UnsafePointer<Float>, _ stride: Int, to target: UnsafeMutablePointer<Float>, _ targetStride: Int,
    rows: Int
) {
    let zero = Vector(repeating: 0)
    var square = (
        zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero
    )
    var shuffled = square
    withUnsafeMutablePointer(to: &square) { square in
        withUnsafeMutablePointer(to: &shuffled) { shuffled in
            let rows0 = UnsafeMutableRawPointer(square).assumingMemoryBound(to: Vector.self)
            let rows1 = UnsafeMutableRawPointer(shuffled).assumingMemoryBound(to: Vector.self)
            for i in 0..<lanes { rows0[i] = vector(source + i &* stride) }
            // Written out, for vectors of 4, 8 and 16 numbers, so that all stays in registers.
            shuffle(rows0, to: rows1)
            shuffle(rows1, to: rows0)
            if lanes >= 8 { shuffle(rows0, to: rows1) }
            if lanes >= 16 { shuffle(rows1, to: rows0) }
            let result = lanes == 8 ? rows1 : rows0
            for i in 0..<rows { put(result[i], target + i &* targetStride) }
        }
    }
}

@inline(__always)
private func shuffle(_ rows: UnsafeMutablePointer<Vector>, to shuffled: UnsafeMutablePointer<Vector>) {
    for i in 0..<(lanes / 2) {
        let (first, second) = (rows[i], rows[i &+ lanes / 2])
        shuffled[2 &* i].evenHalf = first.lowHalf
        shuffled[2 &* i].oddHalf = second.lowHalf
        shuffled[2 &* i &+ 1].evenHalf = first.highHalf
        shuffled[2 &* i &+ 1].oddHalf = second.highHalf
    }
}
