import Terminal

/// The reason why a run cannot be shown, compared or exported.
package enum ReportError: Error, Equatable, Sendable {
    /// A folder without `config.yaml` and `metrics.jsonl`.
    case noRun(path: String)
    /// Words of a query that are not valid; `expected` are the valid forms.
    case invalidQuery(found: String, expected: String)
    case unknownColumn(found: String, known: [String])
    /// cairo, which draws PNG pictures, cannot be loaded.
    case noCairo(reason: String)
    /// cairo cannot draw or write a picture.
    case cannotDraw(path: String, reason: String)
    case cannotWrite(path: String, reason: String)
    case noMetrics(path: String, kind: String, found: [String])
}

extension ReportError: CustomStringConvertible {
    package var description: String { text.visible }

    private var text: String {
        switch self {
        case .noRun(let path):
            "\(path): there is no run here: neither config.yaml nor metrics.jsonl. Name a run's OUTPUT"
        case .invalidQuery(let found, let expected):
            "query: found \(found); expected \(expected)"
        case .unknownColumn(let found, let known):
            "there is no column \(found); there are \(known.joined(separator: ", ")), and every key of a recipe"
        case .noCairo(let reason):
            "PNG pictures are drawn by cairo, which cannot be loaded: \(reason). Install Debian's libcairo2, or ask "
                + "for --format svg"
        case .cannotDraw(let path, let reason):
            "\(path): cairo cannot draw it: \(reason)"
        case .cannotWrite(let path, let reason):
            "cannot write \(path): \(reason)"
        case .noMetrics(let path, let kind, let found):
            "\(path) has no line of kind \(kind); it has \(found.isEmpty ? "none" : found.joined(separator: ", "))"
        }
    }
}
