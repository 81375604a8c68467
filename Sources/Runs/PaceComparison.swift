/// A comparison of the ranks' work times.
package struct PaceComparison: Hashable, Sendable {
    package let slowest: Int
    /// The slowest rank's time, relative to the median.
    package let ratio: Double
    /// Each rank's time, relative to the median.
    package let ratios: [Double]

    package init(slowest: Int, ratios: [Double]) {
        self.slowest = slowest
        ratio = ratios[slowest]
        self.ratios = ratios
    }
}
