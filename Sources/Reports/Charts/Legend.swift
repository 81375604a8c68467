/// The names of a chart's curves beside their colours, in as many rows as they need.
struct Legend: Hashable, Sendable {
    private struct Entry: Hashable {
        let name: String
        let ink: Ink
        let place: Position
    }

    private let entries: [Entry]
    let height: Double

    private static let rowHeight = 17.0
    private static let fontSize = 11.0
    private static let markWidth = 20.0

    init(_ names: [(name: String, ink: Ink)], width: Double) {
        var entries: [Entry] = []
        var (x, y) = (0.0, 0.0)
        for (name, ink) in names {
            let shown = TextWidth.fitted(name, into: width - Self.markWidth - 14, size: Self.fontSize)
            let needed = Self.markWidth + TextWidth.of(shown, size: Self.fontSize) + 14
            if x > 0 && x + needed > width + 14 { (x, y) = (0, y + Self.rowHeight) }
            entries.append(Entry(name: shown, ink: ink, place: Position(x: x, y: y)))
            x += needed
        }
        self.entries = entries
        height = entries.isEmpty ? 0 : y + Self.rowHeight + 5
    }

    func draw<Target: Canvas>(on canvas: inout Target, at origin: Position) {
        for entry in entries {
            let (x, y) = (origin.x + entry.place.x, origin.y + entry.place.y + 6)
            canvas.line(
                [Position(x: x + 1, y: y), Position(x: x + 14, y: y)], Pen(ink: entry.ink, width: 3))
            canvas.text(
                entry.name, at: Position(x: x + Self.markWidth, y: y + 4),
                TextStyle(ink: .text, size: Self.fontSize))
        }
    }
}
