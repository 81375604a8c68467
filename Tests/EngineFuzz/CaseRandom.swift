import TestRandom

/// The numbers that make up one case: a function of its seed and number alone.
struct CaseRandom: RandomNumberGenerator {
    private var numbers: SeededRandom

    init(seed: UInt64, number: Int) {
        var start = seed &* 0xD134_2543_DE82_EF95 &+ UInt64(truncatingIfNeeded: number) &* 0x2545_F491_4F6C_DD1D
        for _ in 0..<2 {
            var random = SeededRandom(seed: start)
            start = random.next()
        }
        numbers = SeededRandom(seed: start)
    }

    mutating func next() -> UInt64 { numbers.next() }

    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// One of the choices, of which there is one at least; twice as often of one that stands there twice.
    mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[int(0...choices.count - 1)] }

    /// True so many times in a hundred.
    mutating func chance(_ percent: Int) -> Bool { int(1...100) <= percent }

    /// Integers within `bound` as floats.
    mutating func integers(_ count: Int, within bound: Int) -> [Float] {
        (0..<count).map { _ in Float(int(-bound...bound)) }
    }
}
