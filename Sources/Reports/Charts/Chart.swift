/// A chart: numbers that know how they are drawn on any canvas, and how they are read without one.
protocol Chart: Sendable {
    /// The chart's name in files and in a page's links: `loss`.
    var id: String { get }
    var title: String { get }
    /// The size without a title.
    var size: (width: Double, height: Double) { get }
    /// The chart's content in a sentence, for people who cannot see it.
    var summary: String { get }
    /// The numbers, or as many of them as a person reads.
    var table: ValueTable { get }
    func draw<Target: Canvas>(on canvas: inout Target)
}

extension Chart {
    private var titleHeight: Double { 26 }

    /// The size of a picture by itself, which has its title in it.
    var plotSize: (width: Double, height: Double) { (size.width, size.height + titleHeight) }

    /// Draws the chart below its title.
    func drawWithTitle<Target: Canvas>(on canvas: inout Target) {
        canvas.text(
            title, at: Position(x: size.width / 2, y: 18),
            TextStyle(ink: .text, size: 13, anchor: .middle, isBold: true))
        var lower = LowerCanvas(target: canvas, distance: titleHeight)
        draw(on: &lower)
        canvas = lower.target
    }
}

/// A canvas whose origin is some way down on another.
private struct LowerCanvas<Target: Canvas>: Canvas {
    var target: Target
    let distance: Double

    private func lower(_ place: Position) -> Position { Position(x: place.x, y: place.y + distance) }

    mutating func line(_ pieces: [[Position]], _ pen: Pen, values: CurveValues?) {
        target.line(pieces.map { $0.map(lower) }, pen, values: values)
    }

    mutating func rectangle(_ box: Box, fill: Ink, opacity: Double, note: String?) {
        var box = box
        box.y += distance
        target.rectangle(box, fill: fill, opacity: opacity, note: note)
    }

    mutating func circle(at center: Position, radius: Double, fill: Ink) {
        target.circle(at: lower(center), radius: radius, fill: fill)
    }

    mutating func text(_ text: String, at place: Position, _ style: TextStyle) {
        target.text(text, at: lower(place), style)
    }
}

/// The numbers of a chart in rows and columns, for people who read them.
struct ValueTable: Hashable, Sendable {
    var head: [String]
    var rows: [[String]]
    /// A sentence about the numbers that the rows leave out; nil where they are all there.
    var note: String?
}
