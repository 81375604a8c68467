import Testing

@testable import Collectives

@Suite("What stands for numbers between ranks")
struct WireFormatTests {
    /// Every sign and exponent, with mantissas around what rounding decides on.
    private static let numbers: [Float] = (0..<512).flatMap { (head: UInt32) -> [Float] in
        let mantissas: [UInt32] = [
            0, 1, 0xFFF, 0x1000, 0x1001, 0x1FFF, 0x2000, 0x3000, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x18000, 0x3F_FFFF,
            0x40_0000, 0x7F_EFFF, 0x7F_F000, 0x7F_FFFF,
        ]
        return mantissas.map { Float(bitPattern: head << 23 | $0) }
    }

    private func through(_ wire: WireFormat, _ value: Float) -> (bits: UInt32, value: Float) {
        let words = wire.encoded(Floats(repeating: value))
        return (words[0], wire.decoded(words)[7])
    }

    @Test("half precision is Swift's own, to the nearest")
    func float16() {
        for value in Self.numbers where !(value != 0 && value.isSubnormal) {
            let expected = Float16(value)
            let (bits, decoded) = through(.float16, value)
            if value.isNaN {
                #expect(decoded.isNaN, "\(value.bitPattern)")
            } else {
                #expect(bits == UInt32(expected.bitPattern), "\(value)")
                #expect(decoded.bitPattern == Float(expected).bitPattern, "\(value)")
            }
        }
    }

    @Test("every half-precision number survives")
    func everyFloat16() {
        for bits in 0...UInt16.max {
            let value = Float16(bitPattern: bits)
            let decoded = WireFormat.float16.decoded(Words(repeating: UInt32(bits)))[3]
            #expect(value.isNaN ? decoded.isNaN : decoded.bitPattern == Float(value).bitPattern, "\(bits)")
        }
    }

    @Test("bfloat16 is the nearest of its numbers, the even one where two are as near")
    func bfloat16() {
        for value in Self.numbers {
            let (bits, decoded) = through(.bfloat16, value)
            #expect(bits <= 0xFFFF && decoded.bitPattern == bits << 16)
            guard value.isFinite else {
                #expect(value.isNaN ? decoded.isNaN : decoded == value)
                continue
            }
            let below = value.bitPattern & 0xFFFF_0000
            let rest = value.bitPattern & 0xFFFF
            let isUp = rest > 0x8000 || (rest == 0x8000 && below & 0x1_0000 != 0)
            #expect(decoded.bitPattern == (isUp ? below + 0x1_0000 : below), "\(value)")
        }
    }
}
