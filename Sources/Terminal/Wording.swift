import Foundation

/// The writing of numbers and lists for people.
package enum Wording {
    /// `11,689,512`
    package static func grouped(_ number: Int) -> String {
        var groups: [String] = []
        var rest = String(number.magnitude)
        while rest.count > 3 {
            groups.insert(String(rest.suffix(3)), at: 0)
            rest.removeLast(3)
        }
        groups.insert(rest, at: 0)
        return (number < 0 ? "-" : "") + groups.joined(separator: ",")
    }

    /// `1.81 G`: three digits and a decimal prefix, where one is needed.
    package static func scaled(_ number: Double) -> String {
        let prefixes = [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")]
        for (unit, prefix) in prefixes where number >= unit * 0.9995 {
            return significant(number / unit) + prefix
        }
        return significant(number)
    }

    /// Returns a name from a file as a message may show it: without control characters, and not longer than a line.
    package static func shown(_ name: String) -> String {
        let most = 100
        return String(name.unicodeScalars.prefix(most)).visible + (name.unicodeScalars.count > most ? "…" : "")
    }

    /// `44.6 MiB`
    package static func bytes(_ count: Int) -> String {
        let units = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
        for (unit, name) in units where count >= unit { return "\(significant(Double(count) / Double(unit))) \(name)" }
        return "\(count) B"
    }

    /// `48s`, `3m07s`, `2h05m`, `4d11h`
    package static func duration(seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "-" }
        let total = Int(seconds.rounded())
        switch total {
        case ..<60: return "\(total)s"
        case ..<3600: return "\(total / 60)m\(padded(total % 60))s"
        case ..<86_400: return "\(total / 3600)h\(padded(total / 60 % 60))m"
        default: return "\(total / 86_400)d\(padded(total / 3600 % 24))h"
        }
    }

    /// Returns a number in three significant digits, without an exponent in the usual range: `0.0512`, `6.45`, `981`,
    /// `22,900`.
    package static func significant(_ number: Double) -> String {
        guard number.isFinite else { return "\(number)" }
        switch number.magnitude {
        case 0: return "0"
        case 1e15...: return String(format: "%.2e", number)
        case 1000...: return grouped(Int(number.rounded()))
        case 99.95...: return fixed(number, 0)
        case 9.995...: return fixed(number, 1)
        case 0.9995...: return fixed(number, 2)
        case 0.01...: return fixed(number, 3)
        default: return String(format: "%.2e", number)
        }
    }

    package static func fixed(_ number: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", number) }

    /// `1 rank`, `2 ranks`, `10 classes`
    package static func count(_ number: Int, _ thing: String, plural: String? = nil) -> String {
        "\(grouped(number)) \(number == 1 ? thing : plural ?? thing + "s")"
    }

    /// Returns the first few of a list: `1, 2, 3 and 7 more`
    package static func few(_ words: [String], most: Int = 8) -> String {
        words.prefix(most).joined(separator: ", ")
            + (words.count > most ? " and \(grouped(words.count - most)) more" : "")
    }

    /// Columns two spaces apart, the first `leading` ones at their left edges, and the last one too where
    /// `endsInWords`.
    package static func table(_ rows: [[String]], leading: Int, endsInWords: Bool = false) -> String {
        let columns = rows[0].indices
        let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { cells -> Substring in
            let line = columns.map { column in
                let isLeading = column < leading || endsInWords && column == columns.last
                return cells[column].column(widths[column], isLeading: isLeading)
            }.joined(separator: "  ")
            return line[...(line.lastIndex { $0 != " " } ?? line.startIndex)]
        }.joined(separator: "\n")
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension String {
    /// Returns the text in a column of `width`, at its right or left edge.
    package func column(_ width: Int, isLeading: Bool = false) -> String {
        let padding = String(repeating: " ", count: max(width - count, 0))
        return isLeading ? self + padding : padding + self
    }
}
