import Foundation

/// The way from numbers to places on a line, and the numbers that its axis names.
struct Scale: Hashable, Sendable {
    let low: Double
    let high: Double
    let isLogarithmic: Bool
    let ticks: [Double]
    /// The distance of two ticks; of a logarithmic scale the lowest tick.
    let step: Double

    /// Numbers beyond it, of a loss that runs away, have no place on an axis.
    private static let most = 1e100
    /// The range of numbers that are not one to the eye, in parts of the greatest.
    private static let leastRange = 1e-4
}

extension Scale {
    /// A scale of whole ticks that numbers fit into.
    ///
    /// - Parameters:
    ///   - numbers: those that are not finite are ignored.
    ///   - isExact: whether it ends with the numbers rather than with the next tick.
    ///   - mayBeLogarithmic: whether it is logarithmic where all numbers are above 0 and the greatest is a hundred
    ///     times the least.
    init(
        of numbers: some Sequence<Double>, isExact: Bool = false, mayBeLogarithmic: Bool = false,
        within limits: ClosedRange<Double>? = nil
    ) {
        var (least, greatest) = (Double.infinity, -Double.infinity)
        for number in numbers where number.magnitude < Self.most {
            least = min(least, number)
            greatest = max(greatest, number)
        }
        if least > greatest { (least, greatest) = (0, 1) }
        if mayBeLogarithmic && least > 0 && greatest / least >= 100 {
            self = Self.logarithmic(from: least, to: greatest)
        } else {
            self = Self.linear(from: least, to: greatest, isExact: isExact, within: limits)
        }
    }

    private static func linear(
        from least: Double, to greatest: Double, isExact: Bool, within limits: ClosedRange<Double>?
    ) -> Scale {
        var (low, high) = (least, greatest)
        // Ticks between numbers that differ less would have the same words: the rate at the beginning of a cosine.
        let isFlat = !isExact && high - low < leastRange * max(low.magnitude, high.magnitude)
        if low == high || isFlat {
            let margin = low == 0 ? 1 : low.magnitude * 0.1
            (low, high) = (low - (isExact ? 0 : margin), high + margin)
        }
        let step = step(high - low, count: 5)
        if !isExact { (low, high) = ((low / step).rounded(.down) * step, (high / step).rounded(.up) * step) }
        if let limits { (low, high) = (max(low, limits.lowerBound), min(high, limits.upperBound)) }
        // Where numbers differ only in their last digits, no ticks fit between them.
        guard low < high, max(low.magnitude, high.magnitude) / step < 1e12 else {
            let end = low < high ? high : low + max(low.magnitude * 0.1, 1)
            return Scale(low: low, high: end, isLogarithmic: false, ticks: [low, end], step: end - low)
        }
        let first = Int((low / step - 1e-9).rounded(.up))
        let last = Int((high / step + 1e-9).rounded(.down))
        let ticks = first <= last ? (first...last).map { Double($0) * step } : []
        return Scale(low: low, high: high, isLogarithmic: false, ticks: ticks, step: step)
    }

    private static func logarithmic(from least: Double, to greatest: Double) -> Scale {
        let (first, last) = (Int(log10(least).rounded(.down)), Int(log10(greatest).rounded(.up)))
        let every = max(1, (last - first + 4) / 5)
        return Scale(
            low: pow(10, Double(first)), high: pow(10, Double(last)), isLogarithmic: true,
            ticks: stride(from: first, through: last, by: every).map { pow(10, Double($0)) },
            step: pow(10, Double(first)))
    }

    /// Returns the place of a number in 0...1; NaN where it has none.
    func place(_ number: Double) -> Double {
        if isLogarithmic {
            return number > 0 ? log10(number / low) / log10(high / low) : .nan
        }
        return (number - low) / (high - low)
    }

    /// Returns a distance of 1, 2 or 5 times a power of ten that cuts a range into about `count` parts.
    private static func step(_ range: Double, count: Int) -> Double {
        let rough = range / Double(count)
        guard rough.isFinite, rough > 0 else { return 1 }
        let power = pow(10, log10(rough).rounded(.down))
        return [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? 10 * power
    }
}
