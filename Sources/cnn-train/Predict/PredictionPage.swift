import Foundation
import Terminal

/// A page of pictures and of what a network sees in them: one file that needs nothing else.
///
/// Names come from files and folders, so that every one is escaped. Pictures are in the page as `data:` URLs.
struct PredictionPage {
    /// A picture, or a file that is none.
    struct Entry {
        var name: String
        /// The likeliest classes, the likeliest first.
        var scores: [(name: String, probability: Double)] = []
        /// As the network is shown it.
        var picture = ""
        /// With the map of what speaks for the likeliest class; empty where there is none.
        var map = ""
        /// The place where that map is strongest, in words.
        var place = ""
        /// The reason why it could not be read.
        var error: String?
    }

    var title: String
    /// Facts of the network and of what it was shown, one a line.
    var facts: [String]
    /// The reason why there are no maps; nil where there are.
    var mapsMissing: String?
    var entries: [Entry]
    /// Pictures that are not shown, so that the page stays small.
    var leftOut = 0

    /// The whole file.
    var html: String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <link rel="icon" href="data:,">
        <title>\(title.htmlEscaped)</title>
        <style>
        \(Self.style)
        </style>
        </head>
        <body>
        <header>
        <h1>\(title.htmlEscaped)</h1>
        \(facts.map { "<p>\($0.htmlEscaped)</p>" }.joined(separator: "\n"))
        \(maps)
        </header>
        <main>
        \(entries.map(article).joined(separator: "\n"))
        </main>
        \(leftOut > 0 ? "<footer><p>\(leftOut) more pictures are not on this page.</p></footer>" : "")
        </body>
        </html>

        """
    }

    /// The explanation of each entry's second picture, or the reason why there is none.
    private var maps: String {
        if let mapsMissing { return "<p class=\"note\">No maps of where it looks: \(mapsMissing.htmlEscaped).</p>" }
        return """
            <p>The second picture of each shows what speaks for the likeliest class: red a little, yellow most. (Class \
            activation maps: Zhou et al., 2016.)</p>
            """
    }

    private func article(_ entry: Entry) -> String {
        let name = entry.name.htmlEscaped
        if let error = entry.error {
            return "<article><h2>\(name)</h2><p class=\"note\">\(error.htmlEscaped)</p></article>"
        }
        let likeliest = (entry.scores.first?.name ?? "").htmlEscaped
        var pictures = "<img src=\"\(entry.picture)\" alt=\"\(name), as the network is shown it\">"
        if !entry.map.isEmpty {
            let place = entry.place.isEmpty ? "" : ", most of all \(entry.place.htmlEscaped)"
            pictures += "<img src=\"\(entry.map)\" alt=\"What speaks for \(likeliest) in \(name)\(place)\">"
        }
        return """
            <article>
            <h2>\(name)</h2>
            <div class="pictures">\(pictures)</div>
            <table>
            <caption>\(likeliest)</caption>
            <thead><tr><th scope="col">class</th><th scope="col">probability</th></tr></thead>
            <tbody>
            \(entry.scores.map(row).joined(separator: "\n"))
            </tbody>
            </table>
            </article>
            """
    }

    private func row(_ score: (name: String, probability: Double)) -> String {
        let percent = String(format: "%.1f", score.probability * 100)
        return """
            <tr><th scope="row">\(score.name.htmlEscaped)</th><td><span class="bar" style="width:\(percent)%"></span>\
            <span class="number">\(percent)%</span></td></tr>
            """
    }

    private static let style = """
        :root { --paper: #ffffff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --bar: #9ec5fe; }
        @media (prefers-color-scheme: dark) {
          :root { --paper: #0d1117; --ink: #e6edf3; --soft: #9aa4af; --line: #30363d; --bar: #1f4d8f; }
        }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 80rem; padding: 1rem; background: var(--paper); color: var(--ink);
          font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1rem; margin: 0 0 .5rem; }
        header { margin-bottom: 1rem; } header p { margin: .25rem 0; color: var(--soft); }
        .note { color: var(--ink); font-weight: 600; }
        main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); }
        article { border: 1px solid var(--line); border-radius: .5rem; padding: .75rem; }
        .pictures { display: grid; grid-auto-columns: 1fr; grid-auto-flow: column; gap: .5rem; }
        .pictures img { width: 100%; height: auto; display: block; border-radius: .25rem; }
        table { width: 100%; border-collapse: collapse; margin-top: .5rem; table-layout: fixed; }
        caption { text-align: left; font-weight: 600; }
        thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        tbody th { text-align: left; font-weight: normal; width: 45%; padding: .1rem .5rem .1rem 0; }
        td { position: relative; } .bar { position: absolute; inset: .15rem auto .15rem 0; background: var(--bar);
          border-radius: .2rem; } .number { position: relative; padding-left: .25rem; }
        """
}
