/// Dropout's draw, number by number: what kernels compute lane by lane.
package struct DropoutDraw {
    private let key: UInt64

    package init(seed: UInt64, step: Int, sampleID: UInt32, layer: Int) {
        key = Self.mix(Self.mix(Self.mix(seed) ^ UInt64(step)) ^ (UInt64(sampleID) << 32 | UInt64(layer)))
    }

    package func isKept(_ element: Int, rate: Float) -> Bool {
        let first = Self.mix(UInt32(element) ^ UInt32(truncatingIfNeeded: key))
        return Self.mix(first ^ UInt32(truncatingIfNeeded: key >> 32)) >= UInt32(Double(rate) * 0x1p32)
    }

    /// splitmix64's finaliser.
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// MurmurHash3's finaliser.
    private static func mix(_ value: UInt32) -> UInt32 {
        var h = value
        h = (h ^ (h >> 16)) &* 0x85EB_CA6B
        h = (h ^ (h >> 13)) &* 0xC2B2_AE35
        return h ^ (h >> 16)
    }
}
