import Terminal

/// Text of HTML or SVG. Its literals are used as they are; texts interpolated between them are escaped, so that the
/// name of a class or file cannot become markup.
struct Markup: ExpressibleByStringInterpolation, Sendable {
    private(set) var text: String

    init() { text = "" }
    init(stringLiteral value: StaticString) { text = value.description }
    init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

    struct Interpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        mutating func appendLiteral(_ literal: StaticString) { text += literal.description }
        mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
        mutating func appendInterpolation(_ number: Int) { text += String(number) }
        mutating func appendInterpolation(_ unsafe: String) { text += unsafe.htmlEscaped }
    }

    static func += (markup: inout Markup, addition: Markup) { markup.text += addition.text }
}

extension Sequence<Markup> {
    func joined(separator: Markup = "") -> Markup {
        var all = Markup()
        for (index, part) in enumerated() {
            if index > 0 { all += separator }
            all += part
        }
        return all
    }
}
