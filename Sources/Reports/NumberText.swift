import Foundation
import Terminal

/// The texts of numbers in charts and tables.
enum NumberText {
    /// The kind of a number, which decides how it is written.
    enum Kind: String, Sendable {
        case plain
        /// A share in 0...1, written in percent.
        case share
        /// A whole number.
        case count
    }

    /// The text for a missing number.
    static let none = "–"

    /// Returns a number with about four significant digits: `0.2513`, `91.42 %`, `12,345`.
    static func shown(_ number: Double, _ kind: Kind = .plain) -> String {
        guard number.isFinite else { return none }
        let kind = kind == .count && number.magnitude > 1e15 ? .plain : kind
        switch kind {
        case .share: return String(format: "%.2f %%", number * 100)
        case .count: return Wording.grouped(Int(number.rounded()))
        case .plain: break
        }
        switch number.magnitude {
        case 0: return "0"
        case 1e9...: return String(format: "%.3e", number)
        case 1000...: return Wording.grouped(Int(number.rounded()))
        case 0.001...: return trimmed(String(format: "%.4g", number))
        default: return String(format: "%.3e", number)
        }
    }

    /// Returns a number as an axis shows it: short, with no more decimals than steps of `step` need.
    static func tick(_ number: Double, step: Double, _ kind: Kind) -> String {
        if kind == .share { return tick(number * 100, step: step * 100, .plain) + "%" }
        if number == 0 { return "0" }
        let largest = max(number.magnitude, step.magnitude)
        if largest >= 1e15 || largest < 1e-4 { return trimmedExponent(String(format: "%.1e", number)) }
        for (unit, suffix) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where largest >= 10 * unit {
            return decimals(number / unit, step: step / unit) + suffix
        }
        return decimals(number, step: step)
    }

    /// `48 s`, `3 min 07 s`, `2 h 05 min`, `4 d 11 h`
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return none }
        if seconds < 9.95 { return String(format: "%.1f s", seconds) }
        let total = Int(seconds.rounded())
        switch total {
        case ..<60: return "\(total) s"
        case ..<3600: return String(format: "%d min %02d s", total / 60, total % 60)
        case ..<86_400: return String(format: "%d h %02d min", total / 3600, total / 60 % 60)
        default: return String(format: "%d d %02d h", total / 86_400, total / 3600 % 24)
        }
    }

    /// Returns a coordinate of a chart, rounded to hundredths, in the fewest digits: `12.34`.
    static func place(_ number: Double) -> String {
        let hundredths = Int((number * 100).rounded())
        let (whole, rest) = (hundredths / 100, abs(hundredths % 100))
        if rest == 0 { return "\(whole)" }
        let sign = hundredths < 0 && whole == 0 ? "-" : ""
        return "\(sign)\(whole)." + (rest % 10 == 0 ? "\(rest / 10)" : rest < 10 ? "0\(rest)" : "\(rest)")
    }

    /// Returns a number in six significant digits, for programs.
    static func data(_ number: Double) -> String {
        guard number.isFinite else { return "" }
        if number == number.rounded(), number.magnitude < 1e15 { return "\(Int(number))" }
        return String(format: "%.6g", number)
    }

    private static func decimals(_ number: Double, step: Double) -> String {
        let places = step > 0 ? max(0, min(6, Int((-log10(step) - 1e-9).rounded(.up)))) : 2
        return String(format: "%.\(places)f", number)
    }

    private static func trimmed(_ text: String) -> String {
        guard text.contains("."), !text.contains("e") else { return text }
        return String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed())
    }

    /// Returns `1e-05` for `1.0e-05`.
    private static func trimmedExponent(_ text: String) -> String { text.replacing(".0e", with: "e") }
}
