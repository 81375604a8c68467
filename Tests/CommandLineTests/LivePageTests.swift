import CommandSupport
import Foundation
import TestSupport
import Testing

/// The page of a run that goes on, in a browser.
@Suite("A run's live page", .enabled(if: Browser.isInstalled, Comment(rawValue: Browser.missing)), .serialized)
struct LivePageTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    private struct Line: Decodable {
        let kind: String
        let step: Int
        let loss: Double?
        let accuracy: Double?
    }

    private var lines: [Line] {
        let text = (try? String(contentsOfFile: commands.folder + "/run/metrics.jsonl", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    private var address: String? {
        let log = (try? String(contentsOfFile: commands.folder + "/.stdout", encoding: .utf8)) ?? ""
        return log.firstMatch(of: /Status page: (http:\S+)\n/).map { String($0.1) }
    }

    @Test("its numbers go on while it is looked at, and its charts are drawn from what the run has told")
    func charts() throws {
        var seen: Result<[PageView], any Error>?
        let steps = "Number(document.querySelector('#step').textContent.split(' ')[0].replace(',', ''))"
        let curves = "document.querySelector('#report').contentDocument?.querySelectorAll('.curve').length"
        let outcome = try commands.run(
            [
                "--model", "lenet", "--data", try commands.tinyData(train: 640), "--batch-size", "16", "--threads", "1",
                "--log-every", "8", "--epochs", "100000", "--output", "run", "--status-port", "0",
            ],
            killedWhen: {
                guard let address, lines.contains(where: { $0.kind == "evaluation" }) else { return false }
                seen = Result {
                    try Browser.watch(
                        address,
                        until: ["\(curves) > 4 && (window.first = \(steps)) > 0", "\(steps) > window.first"],
                        width: 375)
                }
                return true
            })
        let views = try #require(try seen?.get(), "\(outcome.output)\(outcome.errors)")
        let told = lines
        #expect(views[1].complaints.isEmpty)
        let origin = try #require(address)
        #expect(views[1].requests.allSatisfy { $0.hasPrefix(origin) || $0.hasPrefix("data:image/png;base64,") })
        for view in views {
            let report = try #require(view.frames.first)
            #expect(view.overflow == 0 && view.pale.isEmpty && view.nameless.isEmpty)
            #expect(report.overflow == 0 && report.pale.isEmpty && report.nameless.isEmpty)
            for (name, kind) in [("training", "train"), ("test", "evaluation")] {
                for (chart, number) in [("loss", \Line.loss), ("accuracy", \.accuracy)] {
                    let curve = try #require(
                        report.curves.first { $0.chart == "chart-\(chart)" && $0.name == name }, "\(chart) \(name)")
                    let expected = told.filter { $0.kind == kind }.prefix(curve.x.count)
                    #expect(curve.x == expected.map { Double($0.step) } && !curve.x.isEmpty)
                    for (shown, line) in zip(curve.y, expected) {
                        let value = try #require(line[keyPath: number])
                        #expect(abs((shown ?? .nan) - value) <= 1e-5 * abs(value))
                    }
                }
            }
        }
    }
}
