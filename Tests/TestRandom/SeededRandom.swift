/// A generator whose numbers follow from its seed. (SplitMix64: Steele, Lea & Flood, "Fast Splittable Pseudorandom
/// Number Generators", 2014.)
package struct SeededRandom: RandomNumberGenerator {
    private static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

    private var state: UInt64

    /// Creates a generator that goes on behind the first `count` numbers of its seed.
    package init(seed: UInt64, skipping count: Int = 0) { state = seed &+ UInt64(count) &* Self.increment }

    package mutating func next() -> UInt64 {
        state &+= Self.increment
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
