/// A colour in sRGB, each part in 0...255.
struct Color: Hashable, Sendable {
    let red: UInt8
    let green: UInt8
    let blue: UInt8

    /// - Parameter hexadecimal: `0x2563EB`
    init(_ hexadecimal: UInt32) {
        red = UInt8(hexadecimal >> 16 & 0xFF)
        green = UInt8(hexadecimal >> 8 & 0xFF)
        blue = UInt8(hexadecimal & 0xFF)
    }

    /// `#2563eb`
    var css: String {
        "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// The colour of each ink on light or dark surroundings. Texts have the contrast of WCAG 2.2, 1.4.3 with their
/// background (4.5 to 1), lines that of 1.4.11 (3 to 1).
struct Palette: Sendable {
    let surface: Color
    let text: Color
    let muted: Color
    let grid: Color
    let axis: Color
    let series: [Color]
    let heat: [Color]
    /// A text on a cell of the lower and the upper part of `heat`.
    let onHeat: (low: Color, high: Color)
    /// The first step of `heat` that has the text for the upper part.
    let firstHigh: Int

    func color(_ ink: Ink) -> Color {
        switch ink {
        case .surface: surface
        case .text: text
        case .muted: muted
        case .grid: grid
        case .axis: axis
        case .series(let index): series[index % series.count]
        case .heat(let step): heat[min(max(step, 0), heat.count - 1)]
        case .onHeat(let step): step < firstHigh ? onHeat.low : onHeat.high
        }
    }

    static let light = Palette(
        surface: Color(0xFFFFFF), text: Color(0x1F2937), muted: Color(0x586374), grid: Color(0xE6E9EE),
        axis: Color(0x9AA3B0),
        series: [0x2563EB, 0xB95309, 0x15803D, 0x7C3AED, 0xBE185D, 0x0F766E, 0x8A6100, 0x475569].map(Color.init),
        heat: [
            0xF3F6FB, 0xE2EBF9, 0xD1E0F7, 0xBAD1F3, 0x9DBEEE, 0x7FABE9, 0x5F93DF, 0x316CC8, 0x2560BB, 0x1E50A4,
            0x123C86,
        ].map(Color.init),
        onHeat: (Color(0x111827), Color(0xFFFFFF)), firstHigh: 7)

    static let dark = Palette(
        surface: Color(0x171B22), text: Color(0xE6EDF3), muted: Color(0xA1ADBD), grid: Color(0x2A313C),
        axis: Color(0x667286),
        series: [0x6EA8FE, 0xF59E4C, 0x4CC38A, 0xB39DFB, 0xF48FB1, 0x4FD1C5, 0xE3C04F, 0xA3B1C6].map(Color.init),
        heat: [
            0x1D232C, 0x1E2A3D, 0x1F314E, 0x213C65, 0x244980, 0x27579C, 0x5590E6, 0x659BEC, 0x7DAEF3, 0xA1C4F8,
            0xCFE2FF,
        ].map(Color.init),
        onHeat: (Color(0xE6EDF3), Color(0x0B1220)), firstHigh: 6)
}

extension Ink {
    /// The ink's name in a page's style sheet.
    var name: String {
        switch self {
        case .surface: "surface"
        case .text: "text"
        case .muted: "muted"
        case .grid: "grid"
        case .axis: "axis"
        case .series(let index): "s\(index % Ink.seriesCount)"
        case .heat(let step): "h\(step)"
        case .onHeat(let step): "t\(step)"
        }
    }

    static let all: [Ink] =
        [.surface, .text, .muted, .grid, .axis] + (0..<seriesCount).map { .series($0) }
        + (0...heatSteps).flatMap { [.heat($0), .onHeat($0)] }
}
