/// A reduction of curves to fewer points that look the same: of each of equal stretches the least and the greatest
/// number stay, so that a peak of one step remains visible.
enum Thinning {
    /// The points of a curve at most.
    static let most = 1000

    /// Returns the indices of the numbers that stay, rising, including the first and the last. Numbers that are not
    /// finite are gaps, of which each stretch keeps one.
    static func kept(of numbers: [Double], most: Int = most) -> [Int] {
        guard numbers.count > most, most >= 8 else { return Array(numbers.indices) }
        let inner = 1..<numbers.count - 1
        let stretches = (most - 2) / 3
        var kept = [0]
        for stretch in 0..<stretches {
            let start = inner.lowerBound + inner.count * stretch / stretches
            let end = inner.lowerBound + inner.count * (stretch + 1) / stretches
            kept += extremes(of: numbers, in: start..<end)
        }
        return kept + [numbers.count - 1]
    }

    private static func extremes(of numbers: [Double], in range: Range<Int>) -> [Int] {
        var (least, greatest, gap): (Int?, Int?, Int?)
        for index in range {
            guard numbers[index].isFinite else {
                gap = gap ?? index
                continue
            }
            if least.map({ numbers[index] < numbers[$0] }) ?? true { least = index }
            if greatest.map({ numbers[index] > numbers[$0] }) ?? true { greatest = index }
        }
        return Set([least, greatest, gap].compactMap(\.self)).sorted()
    }
}
