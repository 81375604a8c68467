import Runs
import Terminal

extension RunPage {
    /// The section on the newest evaluation's details; nil where there are none.
    var evaluation: Markup? {
        guard let detail = history.detail else { return nil }
        let matrix = ConfusionMatrix(detail)
        var parts: [Markup] = []
        if let chart = charts.confusion {
            parts.append(PagePart.figure(chart, isWide: true, columns: matrix.classes.count))
        }
        if let pairs = Self.pairs(matrix) { parts.append(pairs) }
        if let classes = Self.classes(detail, matrix) { parts.append(classes) }
        if let chart = charts.calibration { parts.append(PagePart.figure(chart)) }
        guard !parts.isEmpty else { return nil }
        return """
            <p class="muted">\(Wording.grouped(detail.samples)) test samples after epoch \(detail.epoch), step \
            \(Wording.grouped(detail.step)).</p>
            <div class="grid">\(parts.joined())</div>
            """
    }

    private static let mostPairs = 30

    private static func pairs(_ matrix: ConfusionMatrix) -> Markup? {
        let pairs = matrix.confusedPairs.prefix(charts(matrix) ? 12 : mostPairs)
        guard !pairs.isEmpty else { return nil }
        let rows = pairs.map {
            [$0.label, $0.predicted, Wording.grouped($0.count), NumberText.shown($0.share, .share)]
        }
        let table = ValueTable(
            head: ["label", "taken for", "times", "of the label's"], rows: rows, note: nil)
        return card("Most confused", PagePart.table(table, name: "Most confused classes", numbersFrom: 2))
    }

    private static func charts(_ matrix: ConfusionMatrix) -> Bool {
        matrix.classes.count <= ConfusionChart.mostClasses
    }

    private static let mostShownClasses = 40

    private struct ClassResult {
        let name: String
        let accuracy: Double
        let samples: Int
    }

    private static func classes(_ detail: EvaluationDetail, _ matrix: ConfusionMatrix) -> Markup? {
        let all = zip(detail.classes, detail.classAccuracy).enumerated().compactMap { index, pair in
            pair.1.map { ClassResult(name: pair.0, accuracy: $0, samples: matrix.total(ofLabel: index)) }
        }
        guard !all.isEmpty else { return nil }
        let rising = all.sorted { ($0.accuracy, $0.name) < ($1.accuracy, $1.name) }
        guard rising.count > mostShownClasses else { return card("Accuracy by class", table(of: rising)) }
        return card("The 25 hardest classes", table(of: Array(rising.prefix(25))))
            + card("The 15 easiest classes", table(of: rising.suffix(15).reversed()))
    }

    private static func table(of results: [ClassResult]) -> Markup {
        let rows = results.map { result in
            """
            <tr><th scope="row">\(result.name)</th><td>\(PagePart.bar(result.accuracy))</td>\
            <td class="n">\(NumberText.shown(result.accuracy, .share))</td>\
            <td class="n">\(Wording.grouped(result.samples))</td></tr>

            """ as Markup
        }.joined()
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="Accuracy by class"><table><thead><tr>\
            <th scope="col">class</th><td></td><th scope="col" class="n">accuracy</th>\
            <th scope="col" class="n">samples</th></tr></thead><tbody>\(rows)</tbody></table></div>
            """
    }
}

extension Markup {
    static func + (first: Markup, second: Markup) -> Markup {
        var both = first
        both += second
        return both
    }
}
