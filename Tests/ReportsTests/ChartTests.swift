import Foundation
import Runs
import Testing

@testable import Reports

@Suite struct ChartTests {
    private func chart(_ x: [Double], _ y: [Double], kind: NumberText.Kind = .plain) -> LineChart {
        LineChart(id: "c", title: "C", [LineChart.Curve(name: "a", x: x, y: y, ink: 0)], kind: kind)
    }

    @Test("a point lies where its numbers say, between the ends of both axes")
    func positions() {
        let chart = chart([0, 50, 100], [0, 1, 4])
        let plot = chart.plot
        #expect(chart.position(0, 0) == Position(x: plot.x, y: plot.bottom))
        #expect(chart.position(100, 4) == Position(x: plot.right, y: plot.y))
        #expect(chart.position(50, 1) == Position(x: plot.x + plot.width / 2, y: plot.bottom - plot.height / 4))
    }

    @Test("an SVG path is the curve's points, in tenths of a unit")
    func path() {
        let chart = chart([0, 50, 100], [0, 1, 4])
        var canvas = SVGCanvas(for: .page)
        chart.draw(on: &canvas)
        // From (48, 210) by (180, -50) and (180, -150): the plot is 360 wide and 200 high.
        #expect(canvas.elements.text.contains("d=\"M48 210l180 -50 180 -150\""))
        #expect(
            canvas.elements.text.contains("data-name=\"a\" data-kind=\"plain\" data-x=\"0 50 100\" data-y=\"0 1 4\""))
    }

    @Test("where there is no number a curve has a gap")
    func gap() {
        let chart = chart([0, 1, 2, 3, 4], [0, 1, .nan, 1, 0])
        var canvas = SVGCanvas(for: .page)
        chart.draw(on: &canvas)
        let path = canvas.elements.text.firstMatch(of: /d="(M[^"]*)" ?\/>/)?.1 ?? ""
        #expect(canvas.elements.text.contains("data-y=\"0 1  1 0\""))
        #expect(canvas.elements.text.split(separator: "d=\"M48 210").last?.contains("M318") == true, "\(path)")
    }

    @Test("axes end at whole ticks and name them briefly")
    func ticks() {
        let scale = Scale(of: [0.13, 2.31])
        #expect(scale.low == 0 && scale.high == 2.5)
        #expect(
            scale.ticks.map { NumberText.tick($0, step: scale.step, .plain) } == [
                "0", "0.5", "1.0", "1.5", "2.0", "2.5",
            ])
        let steps = Scale(of: [1, 46_900], isExact: true)
        #expect(steps.ticks.map { NumberText.tick($0, step: steps.step, .plain) } == ["10k", "20k", "30k", "40k"])
        let shares = Scale(of: [0.5, 1], within: 0...1)
        #expect(shares.ticks.map { NumberText.tick($0, step: shares.step, .share) }.last == "100%")
    }

    @Test("no two ticks of an axis have the same words, however little its numbers differ")
    func flat() {
        for (low, high) in [(0.025 - 1e-9, 0.025), (0.0249, 0.025), (-5, -5 + 1e-8), (0, 1e-9), (1e6, 1e6 + 1)] {
            let scale = Scale(of: [low, high])
            let words = scale.ticks.map { NumberText.tick($0, step: scale.step, .plain) }
            #expect(Set(words).count == words.count && words.count > 1, "\(words)")
            #expect(scale.low <= low && scale.high >= high)
        }
        let steps = Scale(of: [1_000_000, 1_000_030], isExact: true)
        #expect(steps.low == 1_000_000 && steps.high == 1_000_030)
    }

    @Test("numbers that differ a hundredfold get a logarithmic axis where one is allowed")
    func logarithmic() {
        let scale = Scale(of: [0.002, 5], mayBeLogarithmic: true)
        #expect(scale.isLogarithmic && scale.low == 0.001 && scale.high == 10)
        #expect(abs(scale.place(0.1) - 0.5) < 1e-12)
        #expect(!Scale(of: [0.2, 5], mayBeLogarithmic: true).isLogarithmic)
        #expect(!Scale(of: [0, 5], mayBeLogarithmic: true).isLogarithmic)
    }

    @Test(
        "odd numbers draw a chart and trap nowhere",
        arguments: [
            [], [1], [.nan, .nan], [.infinity, 1], [1e300, -1e300], [1e-320, 1e-310], [5, 5, 5], [1e15, 1e15 + 1],
            [-.infinity], [0, .greatestFiniteMagnitude], [1e99, 1e-99],
        ] as [[Double]])
    func oddNumbers(y: [Double]) {
        for kind in [NumberText.Kind.plain, .share, .count] {
            for mayBeLogarithmic in [true, false] {
                let chart = LineChart(
                    id: "c", title: "C", [LineChart.Curve(name: "a", x: y.indices.map(Double.init), y: y, ink: 0)],
                    kind: kind, mayBeLogarithmic: mayBeLogarithmic)
                #expect(chart.svgFile().contains("</svg>"))
                #expect(!chart.svgFile().contains("nan"))
                #expect(chart.table.rows.count == y.count)
            }
        }
    }

    @Test("a thinned curve keeps its ends and its greatest and least numbers, in their order")
    func thinning() {
        var numbers = (0..<100_000).map { Double($0 % 17) }
        numbers[43_210] = 900
        numbers[77_777] = -900
        let kept = Thinning.kept(of: numbers)
        #expect(kept.count <= Thinning.most && kept.count > 500)
        #expect(kept == kept.sorted() && Set(kept).count == kept.count)
        #expect(kept.first == 0 && kept.last == 99_999)
        #expect(kept.contains(43_210) && kept.contains(77_777))
        #expect(Thinning.kept(of: Array(numbers.prefix(1000))) == Array(0..<1000))
        #expect(Thinning.kept(of: Array(repeating: .nan, count: 5000)).count <= Thinning.most)
    }

    @Test("charts read aloud say where a curve begins and ends")
    func summary() {
        #expect(chart([1, 2], [0.5, 0.9], kind: .share).summary == "C by step: a goes from 50.00 % to 90.00 %.")
        #expect(chart([], []).summary == "C by step: no numbers yet.")
    }

    @Test("colours of texts and lines contrast with what they stand on", arguments: [true, false])
    func contrast(isDark: Bool) {
        let palette = isDark ? Palette.dark : Palette.light
        for ink in [palette.text, palette.muted] + palette.series {
            #expect(contrast(ink, palette.surface) >= 4.5, "\(ink.css)")
        }
        for step in 0...Ink.heatSteps {
            #expect(contrast(palette.color(.onHeat(step)), palette.color(.heat(step))) >= 4.5, "step \(step)")
        }
    }

    /// WCAG 2.2's contrast ratio.
    private func contrast(_ first: Color, _ second: Color) -> Double {
        func luminance(_ color: Color) -> Double {
            func linear(_ part: UInt8) -> Double {
                let share = Double(part) / 255
                return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
            }
            return 0.2126 * linear(color.red) + 0.7152 * linear(color.green) + 0.0722 * linear(color.blue)
        }
        let (a, b) = (luminance(first), luminance(second))
        return (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }

    @Test("a PNG picture has the size that was asked for", .enabled(if: (try? Cairo.loaded()) != nil, "no cairo here"))
    func png() throws {
        let run = try MadeRun()
        try run.fill()
        let paths = try ChartFiles.write([try run.history()], to: run.path + "/plots", as: .png)
        #expect(paths.count >= 9)
        for path in paths {
            let bytes = try Data(contentsOf: URL(filePath: path))
            #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]), "\(path)")
        }
        let loss = try Data(contentsOf: URL(filePath: run.path + "/plots/loss.png"))
        // IHDR: 420 units of 2.5 pixels.
        let width = loss[16..<20].reduce(0) { width, byte -> Int in width << 8 | Int(byte) }
        #expect(width == 1050)
    }

    @Test("where cairo is missing an error names Debian's package")
    func noCairo() {
        #expect { _ = try Cairo(names: ["libno-such-thing.so"]) } throws: { "\($0)".contains("libcairo2") }
    }

    @Test("SVG files are XML that a parser takes, whatever a class is called")
    func svgFiles() throws {
        let run = try MadeRun()
        try run.fill(classes: 4) { ["<script>", "a&b", "\"'", "\u{1}\u{202E}x"][$0] }
        for path in try ChartFiles.write([try run.history()], to: run.path + "/plots", as: .svg) {
            let parsed = try Process.run(
                URL(filePath: "/usr/bin/env"),
                arguments: ["python3", "-c", "import sys,xml.dom.minidom as m; m.parse(sys.argv[1])", path])
            parsed.waitUntilExit()
            #expect(parsed.terminationStatus == 0, "\(path)")
        }
    }
}
