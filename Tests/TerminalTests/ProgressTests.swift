import Testing

@testable import Terminal

@Suite("Progress figures") struct ProgressTests {
    private let plain = TerminalStyle(isColoured: false, isUnicode: false)

    private let figures = ProgressFigures(
        .init("epoch 3/10", short: "3/10"), done: 120, of: 469,
        facts: [
            .init("loss 0.341", short: "0.341"), .init("acc 91.0%", short: "91.0%"),
            .init("3m07s left", short: "3m07s"), .init("8,930 img/s", short: "8,930/s"),
        ])

    @Test("a wide window has long words and a bar")
    func wide() {
        #expect(
            figures.line(columns: 120, style: plain)
                == "epoch 3/10  ##########------------------------------  120/469  loss 0.341  acc 91.0%  3m07s left"
                + "  8,930 img/s")
        #expect(
            figures.line(columns: 80, style: plain)
                == "epoch 3/10  ##--------  120/469  loss 0.341  acc 91.0%  3m07s left  8,930 img/s")
    }

    @Test("a narrow window has short words, then no bar, then fewer facts, the most important ones longest")
    func narrow() {
        #expect(figures.line(columns: 48, style: plain) == "3/10 ##------ 120/469 0.341 91.0% 3m07s 8,930/s")
        #expect(figures.line(columns: 40, style: plain) == "3/10 120/469 0.341 91.0% 3m07s 8,930/s")
        #expect(figures.line(columns: 32, style: plain) == "3/10 120/469 0.341 91.0% 3m07s")
        #expect(figures.line(columns: 20, style: plain) == "3/10 120/469 0.341")
        #expect(figures.line(columns: 13, style: plain) == "3/10 120/469")
        #expect(figures.line(columns: 6, style: plain) == "120/4")
        #expect(figures.line(columns: 0, style: plain).isEmpty)
    }

    @Test("a line is narrower than the window, and as wide for any number that is done", arguments: 0..<200)
    func width(columns: Int) {
        var figures = figures
        let widths = [0, 1, 100, 468, 469].map { done in
            figures.done = done
            return figures.line(columns: columns, style: plain).count
        }
        #expect(Set(widths).count == 1)
        #expect(widths[0] < max(columns, 1))
    }

    @Test("a bar is full when all is done and empty before, even of more or less than there is", arguments: [0, 7])
    func ends(total: Int) {
        func marks(_ done: Int) -> Set<Character> {
            let line = ProgressFigures(.init("a"), done: done, of: total).line(columns: 40, style: plain)
            return Set(line.filter { "#-".contains($0) && !line.hasPrefix("-") })
        }
        #expect(marks(total) == ["#"] && marks(total + 1) == ["#"])
        if total > 0 { #expect(marks(0) == ["-"]) }
    }

    @Test("progress without a known end has a count and no bar")
    func endless() {
        let figures = ProgressFigures(.init("listing files", short: "files"), done: 1_234_567, of: nil)
        #expect(figures.line(columns: 80, style: plain) == "listing files  1,234,567")
        #expect(figures.line(columns: 20, style: plain) == "files 1,234,567")
    }

    @Test("colours and letters beyond ASCII change nothing but the bar's looks")
    func looks() {
        let coloured = figures.line(columns: 100, style: TerminalStyle())
        #expect(coloured.contains("\u{1B}[36m━") && coloured.contains("━\u{1B}[0m─"))
        let bare = coloured.replacing("\u{1B}[36m", with: "").replacing("\u{1B}[0m", with: "")
        #expect(
            bare.replacing("━", with: "#").replacing("─", with: "-") == figures.line(columns: 100, style: plain))
    }

    @Test(
        "the environment says what a terminal can show",
        arguments: [
            ([:], false, false, false),
            (["TERM": "xterm"], true, true, false),
            (["TERM": "dumb", "LANG": "C.UTF-8"], false, false, true),
            (["TERM": "xterm", "NO_COLOR": "1", "LANG": "de_DE.utf8"], true, false, true),
            (["TERM": "xterm", "NO_COLOR": "", "LC_ALL": "C", "LANG": "C.UTF-8"], true, true, false),
        ] as [([String: String], Bool, Bool, Bool)])
    func environment(environment: [String: String], moves: Bool, isColoured: Bool, isUnicode: Bool) {
        #expect(
            TerminalStyle(environment: environment)
                == TerminalStyle(movesCursor: moves, isColoured: isColoured, isUnicode: isUnicode))
    }
}
