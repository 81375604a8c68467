import Foundation
import TestSupport
import Testing

@testable import Reports

@Suite struct PredictionPageTests {
    private static let evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\" onmouseover=\"alert(1)"

    private static func page(of names: [String]) -> PredictionPage {
        let entries = names.map { name in
            var entry = PredictionPage.Entry(name: name)
            entry.scores = [(name, 0.75), ("a second class", 0.25)]
            entry.picture = MadeRun.dot
            entry.map = MadeRun.dot
            entry.place = "on the left"
            return entry
        }
        return PredictionPage(
            title: "What \(names[0]) sees", facts: [names[0]], mapsMissing: nil,
            entries: entries + [PredictionPage.Entry(name: names[0], error: "\(names[0]) is no picture")], leftOut: 1234
        )
    }

    @Test("whatever names say, there is no script and nothing but the page's own elements")
    func hostileNames() {
        let page = Self.page(of: [Self.evil]).html
        #expect(!page.contains("<script") && !page.contains("<img src=x"))
        #expect(page.matches(of: /<[^>]* on[a-z]+="/).isEmpty)
        #expect(page.contains("What speaks for &lt;script&gt;") && page.contains("1,234 more pictures"))
        #expect(!page.contains("script-src"), "no script has a place in it")
    }

    @Test("a page without maps says why")
    func withoutMaps() {
        let page = PredictionPage(title: "a", facts: [], mapsMissing: "<its end>", entries: []).html
        #expect(page.contains("No maps of where it looks: &lt;its end&gt;."))
    }

    @Test(
        "a browser shows long and odd names on a phone and a wide screen, in light and dark",
        .enabled(if: Browser.isInstalled, Comment(rawValue: Browser.missing)), arguments: [375, 1600], [false, true])
    func shown(width: Int, isDark: Bool) throws {
        let run = try MadeRun()
        let names = [Self.evil, String(repeating: "folder", count: 60) + ".png", "Ä 漢 \u{202E}"]
        try run.write(Self.page(of: names).html, to: "seen.html")
        let view = try Browser.look(at: run.path + "/seen.html", width: width, isDark: isDark)
        #expect(view.complaints.isEmpty && view.overflow == 0 && view.pale.isEmpty && view.nameless.isEmpty)
        #expect(view.pictures.map(\.width) == [1, 1, 1, 1, 1, 1])
        #expect(
            view.bars.map(\.name) == [names[0], "a second class", names[1], "a second class", "Ä 漢 \\u{202e}"]
                + ["a second class"])
        for (bar, share) in zip(view.bars, [0.75, 0.25, 0.75, 0.25, 0.75, 0.25]) {
            #expect(abs(bar.share - share) < 0.01)
        }
    }
}
