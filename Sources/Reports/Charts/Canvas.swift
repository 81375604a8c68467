/// A place on a canvas, in units that a page shows as pixels: x to the right, y down.
struct Position: Hashable, Sendable {
    var x: Double
    var y: Double
}

/// A rectangle with its sides along the axes.
struct Box: Hashable, Sendable {
    var x: Double
    var y: Double
    var width: Double
    var height: Double

    var right: Double { x + width }
    var bottom: Double { y + height }
    var middle: Position { Position(x: x + width / 2, y: y + height / 2) }
}

/// A colour by its purpose. A page has one for light and one for dark surroundings.
enum Ink: Hashable, Sendable {
    case surface
    case text
    case muted
    case grid
    case axis
    /// The colour of a series; eight distinct ones, which repeat after the eighth.
    case series(Int)
    /// A cell of a heat map, from 0 for nothing to 10 for all.
    case heat(Int)
    /// A text on a heat map's cell.
    case onHeat(Int)

    static let seriesCount = 8
    static let heatSteps = 10
}

/// The colour and shape of a line.
struct Pen: Hashable, Sendable {
    var ink: Ink
    var width = 1.0
    var opacity = 1.0
    var isDashed = false
}

/// The colour, size and direction of a text.
struct TextStyle: Hashable, Sendable {
    enum Anchor: String, Sendable { case start, middle, end }

    var ink = Ink.muted
    /// The letters' height.
    var size = 11.0
    var anchor = Anchor.start
    var isBold = false
    /// Whether it reads upwards.
    var isUpright = false
}

/// The numbers of a line, which a page keeps beside it.
struct CurveValues: Hashable, Sendable {
    var name: String
    var x: [Double]
    var y: [Double]
    var kind: NumberText.Kind
}

/// A surface for charts: SVG text or a PNG picture.
protocol Canvas {
    /// Draws a line through `points`, in pieces that are interrupted where there are no numbers.
    mutating func line(_ pieces: [[Position]], _ pen: Pen, values: CurveValues?)
    mutating func rectangle(_ box: Box, fill: Ink, opacity: Double, note: String?)
    mutating func circle(at center: Position, radius: Double, fill: Ink)
    mutating func text(_ text: String, at place: Position, _ style: TextStyle)
}

extension Canvas {
    mutating func line(_ points: [Position], _ pen: Pen) { line([points], pen, values: nil) }

    mutating func rectangle(_ box: Box, fill: Ink, opacity: Double = 1) {
        rectangle(box, fill: fill, opacity: opacity, note: nil)
    }
}

/// Estimates of a text's width: charts are laid out before there is a font.
enum TextWidth {
    /// Returns the estimated width of a text in a sans-serif font of `size`.
    static func of(_ text: String, size: Double) -> Double {
        text.unicodeScalars.reduce(0.0) { width, scalar in
            switch scalar {
            case "i", "j", "l", "t", "f", "r", ".", ",", ":", ";", "'", "|", " ", "(", ")", "I": width + 0.34 * size
            case "m", "w", "M", "W", "%", "@": width + 0.88 * size
            // Ideographs and emoji are as wide as they are high.
            case _ where scalar.value >= 0x1100: width + size
            case _ where scalar.properties.isUppercase: width + 0.7 * size
            default: width + 0.58 * size
            }
        }
    }

    /// Returns the text, or as much of its beginning as fits, with an ellipsis.
    static func fitted(_ text: String, into width: Double, size: Double) -> String {
        guard of(text, size: size) > width else { return text }
        var kept = ""
        var used = 0.8 * size
        for character in text {
            used += of(String(character), size: size)
            if used > width { break }
            kept.append(character)
        }
        return kept + "…"
    }
}
