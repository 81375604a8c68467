/// A canvas that writes SVG 1.1: for a page, whose style sheet has the inks, or for a file by itself, with its own
/// colours.
struct SVGCanvas: Canvas {
    enum Place {
        /// Inks are classes: `k-s0` strokes with the first series' colour, `f-s0` fills with it.
        case page
        case file(Palette)
    }

    private let place: Place
    private(set) var elements = Markup()

    init(for place: Place) {
        self.place = place
    }

    mutating func line(_ pieces: [[Position]], _ pen: Pen, values: CurveValues?) {
        let path = pieces.filter { !$0.isEmpty }.map(Self.path).joined()
        guard !path.isEmpty else { return }
        let dash: Markup = pen.isDashed ? " stroke-dasharray=\"5 4\"" : ""
        let opacity: Markup = pen.opacity == 1 ? "" : " stroke-opacity=\"\(NumberText.place(pen.opacity))\""
        elements += """
            <path fill="none"\(stroke(pen.ink, isCurve: values != nil)) stroke-width="\(NumberText.place(pen.width))"\
            \(dash)\(opacity)\(data(values)) d="\(path)"/>

            """
    }

    mutating func rectangle(_ box: Box, fill: Ink, opacity: Double, note: String?) {
        let faint: Markup = opacity == 1 ? "" : " fill-opacity=\"\(NumberText.place(opacity))\""
        let head: Markup = """
            <rect\(self.fill(fill)) x="\(NumberText.place(box.x))" y="\(NumberText.place(box.y))" \
            width="\(NumberText.place(box.width))" height="\(NumberText.place(box.height))"\(faint)
            """
        if let note, case .page = place {
            elements += "\(head) data-note=\"\(note)\"/>\n"
        } else {
            elements += "\(head)/>\n"
        }
    }

    mutating func circle(at center: Position, radius: Double, fill: Ink) {
        elements += """
            <circle\(self.fill(fill)) cx="\(NumberText.place(center.x))" cy="\(NumberText.place(center.y))" \
            r="\(NumberText.place(radius))"/>

            """
    }

    mutating func text(_ text: String, at place: Position, _ style: TextStyle) {
        let (x, y) = (NumberText.place(place.x), NumberText.place(place.y))
        let anchor: Markup = style.anchor == .start ? "" : " text-anchor=\"\(style.anchor.rawValue)\""
        let weight: Markup = style.isBold ? " font-weight=\"600\"" : ""
        let turn: Markup = style.isUpright ? " transform=\"rotate(-90 \(x) \(y))\"" : ""
        elements += """
            <text\(fill(style.ink)) x="\(x)" y="\(y)" font-size="\(NumberText.place(style.size))"\
            \(anchor)\(weight)\(turn)>\(text)</text>

            """
    }

    private func stroke(_ ink: Ink, isCurve: Bool) -> Markup {
        switch place {
        case .page: " class=\"k-\(ink.name)\(isCurve ? " curve" : "")\""
        case .file(let palette): " stroke=\"\(palette.color(ink).css)\""
        }
    }

    private func fill(_ ink: Ink) -> Markup {
        switch place {
        case .page: " class=\"f-\(ink.name)\""
        case .file(let palette): " fill=\"\(palette.color(ink).css)\""
        }
    }

    private func data(_ values: CurveValues?) -> Markup {
        guard let values, case .page = place else { return "" }
        let x = values.x.map(NumberText.data).joined(separator: " ")
        let y = values.y.map(NumberText.data).joined(separator: " ")
        let kind = values.kind.rawValue
        return " data-name=\"\(values.name)\" data-kind=\"\(kind)\" data-x=\"\(x)\" data-y=\"\(y)\""
    }

    /// Returns a line as a path: the first point, and the rest as differences in tenths, which are shorter.
    private static func path(_ points: [Position]) -> String {
        var text = ""
        var (lastX, lastY) = (0, 0)
        for (index, point) in points.enumerated() {
            let (x, y) = (Int((point.x * 10).rounded()), Int((point.y * 10).rounded()))
            if index == 0 {
                text += "M\(tenths(x)) \(tenths(y))"
                // A point by itself is a dot, where a line has round ends.
                if points.count == 1 { text += "h0" }
            } else {
                text += (index == 1 ? "l" : " ") + "\(tenths(x - lastX)) \(tenths(y - lastY))"
            }
            (lastX, lastY) = (x, y)
        }
        return text
    }

    private static func tenths(_ number: Int) -> String {
        let (whole, rest) = (number.magnitude / 10, number.magnitude % 10)
        return (number < 0 ? "-" : "") + "\(whole)" + (rest == 0 ? "" : ".\(rest)")
    }
}

extension Chart {
    /// Returns the chart as an SVG file by itself.
    func svgFile(palette: Palette = .light) -> String {
        var canvas = SVGCanvas(for: .file(palette))
        let size = plotSize
        canvas.rectangle(Box(x: 0, y: 0, width: size.width, height: size.height), fill: .surface)
        drawWithTitle(on: &canvas)
        let (width, height) = (NumberText.place(size.width), NumberText.place(size.height))
        let markup: Markup = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" \
            width="\(width)" height="\(height)" \
            font-family="DejaVu Sans, Verdana, sans-serif" stroke-linejoin="round" stroke-linecap="round">
            <title>\(title)</title>
            \(canvas.elements)</svg>

            """
        return markup.text
    }
}
