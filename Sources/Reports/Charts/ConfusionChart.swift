import Runs
import Terminal

/// The confusion matrix as a heat map: rows are labels, columns answers, and a cell's colour is its share of the row.
struct ConfusionChart: Chart {
    let id = "confusion"
    let title = "Confusion matrix"
    private let matrix: ConfusionMatrix

    /// The most classes that can be distinguished on a heat map; for more, a list of confused pairs is better.
    static let mostClasses = 40
    /// Classes up to which cells have their numbers.
    private static let mostNumbered = 20

    /// Makes the chart; nil where there are too many classes, or no samples.
    init?(_ matrix: ConfusionMatrix) {
        guard (1...Self.mostClasses).contains(matrix.classes.count), matrix.samples > 0 else { return nil }
        self.matrix = matrix
    }

    private static let longestName = 118.0

    private var nameWidth: Double {
        min(matrix.classes.map { TextWidth.of($0, size: 11) }.max() ?? 0, Self.longestName)
    }
    private var cell: Double { matrix.classes.count <= 10 ? 42 : matrix.classes.count <= 20 ? 28 : 15 }
    private var left: Double { nameWidth + 28 }
    private var side: Double { cell * Double(matrix.classes.count) }

    var size: (width: Double, height: Double) { (left + side + 8, side + nameWidth + 40) }

    func draw<Target: Canvas>(on canvas: inout Target) {
        let fontSize = min(11, cell * 0.75)
        for (row, name) in matrix.classes.enumerated() {
            let middle = 8 + cell * (Double(row) + 0.5)
            let shown = TextWidth.fitted(name, into: nameWidth + 2, size: fontSize)
            canvas.text(
                shown, at: Position(x: left - 6, y: middle + 4),
                TextStyle(ink: .text, size: fontSize, anchor: .end))
            for column in matrix.classes.indices { draw(row, column, on: &canvas) }
            canvas.text(
                shown, at: Position(x: left + cell * (Double(row) + 0.5) + 4, y: 8 + side + 6),
                TextStyle(ink: .text, size: fontSize, anchor: .end, isUpright: true))
        }
        canvas.text(
            "label", at: Position(x: 11, y: 8 + side / 2), TextStyle(anchor: .middle, isUpright: true))
        canvas.text("answer", at: Position(x: left + side / 2, y: size.height - 8), TextStyle(anchor: .middle))
    }

    private func draw<Target: Canvas>(_ row: Int, _ column: Int, on canvas: inout Target) {
        let count = matrix.count(label: row, predicted: column)
        let share = matrix.total(ofLabel: row) > 0 ? Double(count) / Double(matrix.total(ofLabel: row)) : 0
        // The root makes shares below a tenth visible, which matter most.
        let step = count == 0 ? 0 : max(1, Int((share.squareRoot() * Double(Ink.heatSteps)).rounded()))
        let box = Box(
            x: left + cell * Double(column), y: 8 + cell * Double(row), width: cell - 1, height: cell - 1)
        let words = row == column ? "rightly answered" : "taken for \(matrix.classes[column])"
        canvas.rectangle(
            box, fill: .heat(step), opacity: 1,
            note: "\(matrix.classes[row]) \(words): \(Wording.grouped(count)) (\(NumberText.shown(share, .share)))")
        guard count > 0, matrix.classes.count <= Self.mostNumbered else { return }
        let text = "\(count)"
        let fontSize = min(cell * 0.32, 11.5, 1.7 * (cell - 2) / Double(max(text.count, 1)))
        canvas.text(
            text, at: Position(x: box.middle.x, y: box.middle.y + fontSize * 0.36),
            TextStyle(ink: .onHeat(step), size: fontSize, anchor: .middle))
    }

    var summary: String {
        let worst = matrix.confusedPairs.first.map {
            " Most often \($0.label) is taken for \($0.predicted): \(Wording.grouped($0.count)) times."
        }
        return "Confusion matrix of \(matrix.classes.count) classes, \(Wording.grouped(matrix.samples)) samples."
            + (worst ?? "")
    }

    var table: ValueTable {
        ValueTable(
            head: ["label"] + matrix.classes,
            rows: matrix.classes.enumerated().map { row, name in
                [name] + matrix.classes.indices.map { "\(matrix.count(label: row, predicted: $0))" }
            }, note: "Rows are labels, columns answers.")
    }
}
