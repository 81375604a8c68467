/// exp, log, sin and cos whose bits are the same on every machine.
///
/// A C library may round these as it likes and differs between versions and CPUs. Here each is an exact range reduction and
/// a Taylor polynomial long enough for a double, in plain multiplications and additions, which IEEE 754 fixes to the bit and
/// Swift does not contract. (`Double.squareRoot()` is exact already.) All are within 2 units in the last place of the true
/// value over their stated domain.
///
/// Not for kernels: those have vector forms in single precision.
package enum Elementary {
    /// ln 2 in two parts: the high one has 33 significant bits, so that its product with an exponent is exact.
    private static let logOfTwoHigh = 0x1.62e42fefp-1
    private static let logOfTwoLow = 0x1.473de6af278edp-34

    /// pi / 2 in three parts: the first two have 33 bits, so that products with whole numbers below 2^20 are exact.
    private static let quarterTurnHigh = 0x1.921fb544p+0
    private static let quarterTurnMiddle = 0x1.0b4611a6p-34
    private static let quarterTurnLow = 0x1.3198a2e037073p-69

    /// e^x; infinity above 709.79, gradually zero below -708.39.
    package static func exp(_ x: Double) -> Double {
        guard x < 710 else { return x.isNaN ? x : .infinity }
        guard x > -746 else { return x.isNaN ? x : 0 }
        // x = k ln 2 + r with |r| <= ln 2 / 2; the first term left out is r^14 / 14! < 2^-57.
        let k = (x * 1.4426950408889634).rounded(.toNearestOrEven)
        let r = (x - k * logOfTwoHigh) - k * logOfTwoLow
        var tail = 1.0 / 6_227_020_800
        tail = tail * r + 1.0 / 479_001_600
        tail = tail * r + 1.0 / 39_916_800
        tail = tail * r + 1.0 / 3_628_800
        tail = tail * r + 1.0 / 362_880
        tail = tail * r + 1.0 / 40_320
        tail = tail * r + 1.0 / 5_040
        tail = tail * r + 1.0 / 720
        tail = tail * r + 1.0 / 120
        tail = tail * r + 1.0 / 24
        tail = tail * r + 1.0 / 6
        tail = tail * r + 0.5
        let power = 1 + (r + r * r * tail)
        // In two steps, because 2^k alone may be beyond the largest or below the smallest double.
        let half = Int(k) / 2
        return power * powerOfTwo(half) * powerOfTwo(Int(k) - half)
    }

    /// The natural logarithm of x; -infinity at 0, NaN below.
    package static func log(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? -.infinity : .nan }
        guard x < .infinity else { return x }
        // x = m 2^k with m in [sqrt 1/2, sqrt 2), and ln m = 2 artanh s with s = (m - 1) / (m + 1), |s| <= 0.1716.
        let isNormal = x >= .leastNormalMagnitude
        let bits = (isNormal ? x : x * 0x1p54).bitPattern
        let significand = Double(bitPattern: bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000)
        // Without a branch, as in sine and cosine: for random numbers each second one would be guessed wrong.
        let isHigh = significand >= 0x1.6a09e667f3bcdp+0 ? 1 : 0
        let m = significand - Double(isHigh) * (0.5 * significand)
        let k = Double(Int(bits >> 52) - (isNormal ? 1023 : 1023 + 54) + isHigh)
        let f = m - 1
        let s = f / (2 + f)
        let z = s * s
        var tail = 2.0 / 23
        tail = tail * z + 2.0 / 21
        tail = tail * z + 2.0 / 19
        tail = tail * z + 2.0 / 17
        tail = tail * z + 2.0 / 15
        tail = tail * z + 2.0 / 13
        tail = tail * z + 2.0 / 11
        tail = tail * z + 2.0 / 9
        tail = tail * z + 2.0 / 7
        tail = tail * z + 2.0 / 5
        tail = tail * z + 2.0 / 3
        // 2 s = f - s f, which keeps the part that dominates exact.
        return k * logOfTwoHigh + (f - (s * (f - z * tail) - k * logOfTwoLow))
    }

    /// The sine of x radians, |x| up to 10^6.
    package static func sin(_ x: Double) -> Double {
        let (quadrant, r) = reduced(x)
        return value(quadrant, even: sineNearZero(r), odd: cosineNearZero(r))
    }

    /// The cosine of x radians, |x| up to 10^6.
    package static func cos(_ x: Double) -> Double {
        let (quadrant, r) = reduced(x)
        // cos x = sin (x + pi / 2)
        return value(quadrant + 1, even: sineNearZero(r), odd: cosineNearZero(r))
    }

    /// One of two values by a quadrant's lowest bit, with the sign of the other one.
    private static func value(_ quadrant: Int, even: Double, odd: Double) -> Double {
        let bits = UInt64(bitPattern: Int64(quadrant))
        let isOdd = 0 &- (bits & 1)
        let sign = (bits & 2) << 62
        return Double(bitPattern: (odd.bitPattern & isOdd | even.bitPattern & ~isOdd) ^ sign)
    }

    /// x = quadrant * pi / 2 + r with |r| <= pi / 4. (Cody and Waite, "Software Manual for the Elementary Functions", 1980.)
    private static func reduced(_ x: Double) -> (quadrant: Int, r: Double) {
        guard x.magnitude <= 1_000_000 else { return (0, .nan) }
        let n = (x * 0.6366197723675814).rounded(.toNearestOrEven)
        let r = ((x - n * quarterTurnHigh) - n * quarterTurnMiddle) - n * quarterTurnLow
        return (Int(n), r)
    }

    /// The sine of |x| <= pi / 4; the first term left out is x^19 / 19! < 2^-63.
    private static func sineNearZero(_ x: Double) -> Double {
        let z = x * x
        var tail = 1.0 / 355_687_428_096_000
        tail = tail * z - 1.0 / 1_307_674_368_000
        tail = tail * z + 1.0 / 6_227_020_800
        tail = tail * z - 1.0 / 39_916_800
        tail = tail * z + 1.0 / 362_880
        tail = tail * z - 1.0 / 5_040
        tail = tail * z + 1.0 / 120
        tail = tail * z - 1.0 / 6
        return x + x * z * tail
    }

    /// The cosine of |x| <= pi / 4; the first term left out is x^18 / 18! < 2^-58.
    private static func cosineNearZero(_ x: Double) -> Double {
        let z = x * x
        var tail = 1.0 / 20_922_789_888_000
        tail = tail * z - 1.0 / 87_178_291_200
        tail = tail * z + 1.0 / 479_001_600
        tail = tail * z - 1.0 / 3_628_800
        tail = tail * z + 1.0 / 40_320
        tail = tail * z - 1.0 / 720
        tail = tail * z + 1.0 / 24
        let half = 0.5 * z
        let nearOne = 1 - half
        return nearOne + ((1 - nearOne - half) + z * z * tail)
    }

    /// 2^exponent for normal results: exponent in -1022...1023.
    private static func powerOfTwo(_ exponent: Int) -> Double {
        Double(bitPattern: UInt64(1023 + exponent) << 52)
    }
}
