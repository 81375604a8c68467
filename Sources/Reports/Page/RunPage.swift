import Runs
import Terminal

/// A run's report: one page that needs no other file.
package struct RunPage {
    let history: RunHistory
    let charts: RunCharts

    package init(_ history: RunHistory) {
        self.history = history
        charts = RunCharts(history)
    }

    /// Returns the page as HTML.
    ///
    /// - Parameter refreshSeconds: after which a browser asks for it again; nil for a file.
    package func html(refreshSeconds: Int? = nil) -> String {
        let sections = [
            ("curves", "Curves", curves), ("time-spent", "Time", time), ("evaluation", "Evaluation", evaluation),
            ("pictures", "Pictures", pictures), ("events", "Events", events), ("network", "Network and machine", facts),
            ("recipe", "Recipe", recipe),
        ].compactMap { id, title, content in content.map { (id: id, title: title, content: $0) } }
        let links = sections.map { "<a href=\"#\($0.id)\">\($0.title)</a>" as Markup }.joined(separator: "\n")
        let body = sections.map { PagePart.section($0.id, $0.title, $0.content) }.joined()
        let content: Markup = """
            <a class="skip" href="#main">Skip to the content</a>
            <div class="wrap">
            <header>
            <div class="top"><h1>\(history.name)</h1>\(badge)</div>
            <p class="muted">\(subtitle)</p>
            <nav aria-label="Sections">
            \(links)
            </nav>
            </header>
            <main id="main">
            <dl class="tiles">
            \(tiles)</dl>
            \(notes)
            \(body)</main>
            <footer>\(footer)</footer>
            </div>
            """
        return PageFrame(title: "\(history.name): \(headline)", content: content, refreshSeconds: refreshSeconds).html
    }

    private var badge: Markup { "<span class=\"badge \(history.state.rawValue)\">\(history.state.rawValue)</span>" }

    private var headline: String {
        let model = history.setting("model") ?? "a network"
        return history.setting("data").map { "\(model) on \($0)" } ?? model
    }

    private var subtitle: String {
        var words = [headline]
        if let facts = history.facts {
            words.append("\(Wording.grouped(facts.parameters)) parameters")
            words.append("\(facts.imageSize) × \(facts.imageSize) pixels, \(facts.classes) classes")
        }
        if let reason = history.stoppedBy { words.append("ended early: \(reason)") }
        return words.joined(separator: " · ")
    }

    private var tiles: Markup {
        var tiles: [Markup] = []
        if let last = history.last {
            let best = history.best.map { "best \(NumberText.shown($0.accuracy, .share)) in epoch \($0.epoch)" } ?? ""
            tiles.append(PagePart.tile("Test accuracy", NumberText.shown(last.accuracy, .share), best))
            tiles.append(PagePart.tile("Test loss", NumberText.shown(last.loss)))
        }
        if let views = history.augmentedEvaluation {
            tiles.append(PagePart.tile("With several views", NumberText.shown(views.accuracy, .share)))
        }
        if let loss = history.training.loss.last {
            tiles.append(PagePart.tile("Training loss", NumberText.shown(loss), "of the last steps"))
        }
        if let error = history.detail?.calibrationError {
            tiles.append(PagePart.tile("Calibration error", NumberText.shown(error, .share)))
        }
        tiles.append(PagePart.tile("Epochs", Wording.grouped(history.epochs), stepWords))
        if let speed = history.imagesPerSecond {
            tiles.append(PagePart.tile("Images per second", Wording.grouped(Int(min(speed, 1e15))), "median"))
        }
        if let seconds = history.seconds {
            tiles.append(PagePart.tile("Time", NumberText.duration(seconds)))
        }
        return tiles.joined()
    }

    private var stepWords: String {
        let steps = Wording.grouped(history.steps)
        return history.fittedSteps.map { "\(steps) of \(Wording.grouped($0)) steps" } ?? "\(steps) steps"
    }

    private var notes: Markup {
        history.notes.isEmpty
            ? "" : "<div class=\"note\" role=\"note\">\(history.notes.map { "<p>\($0)</p>" as Markup }.joined())</div>"
    }

    private var footer: Markup {
        let maker: Markup = "Made by cnn-train from \(history.folder.path)."
        guard let digest = history.parametersSHA256, !digest.isEmpty else { return maker }
        return "\(maker) SHA-256 of all parameters: <code>\(digest)</code>"
    }

    // MARK: Sections

    private var curves: Markup? {
        guard !charts.curves.isEmpty else { return nil }
        return "<div class=\"grid\">\(charts.curves.map { PagePart.figure($0) }.joined())</div>"
    }

    private var time: Markup? {
        guard let chart = charts.time else { return nil }
        let peak = history.time?.peakMemory.map(Wording.bytes)
        let memory: Markup = peak.map { "<p class=\"muted\">Peak memory of rank 0: \($0).</p>" } ?? ""
        return "<div class=\"grid\">\(PagePart.figure(chart))</div>\(memory)"
    }

    private var events: Markup? {
        let rows = history.events.map { event in
            [event.time ?? NumberText.none, event.step.map(Wording.grouped) ?? NumberText.none, event.words]
        }
        let bad = history.badSamples.map { [$0.path, $0.split, $0.index, $0.reason] }
        let parts = [
            Self.list("What happened", ["time", "step", "event"], rows),
            Self.list(
                "Samples that could not be read: \(Wording.grouped(bad.count))",
                ["file", "split", "sample", "reason"], bad),
        ].compactMap(\.self)
        return parts.isEmpty ? nil : "<div class=\"grid\">\(parts.joined())</div>"
    }

    /// Returns a card with the newest rows of a list; nil where it is empty.
    private static func list(_ title: String, _ head: [String], _ rows: [[String]]) -> Markup? {
        guard !rows.isEmpty else { return nil }
        let note = rows.count > mostRows ? "The last \(mostRows) of \(Wording.grouped(rows.count))." : nil
        let table = ValueTable(head: head, rows: rows.suffix(mostRows), note: note)
        return card(title, PagePart.table(table, name: title, numbersFrom: head.count))
    }

    /// Rows of a table that has no end of them.
    private static let mostRows = 100

    static func card(_ title: String, _ content: Markup) -> Markup {
        "<div class=\"card\"><h3>\(title)</h3>\n\(content)</div>\n"
    }

    private var recipe: Markup? {
        guard !history.recipe.isEmpty else { return nil }
        let table = PagePart.table(
            ValueTable(head: ["key", "value"], rows: history.recipe.map { [$0.key, $0.value] }, note: nil),
            name: "Recipe", numbersFrom: 9)
        return "<div class=\"card\">\(PagePart.details("config.yaml, \(history.recipe.count) values", table))</div>"
    }
}
