import CCairo
import Files
import Terminal

/// Draws a PNG picture with cairo.
final class PNGCanvas: Canvas {
    private let cairo: Cairo
    private let palette: Palette
    private let surface: OpaquePointer
    private let context: OpaquePointer

    /// - Parameter scale: pixels a unit.
    /// - Throws: `ReportError.noCairo`, or `.cannotDraw` where memory is short.
    init(width: Double, height: Double, scale: Double, palette: Palette, path: String) throws(ReportError) {
        cairo = try Cairo.loaded()
        self.palette = palette
        let size = (width: Int32((width * scale).rounded()), height: Int32((height * scale).rounded()))
        guard let surface = cairo.makeSurface(Int32(cairo_format_argb32), size.width, size.height),
            let context = cairo.makeContext(surface)
        else { throw .cannotDraw(path: path, reason: "no memory is left") }
        self.surface = surface
        self.context = context
        cairo.scale(context, scale, scale)
        cairo.selectFont(context, "sans-serif", Int32(cairo_slant_normal), Int32(cairo_weight_normal))
        // Round ends have the same number as round joins.
        cairo.setLineJoin(context, Int32(cairo_join_round))
        cairo.setLineCap(context, Int32(cairo_join_round))
    }

    deinit {
        cairo.destroy(context)
        cairo.destroySurface(surface)
    }

    /// Writes the picture to a file.
    ///
    /// - Throws: `ReportError.cannotDraw`
    func write(to path: String) throws(ReportError) {
        let drawn = cairo.surfaceStatus(surface)
        let status = drawn == 0 ? path.withPath { cairo.writeSurface(surface, $0) } : drawn
        guard status == Int32(cairo_status_ok) else {
            throw .cannotDraw(path: path, reason: String(cString: cairo.words(status)))
        }
    }

    func line(_ pieces: [[Position]], _ pen: Pen, values: CurveValues?) {
        use(pen.ink, opacity: pen.opacity)
        cairo.setLineWidth(context, pen.width)
        let dash = pen.isDashed ? [5.0, 4.0] : []
        cairo.setDash(context, dash, Int32(dash.count), 0)
        for piece in pieces {
            guard let first = piece.first else { continue }
            cairo.newPath(context)
            cairo.moveTo(context, first.x, first.y)
            for place in piece.dropFirst() { cairo.lineTo(context, place.x, place.y) }
            // A point by itself is a dot, where a line has round ends.
            if piece.count == 1 { cairo.lineTo(context, first.x, first.y) }
            cairo.stroke(context)
        }
    }

    func rectangle(_ box: Box, fill: Ink, opacity: Double, note: String?) {
        use(fill, opacity: opacity)
        cairo.newPath(context)
        cairo.rectangle(context, box.x, box.y, box.width, box.height)
        cairo.fill(context)
    }

    func circle(at center: Position, radius: Double, fill: Ink) {
        use(fill, opacity: 1)
        cairo.newPath(context)
        cairo.arc(context, center.x, center.y, radius, 0, 2 * Double.pi)
        cairo.fill(context)
    }

    func text(_ text: String, at place: Position, _ style: TextStyle) {
        use(style.ink, opacity: 1)
        let weight = style.isBold ? cairo_weight_bold : cairo_weight_normal
        cairo.selectFont(context, "sans-serif", Int32(cairo_slant_normal), Int32(weight))
        cairo.setFontSize(context, style.size)
        let text = text.visible
        var extents = cairo_extents()
        cairo.measure(context, text, &extents)
        let shift: Double =
            switch style.anchor {
            case .start: 0
            case .middle: -extents.x_advance / 2
            case .end: -extents.x_advance
            }
        cairo.save(context)
        cairo.translate(context, place.x, place.y)
        if style.isUpright { cairo.rotate(context, -Double.pi / 2) }
        cairo.moveTo(context, shift, 0)
        cairo.showText(context, text)
        cairo.restore(context)
    }

    private func use(_ ink: Ink, opacity: Double) {
        let color = palette.color(ink)
        cairo.setColor(
            context, Double(color.red) / 255, Double(color.green) / 255, Double(color.blue) / 255, opacity)
    }
}
