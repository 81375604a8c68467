/// The functions exp, log, sin and cos, with the same bits on every machine.
///
/// C libraries round these differently between versions and CPUs. Here each is an exact range reduction and a Taylor
/// polynomial long enough for a double, in plain multiplications and additions, which IEEE 754 fixes to the bit and
/// Swift does not contract. (`Double.squareRoot()` is exact already.) All are within 2 units in the last place of the
/// true value over their stated domain.
///
/// Not for kernels, which have vector forms in single precision.
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

    /// Returns the natural logarithm of x; -infinity at 0, NaN below.
    package static func log(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? -.infinity : .nan }
        guard x < .infinity else { return x }
        let isNormal = x >= .leastNormalMagnitude
        return logs(SIMD4(repeating: isNormal ? x : x * 0x1p54), exponent: isNormal ? 0 : -54)[0]
    }

    /// Returns four natural logarithms of x 2^exponent, for positive normal x. Each alone would wait for its own long
    /// chain of operations.
    package static func logs(_ x: SIMD4<Double>, exponent: Int64 = 0) -> SIMD4<Double> {
        // x = m 2^k with m in [sqrt 1/2, sqrt 2), and ln m = 2 artanh s with s = (m - 1) / (m + 1), |s| <= 0.1716.
        let bits = unsafeBitCast(x, to: SIMD4<UInt64>.self)
        let fraction = bits & 0x000f_ffff_ffff_ffff
        let isHigh = 1 &- ((fraction &- 0x0006_a09e_667f_3bcd) &>> 63)
        let m = unsafeBitCast(fraction | ((1023 &- isHigh) &<< 52), to: SIMD4<Double>.self)
        let k = SIMD4<Double>(SIMD4<Int64>(truncatingIfNeeded: (bits &>> 52) &+ isHigh) &+ (exponent - 1023))
        let f = m - 1
        let s = f / (2 + f)
        let z = s * s
        var tail = SIMD4(repeating: 2.0 / 23)
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

    /// Returns the sine of x radians, |x| up to 10^6.
    package static func sin(_ x: Double) -> Double {
        x.magnitude <= 1_000_000 ? waves(SIMD4(repeating: x), quadrants: 0)[0] : .nan
    }

    /// Returns the cosine of x radians, |x| up to 10^6.
    package static func cos(_ x: Double) -> Double {
        x.magnitude <= 1_000_000 ? cosines(SIMD4(repeating: x))[0] : .nan
    }

    /// Returns four cosines of x radians, |x| up to 10^6.
    package static func cosines(_ x: SIMD4<Double>) -> SIMD4<Double> { waves(x, quadrants: 1) }

    /// Returns the sines of x + quadrants pi / 2.
    ///
    /// x = quadrant * pi / 2 + r with |r| <= pi / 4. (Cody and Waite, "Software Manual for the Elementary Functions",
    /// 1980.)
    private static func waves(_ x: SIMD4<Double>, quadrants: UInt64) -> SIMD4<Double> {
        // Adding 2^52 + 2^51 leaves the nearest whole number, even in the middle, in the lowest bits.
        let shifted = x * 0.6366197723675814 + 0x1.8p52
        let n = shifted - 0x1.8p52
        let r = ((x - n * quarterTurnHigh) - n * quarterTurnMiddle) - n * quarterTurnLow
        let quadrant = unsafeBitCast(shifted, to: SIMD4<UInt64>.self) &+ quadrants
        let sines = unsafeBitCast(sinesNearZero(r), to: SIMD4<UInt64>.self)
        let cosines = unsafeBitCast(cosinesNearZero(r), to: SIMD4<UInt64>.self)
        let isOdd = 0 &- (quadrant & 1)
        return unsafeBitCast((cosines & isOdd | sines & ~isOdd) ^ ((quadrant & 2) &<< 62), to: SIMD4<Double>.self)
    }

    /// Returns the sines of |x| <= pi / 4; the first term left out is x^19 / 19! < 2^-63.
    private static func sinesNearZero(_ x: SIMD4<Double>) -> SIMD4<Double> {
        let z = x * x
        var tail = SIMD4(repeating: 1.0 / 355_687_428_096_000)
        tail = tail * z - 1.0 / 1_307_674_368_000
        tail = tail * z + 1.0 / 6_227_020_800
        tail = tail * z - 1.0 / 39_916_800
        tail = tail * z + 1.0 / 362_880
        tail = tail * z - 1.0 / 5_040
        tail = tail * z + 1.0 / 120
        tail = tail * z - 1.0 / 6
        return x + x * z * tail
    }

    /// Returns the cosines of |x| <= pi / 4; the first term left out is x^18 / 18! < 2^-58.
    private static func cosinesNearZero(_ x: SIMD4<Double>) -> SIMD4<Double> {
        let z = x * x
        var tail = SIMD4(repeating: 1.0 / 20_922_789_888_000)
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
