import Foundation
import Runs
import TestSupport
import Testing

@testable import Reports

@Suite struct PageTests {
    @Test("text between literals is escaped, markup is not")
    func escaping() {
        let name = "<script>alert('1') & \"2\"\u{1B}\u{202E}"
        let inner: Markup = "<b>\(name)</b>"
        let outer: Markup = "<p title=\"\(name)\">\(inner)\(7)</p>"
        let safe = "&lt;script&gt;alert(&#39;1&#39;) &amp; &quot;2&quot;\\u{1b}\\u{202e}"
        #expect(outer.text == "<p title=\"\(safe)\"><b>\(safe)</b>7</p>")
        let letters: Markup = "\("Ä 漢 é")"
        #expect(letters.text == "Ä 漢 é")
    }

    @Test("whatever names say, a page has the program's own script and elements alone")
    func hostileNames() throws {
        let evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\" onmouseover=\"alert(1)"
        let run = try MadeRun()
        try run.fill { "\(evil) \($0)" }
        var detail = MadeRun.detail(classes: 10) { "\(evil) \($0)" }
        detail.wrong[0].name = evil
        detail.wrong[1].picture = "https://example.org/a.png"
        detail.wrong[2].picture = "data:image/svg+xml;base64,AAAA"
        detail.wrong[3].picture = "data:image/png;base64,AA\" onload=\"alert(1)"
        try run.write(detail)
        let metrics = try String(contentsOfFile: run.folder.metrics, encoding: .utf8)
        try run.write(metrics + MadeRun.norms(31, groups: ["<script>x"]) + "\n", to: "metrics.jsonl")
        try run.write("split\tindex\tpath\treason\ntrain\t7\t\(evil)\t\(evil)\n", to: "bad-samples.tsv")
        try run.write("model: lenet\ndata: '\(evil.replacing("'", with: "''"))'\n", to: "config.yaml")
        let page = try run.page()
        #expect(page.matches(of: /<script/).count == 1)
        #expect(!page.contains("<img src=x"))
        #expect(page.matches(of: /<[^>]* on[a-z]+="/).isEmpty)
        #expect(!page.contains("example.org/a.png\""))
        #expect(page.matches(of: /src="(?!data:image\/png;base64,[A-Za-z0-9+\/=]*")/).isEmpty)
        #expect(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"))
    }

    @Test("a page of damaged details is made, with what is left of them")
    func oddDetails() throws {
        let run = try MadeRun()
        try run.fill()
        var detail = MadeRun.detail(classes: 3) { "c\($0)" }
        detail.confusion = [[0, 9, 5], [-1, 0, 5], [0], [], [0, 1, -4], [1, 1, 7]]
        detail.classAccuracy = [0.5]
        detail.wrong[0].label = 77
        detail.calibration = []
        try run.write(detail)
        let matrix = ConfusionMatrix(detail)
        #expect(matrix.samples == 7)
        #expect(matrix.confusedPairs.isEmpty)
        #expect(try run.page().contains("class 77"))
        try run.write(EvaluationDetail(epoch: 1, step: 1, samples: 0, loss: 0, accuracy: 0, classes: []))
        #expect(try run.page().contains("</html>"))
    }

    @Test("a run that has barely begun has a page too")
    func beginning() throws {
        let run = try MadeRun()
        try run.write("model: lenet\n", to: "config.yaml")
        #expect(try run.page().contains("lenet"))
    }

    @Test("100,000 reports and 1,000 classes make a page below 5 MB")
    func size() throws {
        let run = try MadeRun()
        try run.fill(classes: 1000)
        try run.write(Self.longMetrics(), to: "metrics.jsonl")
        var detail = MadeRun.detail(classes: 1000, pictures: 24) { "a class of a rather long name, number \($0)" }
        let picture = "data:image/png;base64," + String(repeating: "iVBORw0K", count: 2500)
        detail.wrong = detail.wrong.map { entry in
            var entry = entry
            entry.picture = picture
            return entry
        }
        detail.unsure = detail.wrong
        try run.write(detail)
        let history = try run.history()
        #expect(history.training.count == 100_000)
        let page = RunPage(history).html()
        #expect(page.utf8.count < 5_000_000)
        #expect(page.utf8.count > 1_000_000, "the pictures are in it")
    }

    static func longMetrics() -> String {
        var text = ""
        for step in 1...100_000 {
            text +=
                MadeRun.train(
                    step, epoch: 1 + step / 1000, loss: 2 / (1 + Double(step) / 500) + Double(step % 13) / 100) + "\n"
            if step % 1000 == 0 {
                text += MadeRun.evaluation(step, epoch: step / 1000, loss: 1, accuracy: 0.5) + "\n"
                text += MadeRun.norms(step, groups: (0..<60).map { "features.denseblock.\($0)" }) + "\n"
            }
        }
        return text
    }

    @Test("several runs are compared on one page: numbers side by side, and what their recipes say otherwise")
    func comparison() throws {
        let (first, second) = (try MadeRun("first"), try MadeRun("second"))
        try first.fill()
        try second.fill()
        try second.write("model: lenet\ndata: shapes\nlr: 0.2\n", to: "config.yaml")
        let histories = [try first.history(), try second.history()]
        let comparison = RunComparison(histories)
        #expect(comparison.names == ["first", "second"])
        #expect(comparison.recipe.map(\.name) == ["lr"])
        #expect(comparison.recipe[0].values == ["0.1", "0.2"])
        let page = ComparisonPage(histories).html
        #expect(page.matches(of: /class="k-s[01] curve"/).count == 10)
    }
}

/// Pages as a browser shows them.
@Suite(.enabled(if: Browser.isInstalled, Comment(rawValue: Browser.missing)), .serialized) struct BrowserTests {
    private func save(_ page: String, _ run: MadeRun) throws -> String {
        try run.write(page, to: "report.html")
        return run.folder.report
    }

    @Test(
        "a report is readable in light and dark, on a phone and a wide screen, and asks for nothing",
        arguments: [375, 1600], [false, true])
    func report(width: Int, isDark: Bool) throws {
        let run = try MadeRun()
        try run.fill { "<script>alert(\($0))</script> & a rather long name of a class" }
        let view = try Browser.look(at: save(run.page(), run), width: width, isDark: isDark)
        #expect(view.complaints.isEmpty)
        #expect(view.requests.filter { !$0.hasPrefix("data:") } == ["file://" + run.folder.report])
        #expect(view.overflow == 0)
        #expect(view.texts > 200)
        #expect(view.pale.isEmpty)
        #expect(view.nameless.isEmpty)
        #expect(view.curves.allSatisfy { $0.contrast >= 3 })
        #expect(view.background == (isDark ? "rgb(14, 17, 22)" : "rgb(246, 247, 249)"))
        #expect(view.pictures.count == 9 && view.pictures.allSatisfy { $0.width > 0 && !$0.alt.isEmpty })
    }

    @Test("charts in the document have the run's numbers, and lie where those say")
    func numbers() throws {
        let run = try MadeRun()
        try run.fill()
        let view = try Browser.look(at: save(run.page(), run))
        let loss = try #require(view.curves.first { $0.chart == "chart-loss" && $0.name == "training" })
        #expect(loss.x == (1...30).map(Double.init))
        for (step, y) in zip(1...30, loss.y) { #expect(abs((y ?? .nan) - 2 / Double(step)) < 1e-5) }
        let test = try #require(view.curves.first { $0.chart == "chart-accuracy" && $0.name == "test" })
        #expect(test.x == [10, 20, 30])
        #expect(test.y == [0.7, 0.8, 0.9])
        // At step 30 of 1 to 30 a curve ends at the plot's right edge.
        let frame = test.frame.split(separator: " ").compactMap { Double($0) }
        #expect(Array(frame.suffix(2)) == [1, 30])
        let steps = test.path.dropFirst().split { " l".contains($0) }.compactMap { Double($0) }
        #expect(abs(steps[0] + steps[2] + steps[4] - frame[1]) < 0.2)
        #expect(view.curves.count { $0.chart == "chart-gradient-norms" } == 3)
        #expect(view.rows.contains(["computing", "1 min 00 s", "60.00 %"]))
        #expect(view.rows.contains(["lr", "0.1"]))
        #expect(view.text.contains("90.00 %"))
    }

    @Test("arrow keys read every chart from its first number to its last")
    func keys() throws {
        let run = try MadeRun()
        try run.fill()
        let view = try Browser.look(at: save(run.page(), run))
        #expect(view.keys.count >= 8)
        #expect(view.keys.allSatisfy { !$0.first.isEmpty && $0.isGone })
        let loss = try #require(view.keys.first { $0.chart == "chart-loss" })
        #expect(loss.first == "step 1training: 2test: 1 (step 10)")
        #expect(loss.last == "step 30training: 0.06667test: 0.3333")
        let confusion = try #require(view.keys.first { $0.chart == "chart-confusion" })
        #expect(confusion.first == "class 0 rightly answered: 90 (90.00 %)")
        #expect(confusion.last == "class 9 rightly answered: 90 (90.00 %)")
    }

    @Test("a thousand classes are shown as the pairs that are confused, on a phone too")
    func manyClasses() throws {
        let run = try MadeRun()
        try run.fill(classes: 1000)
        try run.write(PageTests.longMetrics(), to: "metrics.jsonl")
        let view = try Browser.look(at: save(run.page(), run), width: 375)
        #expect(view.complaints.isEmpty && view.overflow == 0 && view.pale.isEmpty)
        #expect(view.rows.count { $0.count == 4 && $0[2] == "10" } == 30)
        #expect(view.curves.allSatisfy { $0.x.count <= Thinning.most })
        #expect(view.curves.count { $0.chart == "chart-weight-norms" } == Ink.seriesCount)
    }

    @Test("a comparison is readable too", arguments: [375, 1600], [false, true])
    func comparison(width: Int, isDark: Bool) throws {
        let runs = try (1...8).map { try MadeRun("a rather long name of a run, number \($0)") }
        for run in runs { try run.fill() }
        let page = ComparisonPage(try runs.map { try $0.history() }).html
        let view = try Browser.look(at: save(page, runs[0]), width: width, isDark: isDark)
        #expect(view.complaints.isEmpty && view.overflow == 0 && view.pale.isEmpty && view.nameless.isEmpty)
        #expect(view.curves.count { $0.chart == "chart-accuracy" } == 8)
    }
}
