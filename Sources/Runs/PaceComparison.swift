/// A comparison of the ranks' times of work.
package struct PaceComparison: Hashable, Sendable {
    package let slowest: Int
    /// The slowest rank's time over the median.
    package let ratio: Double
    /// Each rank's time over the median.
    package let ratios: [Double]

    package init(slowest: Int, ratios: [Double]) {
        self.slowest = slowest
        ratio = ratios[slowest]
        self.ratios = ratios
    }
}
