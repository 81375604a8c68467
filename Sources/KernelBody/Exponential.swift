// exp as a polynomial of our own, so that it has the same bits everywhere.

/// exp(x) to within 2 units in the last place for -87 <= x <= 88; beyond, the value at the bound.
///
/// Cody and Waite's reduction x = n ln2 + r with |r| <= ln2 / 2, then the degree-6 minimax polynomial of Cephes' `expf`, then 2^n by the
/// exponent's bits. (Moshier, Cephes Mathematical Library, 1989.)
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

/// The natural logarithm of a positive normal number, to within a few units in the last place.
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
