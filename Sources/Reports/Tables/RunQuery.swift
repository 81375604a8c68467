import Recipes

/// A query of many runs: `accuracy>0.9 model=lenet`, conditions that must all hold.
package struct RunQuery: Sendable {
    private struct Condition: Sendable {
        let column: RunColumn
        let relation: Relation
        let value: String
    }

    private enum Relation: String, Sendable, CaseIterable {
        // Comparisons of two characters come first, so that they are found before the shorter ones that begin them.
        case notEqual = "!="
        case atLeast = ">="
        case atMost = "<="
        case equal = "="
        case above = ">"
        case below = "<"
        /// The text is a part of the value.
        case contains = "~"
    }

    private let conditions: [Condition]

    /// The names that a query knows besides a summary's: recipes' keys.
    package static let keys = Set(RecipeKey.all.map(\.name))

    /// - Throws: `ReportError.invalidQuery` or `.unknownColumn`
    package init(_ text: String) throws(ReportError) {
        var conditions: [Condition] = []
        for word in text.split(whereSeparator: \.isWhitespace) { conditions.append(try Self.condition(String(word))) }
        self.conditions = conditions
    }

    private static func condition(_ word: String) throws(ReportError) -> Condition {
        let places = Relation.allCases.compactMap { relation in
            word.firstRange(of: relation.rawValue).map { (relation: relation, range: $0) }
        }
        // The first in the text; of several there, the longest.
        guard let found = places.min(by: { $0.range.lowerBound < $1.range.lowerBound }),
            found.range.lowerBound > word.startIndex, found.range.upperBound < word.endIndex
        else {
            throw .invalidQuery(
                found: word, expected: "NAME, one of = != > >= < <= ~, and a value, without blanks: accuracy>0.9")
        }
        let column = try RunColumn.named(String(word[..<found.range.lowerBound]), keys: keys)
        let value = String(word[found.range.upperBound...])
        if [.above, .below, .atLeast, .atMost].contains(found.relation), number(value) == nil {
            throw .invalidQuery(found: word, expected: "a number behind \(found.relation.rawValue)")
        }
        return Condition(column: column, relation: found.relation, value: value)
    }

    /// Returns a number, or a share in percent: `90%`.
    private static func number(_ text: String) -> Double? {
        text.hasSuffix("%") ? Double(text.dropLast()).map { $0 / 100 } : Double(text)
    }

    /// Whether all conditions hold of a run. What a run does not have, no condition but `!=` holds of.
    package func holds(of run: RunSummary) -> Bool { conditions.allSatisfy { Self.holds($0, of: run) } }

    private static func holds(_ condition: Condition, of run: RunSummary) -> Bool {
        let asked = number(condition.value)
        switch (condition.column.value(of: run), asked) {
        case (.number(let own, _), let asked?):
            return switch condition.relation {
            case .equal: own == asked
            case .notEqual: own != asked
            case .above: own > asked
            case .below: own < asked
            case .atLeast: own >= asked
            case .atMost: own <= asked
            case .contains: "\(own)".contains(condition.value)
            }
        case (.word(let own), _):
            return switch condition.relation {
            case .equal: own == condition.value
            case .notEqual: own != condition.value
            case .contains: own.contains(condition.value)
            case .above, .below, .atLeast, .atMost: false
            }
        case (.number, nil), (.none, _): return condition.relation == .notEqual
        }
    }

    /// Returns runs in the order of a column's values, those without one last. A minus before the name reverses the
    /// order.
    ///
    /// - Throws: `ReportError.unknownColumn`
    package static func sorted(_ runs: [RunSummary], by name: String) throws(ReportError) -> [RunSummary] {
        let isFalling = name.hasPrefix("-")
        let column = try RunColumn.named(isFalling ? String(name.dropFirst()) : name, keys: keys)
        let known = runs.filter { column.value(of: $0) != .none }
        let rising = known.sorted { first, second in
            switch (column.value(of: first), column.value(of: second)) {
            case (.number(let a, _), .number(let b, _)): a < b
            case (.word(let a), .word(let b)): a < b
            case (.number, .word): true
            default: false
            }
        }
        return (isFalling ? rising.reversed() : rising) + runs.filter { column.value(of: $0) == .none }
    }
}
