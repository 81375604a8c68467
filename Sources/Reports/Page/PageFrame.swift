import Checkpoints
import Foundation
import Terminal

/// The document around a page's content. It needs no other document, and asks for none.
struct PageFrame {
    let title: String
    let content: Markup
    /// The seconds after which a browser reloads the page; nil for a page that does not change.
    var refreshSeconds: Int?
    /// Whether there are charts, which a script reads out to pointer and keys.
    var hasCharts = true

    /// The whole document.
    var html: String {
        let refresh: Markup = refreshSeconds.map { "<meta http-equiv=\"refresh\" content=\"\($0)\">\n" } ?? ""
        let script = hasCharts ? "<script>\(PageScript.text)</script>\n" : ""
        // Sheet and script are this program's own texts. The policy allows only these two.
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(policy)">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="referrer" content="no-referrer">
            <link rel="icon" href="data:,">
            \(refresh.text)<title>\(title.htmlEscaped)</title>
            <style>\(PageStyle.sheet)</style>
            </head>
            <body>
            \(content.text)
            \(script)</body>
            </html>

            """
    }

    /// The page's Content Security Policy (level 3): nothing from outside, and inside only this sheet and this script.
    private var policy: String {
        "default-src 'none'; img-src data:; style-src '\(Self.hash(PageStyle.sheet))'; "
            + (hasCharts ? "script-src '\(Self.hash(PageScript.text))'; " : "") + "base-uri 'none'; form-action 'none'"
    }

    private static func hash(_ text: String) -> String {
        "sha256-" + Data(sha256(of: text)).base64EncodedString()
    }
}

/// Parts that pages are made of.
enum PagePart {
    /// Returns a chart with its numbers: for looking at, for the pointer, for arrow keys and for reading.
    static func figure(_ chart: any Chart, isWide: Bool = false, columns: Int? = nil) -> Markup {
        var canvas = SVGCanvas(for: .page)
        draw(chart, on: &canvas)
        let (width, height) = (NumberText.place(chart.size.width), NumberText.place(chart.size.height))
        let (card, wide): (Markup, Markup) = isWide ? (" double", " wide") : ("", "")
        let grid: Markup = columns.map { " data-columns=\"\($0)\"" } ?? ""
        return """
            <figure class="card\(card)" id="chart-\(chart.id)">
            <figcaption><h3>\(chart.title)</h3></figcaption>
            <div class="plot\(wide)" tabindex="0" role="group" aria-label="\(chart.title): arrow keys read its values">
            <svg viewBox="0 0 \(width) \(height)" role="img" aria-label="\(chart.summary)"\(frame(chart))\(grid)>
            \(canvas.elements)</svg>
            <output class="tip" hidden></output>
            </div>
            \(details("Values", table(chart.table, name: chart.title)))
            </figure>

            """
    }

    private static func draw(_ chart: some Chart, on canvas: inout SVGCanvas) { chart.draw(on: &canvas) }

    /// Returns attributes for the script: the area of a chart's curves, and the numbers at the ends of its x axis.
    private static func frame(_ chart: any Chart) -> Markup {
        guard let chart = chart as? LineChart else { return "" }
        let plot = chart.plot
        let numbers = [plot.x, plot.right, plot.y, plot.bottom, chart.x.low, chart.x.high]
        return " data-frame=\"\(numbers.map(NumberText.data).joined(separator: " "))\" data-x=\"\(chart.xName)\""
    }

    static func details(_ summary: String, _ content: Markup) -> Markup {
        "<details><summary>\(summary)</summary>\(content)</details>"
    }

    /// - Parameter name: the table's subject, for people who do not see its heading.
    static func table(_ table: ValueTable, name: String, numbersFrom first: Int = 1) -> Markup {
        let head = table.head.enumerated().map { index, cell in
            index >= first ? "<th scope=\"col\" class=\"n\">\(cell)</th>" : "<th scope=\"col\">\(cell)</th>" as Markup
        }.joined()
        let rows = table.rows.map { row in
            let cells = row.enumerated().map { index, cell -> Markup in
                if index == 0 { return "<th scope=\"row\">\(cell)</th>" }
                return index >= first ? "<td class=\"n\">\(cell)</td>" : "<td>\(cell)</td>"
            }.joined()
            return "<tr>\(cells)</tr>\n" as Markup
        }.joined()
        let note: Markup = table.note.map { "<p class=\"muted\">\($0)</p>" } ?? ""
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="\(name)"><table><thead><tr>\(head)</tr></thead>
            <tbody>\(rows)</tbody></table></div>\(note)
            """
    }

    /// Returns a share of 1 as a bar.
    static func bar(_ share: Double, ink: Ink = .series(0)) -> Markup {
        let width = NumberText.place(100 * min(max(share.isFinite ? share : 0, 0), 1))
        return """
            <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">\
            <rect class="f-grid" width="100" height="8"/><rect class="f-\(ink.name)" width="\(width)" height="8"/></svg>
            """
    }

    static func section(_ id: String, _ title: String, _ content: Markup) -> Markup {
        """
        <section aria-labelledby="\(id)"><h2 id="\(id)">\(title)</h2>
        \(content)
        </section>

        """
    }

    /// Returns a number that a page begins with.
    static func tile(_ name: String, _ value: String, _ note: String = "") -> Markup {
        let small: Markup = note.isEmpty ? "" : "<small>\(note)</small>"
        return "<div><dt>\(name)</dt><dd>\(value)\(small)</dd></div>\n"
    }
}
