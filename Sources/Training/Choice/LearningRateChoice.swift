import Terminal

/// A learning rate chosen by a range test: a short training in which the rate grows from step to step, and the loss at
/// each rate. (Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3.3.)
struct LearningRateChoice: Equatable {
    /// A step of the test.
    struct Point: Equatable {
        let rate: Double
        /// The mean loss of the step's batch, before the step is taken.
        let loss: Double
        /// The mean of the losses so far, with the highest weights for recent ones.
        let smooth: Double
    }

    private(set) var points: [Point] = []
    /// The running mean behind `smooth`, before the correction for its start at 0.
    private var mean = 0.0
    private var forgotten = 1.0

    /// The rates of the first and the last step.
    static let range = (first: 1e-6, last: 10.0)
    static let steps = 120
    /// The share of itself that the running mean keeps at each step.
    private static let share = 0.9
    /// The factor by which the loss must exceed its minimum so far to end the test.
    private static let blownUp = 2.0
    /// The share by which the loss must have fallen for a choice to be possible.
    private static let leastFall = 0.01
    /// The ratio of the rate with the lowest loss to the chosen one: at the former, training is about to become
    /// unstable.
    private static let distance = 10.0

    /// Returns the rate of step `index`; the ratio of successive rates is constant.
    static func rate(_ index: Int) -> Double {
        // Repeated multiplication gives the same bits everywhere.
        let ratio = 1.145_047_569_938_281_8
        return (0..<index).reduce(range.first) { rate, _ in rate * ratio }
    }

    private var least: Point? { points.min { $0.smooth < $1.smooth } }

    /// Adds a step's loss.
    ///
    /// - Returns: whether the test is to go on.
    mutating func add(rate: Double, loss: Double) -> Bool {
        guard loss.isFinite else { return false }
        mean = Self.share * mean + (1 - Self.share) * loss
        forgotten *= Self.share
        points.append(Point(rate: rate, loss: loss, smooth: mean / (1 - forgotten)))
        guard let least, points.count > 10 else { return true }
        return points[points.count - 1].smooth <= Self.blownUp * least.smooth
    }

    /// A tenth of the rate with the lowest loss, in two digits; nil where the loss has not fallen.
    var chosen: Double? {
        guard let first = points.first, let least, least.smooth <= (1 - Self.leastFall) * first.smooth else {
            return nil
        }
        return Self.rounded(least.rate / Self.distance)
    }

    /// Rounds to two significant digits.
    private static func rounded(_ rate: Double) -> Double {
        var (unit, digits) = (1.0, rate)
        while digits < 10 { (digits, unit) = (digits * 10, unit * 10) }
        while digits >= 100 { (digits, unit) = (digits / 10, unit / 10) }
        return digits.rounded() / unit
    }

    /// The choice and its reason, for people.
    var words: String {
        guard let chosen, let least, let first = points.first else { return "" }
        return
            "--lr auto is \(chosen): a tenth of \(Wording.significant(least.rate)), at which the loss "
            + "had fallen the furthest (\(Wording.fixed(first.smooth, 4)) to \(Wording.fixed(least.smooth, 4))) "
            + "while the rate grew over " + Wording.count(points.count, "step")
    }

    /// The curve as tab-separated values.
    var table: String {
        "learning_rate\tloss\tsmooth_loss\n"
            + points.map { "\($0.rate)\t\($0.loss)\t\($0.smooth)\n" }.joined()
    }
}
