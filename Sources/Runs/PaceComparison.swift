/// A comparison of the ranks' times of work.
package struct PaceComparison: Hashable, Sendable {
    package let slowest: Int
    /// The slowest rank's time over the median.
    package let ratio: Double

    package init(slowest: Int, ratio: Double) {
        self.slowest = slowest
        self.ratio = ratio
    }
}
