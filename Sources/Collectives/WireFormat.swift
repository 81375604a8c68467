/// The format in which a float32 number is sent between ranks.
package enum WireFormat: Sendable {
    case float32
    /// The upper half of a float32: its range, 8 bits of precision.
    case bfloat16
    /// IEEE 754 half precision: 11 bits of precision, nothing above 65504, fewer bits below 6.1e-5.
    case float16
}

typealias Floats = SIMD8<Float>
typealias Words = SIMD8<UInt32>

extension WireFormat {
    /// Returns the nearest numbers of the format, ties to even, in the lower 16 bits of each word.
    @inline(__always)
    func encoded(_ values: Floats) -> Words {
        let bits = unsafeBitCast(values, to: Words.self)
        switch self {
        case .float32: return bits
        case .bfloat16:
            let nearest = (bits &+ 0x7FFF &+ ((bits &>> 16) & 1)) &>> 16
            // A NaN must not round to infinity.
            return nearest.replacing(with: (bits &>> 16) | 0x40, where: (bits & 0x7FFF_FFFF) .> 0x7F80_0000)
        case .float16:
            let sign = bits & 0x8000_0000
            let magnitude = bits ^ sign
            let normal = (magnitude &+ 0xC800_0FFF &+ ((magnitude &>> 13) & 1)) &>> 13
            // Below 2^-14: adding 1/2 leaves the ten bits of a subnormal as the lowest ones.
            let shifted = unsafeBitCast(magnitude, to: Floats.self) + 0.5
            let subnormal = unsafeBitCast(shifted, to: Words.self) &- 0x3F00_0000
            let half = normal.replacing(with: subnormal, where: magnitude .< 0x3880_0000)
                .replacing(with: 0x7C00, where: magnitude .>= 0x4780_0000)
                .replacing(with: 0x7E00, where: magnitude .> 0x7F80_0000)
            return half | (sign &>> 16)
        }
    }

    /// Returns the numbers whose bits are the lower 16 bits of each word.
    @inline(__always)
    func decoded(_ words: Words) -> Floats {
        switch self {
        case .float32: return unsafeBitCast(words, to: Floats.self)
        case .bfloat16: return unsafeBitCast(words &<< 16, to: Floats.self)
        case .float16:
            let magnitude = (words & 0x7FFF) &<< 13
            let exponent = magnitude & 0x0F80_0000
            let normal = magnitude &+ 0x3800_0000
            let special = normal &+ 0x3800_0000
            // A subnormal has no leading one: its bits are read as 2^-14 more than it is, and 2^-14 is subtracted
            // again.
            let subnormal = unsafeBitCast(magnitude &+ 0x3880_0000, to: Floats.self) - 0x1p-14
            let bits = normal.replacing(with: special, where: exponent .== 0x0F80_0000)
                .replacing(with: unsafeBitCast(subnormal, to: Words.self), where: exponent .== 0)
            return unsafeBitCast(bits | ((words & 0x8000) &<< 16), to: Floats.self)
        }
    }
}
