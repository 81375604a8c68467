import Runs

/// A bar of the parts of a run's time.
struct TimeChart: Chart {
    let id = "time"
    let title = "Where the time went"
    private let parts: [(name: String, seconds: Double)]
    private let total: Double
    private let legend: Legend

    /// Makes the chart; nil where no time is known.
    init?(_ split: TimeSplit) {
        let parts = TimeSplit.Part.allCases.map { (name: $0.rawValue, seconds: max(split[$0], 0)) }
        let total = parts.reduce(0) { $0 + $1.seconds }
        guard total > 0 else { return nil }
        self.parts = parts
        self.total = total
        legend = Legend(
            parts.enumerated().map { index, part in
                ("\(part.name) \(NumberText.shown(part.seconds / total, .share))", Ink.series(index))
            }, width: Self.width)
    }

    private static let width = 420.0
    private static let barHeight = 34.0

    var size: (width: Double, height: Double) { (Self.width, Self.barHeight + 12 + legend.height) }

    func draw<Target: Canvas>(on canvas: inout Target) {
        var x = 0.0
        for (index, part) in parts.enumerated() {
            let width = part.seconds / total * Self.width
            // A line in the background's colour separates parts without relying on their colours.
            let box = Box(x: x, y: 2, width: max(width - (width > 3 ? 1.5 : 0), 0), height: Self.barHeight)
            canvas.rectangle(
                box, fill: .series(index), opacity: 1, note: "\(part.name): \(NumberText.duration(part.seconds))")
            x += width
        }
        legend.draw(on: &canvas, at: Position(x: 0, y: Self.barHeight + 12))
    }

    var summary: String {
        "\(title): "
            + parts.map { "\($0.name) \(NumberText.shown($0.seconds / total, .share))" }.joined(separator: ", ") + "."
    }

    var table: ValueTable {
        ValueTable(
            head: ["part", "time", "share"],
            rows: parts.map {
                [$0.name, NumberText.duration($0.seconds), NumberText.shown($0.seconds / total, .share)]
            }, note: nil)
    }
}
