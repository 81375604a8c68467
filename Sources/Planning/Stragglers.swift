/// The time of the slowest of several ranks, as a multiple of the usual one's.
package enum Stragglers {
    /// Returns the expected largest of `ranks` draws from the measured steps, as a multiple of their median.
    ///
    /// Of n values in order, the i-th is the largest of P draws with probability (i/n)^P - ((i-1)/n)^P. Steps slower
    /// than all measured ones do not occur: for many ranks measure many steps.
    package static func factor(of stepSeconds: [Double], ranks: Int) -> Double {
        let sorted = stepSeconds.sorted()
        guard let last = sorted.last, last > 0 else { return 1 }
        let count = Double(sorted.count)
        let middle = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        var expected = 0.0
        for (index, value) in sorted.enumerated() {
            expected += value * (power(Double(index + 1) / count, ranks) - power(Double(index) / count, ranks))
        }
        return max(expected / middle, 1)
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var (result, factor, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= factor }
            factor *= factor
            rest >>= 1
        }
        return result
    }
}
