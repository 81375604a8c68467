import Tensors
import Testing

@Suite struct CounterRandomTests {
    private static let count = 200_000

    @Test("the same seed, stream and index give the same bits for ever")
    func golden() {
        // From the formulas in exact integers elsewhere. Other numbers here would be other runs from every recipe.
        #expect(CounterRandom(seed: 0, stream: 0).bits(0) == 0x8739_7e28_902b_b41e)
        #expect(CounterRandom(seed: 1, stream: "shapes").bits(12_345) == 0x025d_e6d4_1f31_d139)
        #expect(CounterRandom(seed: 7, stream: "x").normal(3).bitPattern == 0x3e17_e86b)
    }

    @Test("four normal numbers in a row are those of their indices")
    func rows() {
        let random = CounterRandom(seed: 7, stream: "x")
        for index in 0..<1000 as Range<UInt64> {
            let four = random.normals(index)
            for lane in 0..<4 { #expect(four[lane].bitPattern == random.normal(index + UInt64(lane)).bitPattern) }
        }
    }

    @Test("seeds, streams and indices all tell numbers apart")
    func distinct() {
        var seen = Set<UInt64>()
        for seed in 0..<10 {
            for stream in 0..<10 {
                let random = CounterRandom(seed: UInt64(seed), stream: UInt64(stream))
                for index in 0..<100 { seen.insert(random.bits(UInt64(index))) }
            }
        }
        #expect(seen.count == 10_000)
        #expect(CounterRandom(seed: 0, stream: "a").bits(0) != CounterRandom(seed: 0, stream: "b").bits(0))
        #expect(CounterRandom(seed: .max, stream: "").bits(.max) != CounterRandom(seed: .max, stream: "").bits(0))
    }

    @Test("each of the 64 bits is set half of the time, and changes half of the time with any bit of the counter")
    func bits() {
        let random = CounterRandom(seed: 3, stream: "bits")
        // Five standard deviations of a fair coin.
        let tolerance = 5 * (0.25 * Double(Self.count)).squareRoot()
        var set = [Int](repeating: 0, count: 64)
        var changed = [Int](repeating: 0, count: 64)
        for index in 0..<UInt64(Self.count) {
            let value = random.bits(index)
            let neighbour = random.bits(index ^ (1 << (index % 64)))
            for bit in 0..<64 {
                set[bit] += Int(value >> bit & 1)
                changed[bit] += Int((value ^ neighbour) >> bit & 1)
            }
        }
        for bit in 0..<64 {
            #expect((Double(set[bit]) - Double(Self.count) / 2).magnitude < tolerance)
            #expect((Double(changed[bit]) - Double(Self.count) / 2).magnitude < tolerance)
        }
    }

    @Test("uniform numbers fill [0, 1) evenly")
    func uniform() {
        let random = CounterRandom(seed: 4, stream: "uniform")
        let numbers = (0..<UInt64(Self.count)).map { random.uniform($0) }
        #expect(numbers.allSatisfy { 0 <= $0 && $0 < 1 && $0 * 0x1p24 == ($0 * 0x1p24).rounded() })
        #expect(chiSquare(numbers.map { Int($0 * 100) }, cells: 100) < 99 + 5 * (2.0 * 99).squareRoot())
        // Neighbours are independent: the cells of the unit square fill evenly too.
        let pairs = (0..<Self.count / 2).map { Int(numbers[2 * $0] * 10) * 10 + Int(numbers[2 * $0 + 1] * 10) }
        #expect(chiSquare(pairs, cells: 100) < 99 + 5 * (2.0 * 99).squareRoot())
    }

    @Test("normal numbers have the first four moments of the normal distribution")
    func normal() {
        let random = CounterRandom(seed: 5, stream: "normal")
        let n = Double(Self.count)
        let numbers = (0..<UInt64(Self.count)).map { Double(random.normal($0)) }
        func moment(_ power: Int) -> Double {
            numbers.reduce(0) { sum, x in sum + (0..<power).reduce(1.0) { product, _ in product * x } } / n
        }
        // E x^(2k) = (2k - 1)!!, so that the variances of these means are 1, 2, 15 and 96, over n.
        #expect(moment(1).magnitude < 5 * (1 / n).squareRoot())
        #expect((moment(2) - 1).magnitude < 5 * (2 / n).squareRoot())
        #expect(moment(3).magnitude < 5 * (15 / n).squareRoot())
        #expect((moment(4) - 3).magnitude < 5 * (96 / n).squareRoot())
        let products = zip(numbers, numbers.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / n
        #expect(products.magnitude < 5 * (1 / n).squareRoot())
    }

    @Test("whole numbers fall evenly below any bound", arguments: [1, 2, 3, 7, 10, 1000])
    func integers(bound: Int) {
        let random = CounterRandom(seed: 6, stream: "integers")
        let numbers = (0..<UInt64(Self.count)).map { random.integer($0, below: bound) }
        #expect(numbers.allSatisfy { (0..<bound).contains($0) })
        let freedom = Double(bound - 1)
        #expect(chiSquare(numbers, cells: bound) <= freedom + 5 * (2 * freedom).squareRoot())
    }

    /// Pearson's statistic: of mean cells - 1 and variance 2 (cells - 1) where all cells are equally likely.
    private func chiSquare(_ values: [Int], cells: Int) -> Double {
        var counts = [Double](repeating: 0, count: cells)
        for value in values { counts[value] += 1 }
        let expected = Double(values.count) / Double(cells)
        return counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
    }
}
