import Terminal

/// A page of pictures with a network's predictions for them: one file that needs no other.
package struct PredictionPage {
    /// A picture with its prediction, or a file that is not a picture.
    package struct Entry {
        package var name: String
        /// The likeliest classes, the likeliest first.
        package var scores: [(name: String, probability: Double)] = []
        /// The picture as the network is shown it: a PNG file as a `data:` URL.
        package var picture = ""
        /// The picture under its class activation map for the likeliest class; empty where there is none.
        package var map = ""
        /// The place where that map is strongest, in words.
        package var place = ""
        /// The reason why the file could not be read.
        package var error: String?

        package init(name: String, error: String? = nil) {
            self.name = name
            self.error = error
        }
    }

    private let title: String
    private let facts: [String]
    private let mapsMissing: String?
    private let entries: [Entry]
    private let leftOut: Int

    /// - Parameters:
    ///   - facts: facts of the network and of its input, one a line.
    ///   - mapsMissing: the reason why there are no maps; nil where there are.
    ///   - leftOut: the number of pictures that are not shown, so that the page stays small.
    package init(title: String, facts: [String], mapsMissing: String?, entries: [Entry], leftOut: Int = 0) {
        self.title = title
        self.facts = facts
        self.mapsMissing = mapsMissing
        self.entries = entries
        self.leftOut = leftOut
    }

    /// The whole file.
    package var html: String {
        let footer: Markup =
            leftOut > 0 ? "<footer>\(Wording.grouped(leftOut)) more pictures are not on this page.</footer>" : ""
        let content: Markup = """
            <a class="skip" href="#main">Skip to the content</a>
            <div class="wrap">
            <header>
            <h1>\(title)</h1>
            \(facts.map { "<p class=\"muted\">\($0)</p>\n" as Markup }.joined())\(maps)
            </header>
            <main id="main" class="grid">
            \(entries.map(article).joined())</main>
            \(footer)
            </div>
            """
        return PageFrame(title: title, content: content, hasCharts: false).html
    }

    /// The explanation of each entry's second picture, or the reason why there is none.
    private var maps: Markup {
        if let mapsMissing { return "<p class=\"note\">No maps of where it looks: \(mapsMissing).</p>" }
        return """
            <p class="muted">The second picture of each shows what speaks for the likeliest class: red a little, \
            yellow most. (Class activation maps: Zhou et al., 2016.)</p>
            """
    }

    private func article(_ entry: Entry) -> Markup {
        let content: Markup = entry.error.map { "<p class=\"note\">\($0)</p>" } ?? Self.answer(entry)
        return "<article class=\"card\"><h2>\(entry.name)</h2>\n\(content)</article>\n"
    }

    private static func answer(_ entry: Entry) -> Markup {
        let likeliest = entry.scores.first?.name ?? ""
        var pictures: Markup = "<img src=\"\(entry.picture)\" alt=\"\(entry.name), as the network is shown it\">"
        if !entry.map.isEmpty {
            let place = entry.place.isEmpty ? "" : ", most of all \(entry.place)"
            pictures +=
                "<img src=\"\(entry.map)\" alt=\"What speaks for \(likeliest) in \(entry.name)\(place)\">"
        }
        let rows = entry.scores.map { name, probability in
            """
            <tr><th scope="row">\(name)</th><td>\(PagePart.bar(probability))</td>\
            <td class="n">\(NumberText.shown(probability, .share))</td></tr>

            """ as Markup
        }.joined()
        return """
            <div class="pair">\(pictures)</div>
            <table class="seen"><caption>\(likeliest)</caption><tbody>
            \(rows)</tbody></table>
            """
    }
}
