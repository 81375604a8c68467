import Runs
import Testing

@testable import Launching

@Suite("The language of agents") struct AgentProtocolTests {
    private static let note = FailureNote(rank: 3, exitCode: 70, isOwn: true, words: "a \"b\"\nc ä")

    @Test(
        "each command to an agent is a line that reads back as the same",
        arguments: [.alive, .watch(ranks: 0), .watch(ranks: 12), .end(run: nil), .end(run: "0f"), .start("a 'b  c' &")]
            as [AgentCommand])
    func commands(command: AgentCommand) {
        #expect(AgentCommand(command.line) == command && !command.line.contains("\n"))
    }

    @Test(
        "each report of an agent is a line that reads back as the same",
        arguments: [
            .ready(version: 1, host: "a"), .alive(ranks: []), .alive(ranks: [0, 2]), .gone(rank: 2), .failure(note),
            .ended(step: nil), .ended(step: 12), .trouble("5 does not end"), .left,
            .notStarted("its shell ended"),
        ] as [AgentReport])
    func reports(report: AgentReport) {
        #expect(AgentReport(report.line) == report && !report.line.contains("\n"))
    }

    @Test(
        "no other line is taken for an agent's command or report",
        arguments: [
            "", " ", "ready", "ready x a", "ready 1", "alive x", "gone", "gone x", "failure {}", "failure", "ended",
            "ended x", "left over", "Welcome to node7", "watch", "watch -1", "watch x", "end", "end a b",
        ])
    func others(line: String) {
        #expect(AgentReport(line) == nil && AgentCommand(line) == nil)
    }

    @Test("agents' lines may come in pieces of any length")
    func pieces() {
        let text = Array("alive 0\ngone 1\n\nended 7\nrest".utf8)
        for length in 1...text.count {
            var buffer = LineBuffer()
            var lines: [String] = []
            for start in stride(from: 0, to: text.count, by: length) {
                lines += buffer.add(text[start..<min(start + length, text.count)])
            }
            #expect(lines == ["alive 0", "gone 1", "", "ended 7"])
        }
    }

    @Test("of a line without an end no more is kept than an agent's message can have")
    func endless() {
        var buffer = LineBuffer()
        for _ in 0..<20 {
            let lines = buffer.add([UInt8](repeating: 65, count: 10_000))
            #expect(lines.isEmpty)
        }
        let lines = buffer.add([10])
        #expect(lines.map(\.utf8.count) == [AgentProtocol.longestLine])
    }
}
