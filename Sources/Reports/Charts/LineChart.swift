/// Curves over steps.
struct LineChart: Chart {
    /// A curve: numbers `y` at rising places `x`. What is not finite is a gap.
    struct Curve: Hashable, Sendable {
        var name: String
        var x: [Double]
        var y: [Double]
        var ink: Int
        /// Whether each number has a dot, as of measurements that are few.
        var hasDots = false
        /// Whether the line is drawn faintly, behind others, such as a noisy one.
        var isFaint = false
        var isDashed = false
    }

    let id: String
    let title: String
    let curves: [Curve]
    let kind: NumberText.Kind
    let xName: String
    let x: Scale
    let y: Scale
    private let legend: Legend

    /// - Parameters:
    ///   - xName: the name of the horizontal axis.
    ///   - mayBeLogarithmic: whether the vertical axis may be logarithmic.
    init(
        id: String, title: String, _ curves: [Curve], kind: NumberText.Kind = .plain, xName: String = "step",
        mayBeLogarithmic: Bool = false
    ) {
        self.id = id
        self.title = title
        self.kind = kind
        self.xName = xName
        self.curves = curves.filter { !$0.x.isEmpty }.map(Self.thinned)
        let numbers = self.curves.lazy.flatMap(\.y)
        x = Scale(of: self.curves.lazy.flatMap(\.x), isExact: true)
        y = Scale(
            of: numbers, mayBeLogarithmic: mayBeLogarithmic,
            within: kind == .share ? 0...1 : nil)
        legend = Legend(
            self.curves.count > 1 ? self.curves.map { ($0.name, Ink.series($0.ink)) } : [],
            width: Self.width - Self.left - Self.right)
    }

    private static func thinned(_ curve: Curve) -> Curve {
        let kept = Thinning.kept(of: curve.y)
        guard kept.count < curve.y.count else { return curve }
        var thinned = curve
        thinned.x = kept.map { curve.x[$0] }
        thinned.y = kept.map { curve.y[$0] }
        return thinned
    }

    var isEmpty: Bool { curves.allSatisfy { !$0.y.contains(where: \.isFinite) } }

    // MARK: Layout

    private static let width = 420.0
    private static let left = 48.0
    private static let right = 12.0
    private static let top = 10.0
    private static let plotHeight = 200.0
    private static let bottom = 36.0

    var size: (width: Double, height: Double) {
        (Self.width, Self.top + legend.height + Self.plotHeight + Self.bottom)
    }

    /// The area in which curves are drawn.
    var plot: Box {
        Box(
            x: Self.left, y: Self.top + legend.height, width: Self.width - Self.left - Self.right,
            height: Self.plotHeight)
    }

    func position(_ x: Double, _ y: Double) -> Position {
        let (across, up) = (self.x.place(x), self.y.place(y))
        return Position(x: plot.x + across * plot.width, y: plot.bottom - min(max(up, 0), 1) * plot.height)
    }

    // MARK: Drawing

    func draw<Target: Canvas>(on canvas: inout Target) {
        legend.draw(on: &canvas, at: Position(x: Self.left, y: Self.top))
        drawAxes(on: &canvas)
        for curve in curves { draw(curve, on: &canvas) }
    }

    private func drawAxes<Target: Canvas>(on canvas: inout Target) {
        for tick in y.ticks {
            let height = position(x.low, tick).y
            canvas.line(
                [Position(x: plot.x, y: height), Position(x: plot.right, y: height)], Pen(ink: .grid))
            let text = NumberText.tick(tick, step: y.isLogarithmic ? tick : y.step, kind)
            canvas.text(text, at: Position(x: plot.x - 6, y: height + 4), TextStyle(anchor: .end))
        }
        canvas.line([Position(x: plot.x, y: plot.bottom), Position(x: plot.right, y: plot.bottom)], Pen(ink: .axis))
        for tick in x.ticks {
            let across = position(tick, y.low).x
            canvas.line(
                [Position(x: across, y: plot.bottom), Position(x: across, y: plot.bottom + 4)], Pen(ink: .axis))
            let text = NumberText.tick(tick, step: x.step, .plain)
            let anchor: TextStyle.Anchor = across > plot.right - 10 ? .end : .middle
            let place = Position(x: min(across, Self.width - 2), y: plot.bottom + 17)
            canvas.text(text, at: place, TextStyle(anchor: anchor))
        }
        canvas.text(xName, at: Position(x: plot.middle.x, y: plot.bottom + 32), TextStyle(anchor: .middle))
    }

    private func draw<Target: Canvas>(_ curve: Curve, on canvas: inout Target) {
        var pieces: [[Position]] = [[]]
        for (x, y) in zip(curve.x, curve.y) {
            let place = position(x, y)
            if y.isFinite && place.y.isFinite {
                pieces[pieces.count - 1].append(place)
            } else if !pieces[pieces.count - 1].isEmpty {
                pieces.append([])
            }
        }
        let ink = Ink.series(curve.ink)
        let values = CurveValues(name: curve.name, x: curve.x, y: curve.y, kind: kind)
        let pen = Pen(
            ink: ink, width: curve.isFaint ? 1.2 : 2, opacity: curve.isFaint ? 0.75 : 1, isDashed: curve.isDashed)
        canvas.line(pieces, pen, values: values)
        if curve.hasDots && curve.x.count <= 40 {
            for place in pieces.joined() { canvas.circle(at: place, radius: 2.6, fill: ink) }
        }
    }

    // MARK: Words

    var summary: String {
        let parts = curves.compactMap { curve -> String? in
            guard let first = curve.y.first(where: \.isFinite), let last = curve.y.last(where: \.isFinite) else {
                return nil
            }
            return "\(curve.name) goes from \(NumberText.shown(first, kind)) to \(NumberText.shown(last, kind))"
        }
        return "\(title) by \(xName): " + (parts.isEmpty ? "no numbers yet" : parts.joined(separator: "; ")) + "."
    }

    private static let rowsAtMost = 20

    /// The numbers at the places of the curve that has the fewest, and of others the last number up to there.
    var table: ValueTable {
        let places = curves.map(\.x).min { $0.count < $1.count } ?? []
        let every = max(1, (places.count + Self.rowsAtMost - 1) / Self.rowsAtMost)
        let chosen = places.indices.filter { (places.count - 1 - $0) % every == 0 }.map { places[$0] }
        let rows = chosen.map { place in
            [NumberText.shown(place, .count)]
                + curves.map { curve in
                    let index = curve.x.lastIndex { $0 <= place }
                    return NumberText.shown(index.map { curve.y[$0] } ?? .nan, kind)
                }
        }
        let isWhole = every == 1 && curves.allSatisfy { $0.x.count == places.count }
        return ValueTable(
            head: [xName] + curves.map(\.name), rows: rows,
            note: isWhole ? nil : "Some of the numbers; cnn-train metrics export has all of them.")
    }
}
