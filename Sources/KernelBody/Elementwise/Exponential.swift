// exp as a polynomial of our own, so that it has the same bits everywhere.

/// exp(x) to within 2 units in the last place for -87 <= x <= 88; beyond, the value at the bound.
///
/// Cody and Waite's reduction x = n ln2 + r with |r| <= ln2 / 2, then the degree-6 minimax polynomial of Cephes'
/// `expf`, then 2^n by the exponent's bits. (Moshier, Cephes Mathematical Library, 1989.)
@inline(__always)
func exponential(_ argument: Vector) -> Vector {
    let low = Vector(repeating: -87)
    let high = Vector(repeating: 88)
    var x = argument.replacing(with: low, where: argument .< low)
    x = x.replacing(with: high, where: x .> high)
    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
    let magic = Vector(repeating: 12_582_912)
    let shifted = magic.addingProduct(x, Vector(repeating: 1.442_695_04))
    let n = shifted - magic
    var r = x.addingProduct(n, Vector(repeating: -0.693_359_375))
    r = r.addingProduct(n, Vector(repeating: 2.121_944_4e-4))
    var p = Vector(repeating: 1.987_569_15e-4)
    p = Vector(repeating: 1.398_199_95e-3).addingProduct(p, r)
    p = Vector(repeating: 8.333_451_9e-3).addingProduct(p, r)
    p = Vector(repeating: 4.166_579_6e-2).addingProduct(p, r)
    p = Vector(repeating: 1.666_666_55e-1).addingProduct(p, r)
    p = Vector(repeating: 0.5).addingProduct(p, r)
    let e = (r + Vector(repeating: 1)).addingProduct(p, r * r)
    let exponent = unsafeBitCast(shifted, to: Bits.self) &<< Bits(repeating: 23)
    return unsafeBitCast(unsafeBitCast(e, to: Bits.self) &+ exponent, to: Vector.self)
}

/// Returns the natural logarithm of positive normal numbers, to within 2 units in the last place: Cephes' `logf`.
@inline(__always)
func logarithm(_ x: Vector) -> Vector {
    let bits = unsafeBitCast(x, to: Bits.self)
    // m in [1/2, 1) and the exponent as floats, by their bits: 2^23 + e is a float whose low bits are e.
    var m = unsafeBitCast(
        (bits & Bits(repeating: 0x007F_FFFF)) | Bits(repeating: 0x3F00_0000), to: Vector.self)
    let biased = (bits &>> Bits(repeating: 23)) | Bits(repeating: 0x4B00_0000)
    var e = unsafeBitCast(biased, to: Vector.self) - Vector(repeating: 8_388_734)
    let isLow = m .< Vector(repeating: 0.707_106_77)
    e -= Vector(repeating: 0).replacing(with: Vector(repeating: 1), where: isLow)
    m = (m + Vector(repeating: 0).replacing(with: m, where: isLow)) - Vector(repeating: 1)
    var p = Vector(repeating: 7.037_683_6e-2)
    p = Vector(repeating: -1.151_461_03e-1).addingProduct(p, m)
    p = Vector(repeating: 1.167_699_87e-1).addingProduct(p, m)
    p = Vector(repeating: -1.242_014_08e-1).addingProduct(p, m)
    p = Vector(repeating: 1.424_932_28e-1).addingProduct(p, m)
    p = Vector(repeating: -1.666_805_77e-1).addingProduct(p, m)
    p = Vector(repeating: 2.000_071_48e-1).addingProduct(p, m)
    p = Vector(repeating: -2.499_999_4e-1).addingProduct(p, m)
    p = Vector(repeating: 3.333_333_12e-1).addingProduct(p, m)
    let square = m * m
    var tail = (p * m * square).addingProduct(e, Vector(repeating: -2.121_944_4e-4))
    tail = tail.addingProduct(square, Vector(repeating: -0.5))
    return (m + tail).addingProduct(e, Vector(repeating: 0.693_359_375))
}

/// Returns the natural logarithm of a positive normal number, to within a few units in the last place.
///
/// x = m 2^e with m in [sqrt(1/2), sqrt(2)), and log m = 2 atanh((m - 1) / (m + 1)) by its series.
func logarithm(_ x: Double) -> Double {
    var exponent = Int(x.bitPattern >> 52) &- 1023
    var m = Double(bitPattern: (x.bitPattern & 0x000F_FFFF_FFFF_FFFF) | 0x3FF0_0000_0000_0000)
    if m > 1.414_213_562_373_095_1 {
        m *= 0.5
        exponent &+= 1
    }
    let s = (m - 1) / (m + 1)
    let square = s * s
    var series = 0.0
    var k = 23.0
    while k >= 1 {
        series = series * square + 1 / k
        k -= 2
    }
    return Double(exponent) * 0.693_147_180_559_945_3 + 2 * s * series
}
