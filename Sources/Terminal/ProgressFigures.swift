/// The numbers and words of a progress bar: how much is done, and facts about the work meanwhile.
package struct ProgressFigures: Hashable, Sendable {
    /// A text in a long and a short form.
    package struct Words: Hashable, Sendable {
        package let long: String
        package let short: String

        /// - Parameter short: nil for the same.
        package init(_ long: String, short: String? = nil) {
            self.long = long
            self.short = short ?? long
        }
    }

    /// The name of the work.
    package var title: Words
    /// The number of things that are done, of `total`.
    package var done: Int
    /// The number of things to do; nil where not known.
    package var total: Int?
    /// The facts, the most important one first: in a narrow window it is left out last.
    package var facts: [Words]

    package init(_ title: Words, done: Int, of total: Int?, facts: [Words] = []) {
        self.title = title
        self.done = done
        self.total = total
        self.facts = facts
    }
}

extension ProgressFigures {
    /// Returns the line that shows the figures in a window. Its width without colours is at most the window's less one
    /// column: a letter in the last column makes some terminals begin another line.
    ///
    /// A wide window has long words and a bar, a narrow one short words and a smaller bar, then no bar, then fewer
    /// facts.
    package func line(columns: Int, style: TerminalStyle) -> String {
        let width = max(columns - 1, 0)
        if let line = line(\.long, between: "  ", width: width, leastBar: 6, style: style) { return line }
        if let line = line(\.short, between: " ", width: width, leastBar: 6, style: style) { return line }
        for count in stride(from: facts.count, through: 0, by: -1) {
            let text = ([title.short, position] + facts.prefix(count).map(\.short)).joined(separator: " ")
            if text.count <= width { return text }
        }
        return String(position.prefix(width))
    }

    /// The most columns of a bar: a longer one shows nothing more.
    private static let longestBar = 40

    /// Returns the line with a bar of at least `leastBar` columns, without a bar where the total is not known; nil
    /// where it does not fit.
    private func line(
        _ form: KeyPath<Words, String>, between gap: String, width: Int, leastBar: Int, style: TerminalStyle
    ) -> String? {
        let behind = [position] + facts.map { $0[keyPath: form] }
        let used = ([title[keyPath: form]] + behind).joined(separator: gap).count
        guard let total else {
            return used <= width ? ([title[keyPath: form]] + behind).joined(separator: gap) : nil
        }
        let left = width - used - gap.count
        guard left >= leastBar else { return nil }
        let bar = Self.bar(columns: min(left, Self.longestBar), done: done, of: total, style: style)
        return ([title[keyPath: form], bar] + behind).joined(separator: gap)
    }

    /// The position: `120/469`, or `120` where the total is not known. Its width stays the same.
    private var position: String {
        guard let total else { return Wording.grouped(done) }
        let all = Wording.grouped(total)
        let own = Wording.grouped(done)
        return String(repeating: " ", count: max(all.count - own.count, 0)) + own + "/" + all
    }

    private static func bar(columns: Int, done: Int, of total: Int, style: TerminalStyle) -> String {
        let share = total > 0 ? min(max(Double(done) / Double(total), 0), 1) : 1
        let filled = Int(share * Double(columns))
        let marks = style.isUnicode ? ("━", "─") : ("#", "-")
        let (before, after) = style.isColoured ? ("\u{1B}[36m", "\u{1B}[0m") : ("", "")
        let isEmpty = filled == 0
        return (isEmpty ? "" : before + String(repeating: marks.0, count: filled) + after)
            + String(repeating: marks.1, count: columns - filled)
    }
}
