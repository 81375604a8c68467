import Files
package import Runs

/// Lines of `metrics.jsonl` as comma-separated values (RFC 4180): a row a line, a column for each key that any of them
/// has.
package struct MetricsTable: Sendable {
    private var columns: [String] = []
    private var rows: [[String: String]] = []

    /// Reads the lines of one kind. Numbers keep the digits that they have there.
    ///
    /// - Throws: `ReportError.noRun`, or `.noMetrics` where no line is of that kind.
    package init(of folder: RunFolder, kind: String) throws(ReportError) {
        guard fileExists(folder.metrics), let bytes = try? readFile(folder.metrics, limit: Int.max) else {
            throw .noRun(path: folder.path)
        }
        var kinds: [String] = []
        var table = Self()
        var fields = JSONFields()
        forEachLine(of: bytes) { line, _, span in
            guard fields.read(line, of: span) else { return true }
            let cells = fields.fields.map { (Self.text($0.key, of: span), Self.cell($0.value, of: span)) }
            guard let own = cells.first(where: { $0.0 == "kind" })?.1 else { return true }
            if !kinds.contains(own) { kinds.append(own) }
            guard own == kind else { return true }
            if fields.isNested {
                table.addGroups(of: Self.text(line, of: span), head: cells)
            } else {
                table.add(cells)
            }
            return true
        }
        guard !table.rows.isEmpty else { throw .noMetrics(path: folder.metrics, kind: kind, found: kinds) }
        self = table
    }

    private init() {}

    private mutating func add(_ cells: [(String, String)]) {
        for (name, _) in cells where name != "kind" && !columns.contains(name) { columns.append(name) }
        rows.append(Dictionary(cells, uniquingKeysWith: { first, _ in first }))
    }

    /// Adds a row for each group of a line of kind `norms`.
    private mutating func addGroups(of line: String, head: [(String, String)]) {
        guard let norms = try? HistoryLines.norms(in: line) else { return }
        for group in norms.groups {
            let lengths = [("weights", group.weights), ("gradients", group.gradients)]
            add(head + [("group", group.name)] + lengths.map { ($0.0, $0.1.isNaN ? "" : "\($0.1)") })
        }
    }

    /// The whole table, its head first.
    package var csv: String {
        let lines = [columns] + rows.map { row in columns.map { row[$0] ?? "" } }
        return lines.map { $0.map(\.csvField).joined(separator: ",") + "\n" }.joined()
    }

    private static func text(_ place: Range<Int>, of bytes: borrowing Span<UInt8>) -> String {
        String(decoding: place.map { bytes[$0] }, as: UTF8.self)
    }

    /// Returns a value's text: empty for null, a text without its quotes and escapes.
    private static func cell(_ place: Range<Int>, of bytes: borrowing Span<UInt8>) -> String {
        let text = text(place, of: bytes)
        if text == "null" { return "" }
        guard text.hasPrefix("\"") else { return text }
        return HistoryLines.unquoted(text) ?? String(text.dropFirst().dropLast())
    }
}
