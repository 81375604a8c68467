import Runs

/// The page that compares several runs.
package struct ComparisonPage {
    private let comparison: RunComparison
    private let charts: ComparisonCharts
    private let notes: [String]

    package init(_ histories: [RunHistory]) {
        comparison = RunComparison(histories)
        charts = ComparisonCharts(histories)
        var notes = histories.flatMap { history in history.notes.map { "\(history.name): \($0)" } }
        if histories.count > ComparisonCharts.most {
            notes.append("The charts show the first \(ComparisonCharts.most) of \(histories.count) runs.")
        }
        self.notes = notes
    }

    /// The page as HTML.
    package var html: String {
        let numbers = table(comparison.numbers, "number", name: "Final numbers", numbersFrom: 1)
        let recipe: Markup =
            comparison.recipe.isEmpty
            ? "<p>Their recipes are the same.</p>"
            : table(
                comparison.recipe, "key", name: "Differences of the recipes", numbersFrom: comparison.names.count + 1)
        let words = notes.map { "<div class=\"note\" role=\"note\"><p>\($0)</p></div>" as Markup }.joined()
        let figures = charts.curves.map { PagePart.figure($0) }.joined()
        let content: Markup = """
            <a class="skip" href="#main">Skip to the content</a>
            <div class="wrap">
            <header><h1>\(comparison.names.count) runs</h1>
            <p class="muted">\(comparison.names.joined(separator: " · "))</p></header>
            <main id="main">
            \(words)
            \(PagePart.section("numbers", "Numbers", "<div class=\"card\">\(numbers)</div>"))
            \(PagePart.section("curves", "Curves", "<div class=\"grid\">\(figures)</div>"))
            \(PagePart.section("recipe", "What their recipes say otherwise", "<div class=\"card\">\(recipe)</div>"))
            </main>
            <footer>Made by cnn-train.</footer>
            </div>
            """
        return PageFrame(title: "\(comparison.names.count) runs", content: content).html
    }

    private func table(_ rows: [RunComparison.Row], _ head: String, name: String, numbersFrom: Int) -> Markup {
        PagePart.table(
            ValueTable(head: [head] + comparison.names, rows: rows.map { [$0.name] + $0.values }, note: nil),
            name: name, numbersFrom: numbersFrom)
    }
}
