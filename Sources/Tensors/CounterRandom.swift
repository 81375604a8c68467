/// Random numbers without state: the i-th number of a stream is a function of (seed, stream, i) alone.
///
/// So any rank or thread, and any run resumed in the middle, draws the same numbers, whatever was drawn before and by
/// which thread. Each stream is a SplitMix64 sequence, read at a counter; its start and odd increment are derived from
/// seed and stream. (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014, with
/// Stafford's variant 13 as finaliser.)
///
/// Not for secrets.
package struct CounterRandom: Sendable {
    private let start: UInt64
    private let increment: UInt64

    /// The stream called `stream`, such as `initialisation features.conv0.weight`.
    package init(seed: UInt64, stream: String) {
        // FNV-1a: Swift's own hash of a string differs from run to run.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in stream.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        self.init(seed: seed, stream: hash)
    }

    /// The stream numbered `stream`.
    package init(seed: UInt64, stream: UInt64) {
        let root = Self.mixed(Self.mixed(seed &+ 0x9e37_79b9_7f4a_7c15) ^ stream)
        start = Self.mixed(root &+ 0x9e37_79b9_7f4a_7c15)
        // An increment with few changes between neighbouring bits would step too regularly (section 5 of the paper).
        let odd = Self.mixed(root &+ 0x3c6e_f372_fe94_f82a) | 1
        increment = (odd ^ (odd >> 1)).nonzeroBitCount < 24 ? odd ^ 0xaaaa_aaaa_aaaa_aaaa : odd
    }

    /// 64 random bits.
    package func bits(_ index: UInt64) -> UInt64 {
        Self.mixed(start &+ (index &+ 1) &* increment)
    }

    /// Returns a number in [0, 1): one of 2^24 equally likely multiples of 2^-24.
    package func uniform(_ index: UInt64) -> Float {
        Float(bits(index) >> 40) * 0x1p-24
    }

    /// Returns a number of the normal distribution with mean 0 and variance 1, by Box and Muller's transform; within
    /// ±8.6.
    package func normal(_ index: UInt64) -> Float { normals(index)[0] }

    /// Returns the numbers of the normal distribution at four indices in a row, which take little longer than one.
    package func normals(_ index: UInt64) -> SIMD4<Float> {
        let first = SIMD4(bits(index), bits(index &+ 1), bits(index &+ 2), bits(index &+ 3))
        var u = SIMD4<Double>()
        var v = SIMD4<Double>()
        for lane in 0..<4 {
            // In (0, 1], so that the logarithm is finite.
            u[lane] = Double((first[lane] >> 11) + 1) * 0x1p-53
            v[lane] = Double(Self.mixed(first[lane] ^ 0x9e37_79b9_7f4a_7c15) >> 11) * 0x1p-53
        }
        return SIMD4<Float>((-2 * Elementary.logs(u)).squareRoot() * Elementary.cosines(2 * .pi * v))
    }

    /// Returns a whole number in 0..<bound, each as likely as the others to within bound / 2^64.
    package func integer(_ index: UInt64, below bound: Int) -> Int {
        precondition(bound > 0, "no whole number lies in 0..<\(bound)")
        return Int(bits(index).multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// SplitMix64's finaliser: each bit of the result depends on each of z.
    static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
