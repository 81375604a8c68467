import Foundation
import Runs
import Testing

@testable import Status

@Suite("A run's status") struct RunStatusTests {
    private func line(_ text: String) throws -> ObservedLine { try #require(ObservedLine(text)) }

    private func report(step: Int) throws -> ObservedLine {
        try line(#"{"kind": "train", "epoch": 1, "step": \#(step), "samples": 8, "loss": 1, "accuracy": 0.5}"#)
    }

    @Test("the time left is that of the steps left at the newest reports' pace")
    func timeLeft() throws {
        var status = RunStatus(of: try observedRun(folder: "/a"), at: 0)
        #expect(status.secondsLeft == nil)
        for step in 1...5 { status.add(try report(step: step), at: Double(step) * 2, date: "") }
        #expect(status.secondsLeft == 30)
        var endless = RunStatus(of: try observedRun(folder: "/a", totalSteps: nil), at: 0)
        for step in 1...5 { endless.add(try report(step: step), at: Double(step), date: "") }
        #expect(endless.secondsLeft == nil)
        endless.add(try line(#"{"kind": "fitted", "step": 5, "total_steps": 15}"#), at: 6, date: "")
        #expect(endless.secondsLeft == 10)
    }

    @Test("steps that come no more are missed, the later the slower the run is")
    func stalled() throws {
        var status = RunStatus(of: try observedRun(folder: "/a"), at: 0)
        #expect(status.isAdvancing(at: 899) && !status.isAdvancing(at: 901))
        status.add(try report(step: 1), at: 1, date: "")
        #expect(status.isAdvancing(at: 121) && !status.isAdvancing(at: 122))
        status.add(try report(step: 2), at: 61, date: "")
        #expect(status.isAdvancing(at: 361) && !status.isAdvancing(at: 362))
    }

    @Test("a rank that others wait for in three reports in a row is behind, until it is not")
    func ranks() throws {
        var status = RunStatus(of: try observedRun(ranks: 3, folder: "/a"), at: 0)
        #expect(status.rankStatuses.isEmpty)
        let slow = try line(#"{"kind": "train", "step": 1, "slowest_rank": 2, "rank_work": "1.0 0.9 1.6"}"#)
        for _ in 0..<2 { status.add(slow, at: 1, date: "") }
        #expect(status.rankStatuses.map(\.lagRatio) == [1, 0.9, 1.6])
        #expect(status.rankStatuses.map(\.state) == [.inStep, .inStep, .inStep])
        status.add(slow, at: 1, date: "")
        #expect(status.rankStatuses.map(\.state) == [.inStep, .inStep, .behind])
        status.add(
            try line(#"{"kind": "train", "step": 2, "slowest_rank": 2, "slowest_over_median": 1.1}"#), at: 2, date: "")
        #expect(status.rankStatuses.map(\.rank) == [2] && status.rankStatuses.map(\.state) == [.inStep])
    }

    @Test(
        "the answer for programs has what docs/status.md promises, and events of the supervisor among those of the run")
    func json() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "status-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let log = try SupervisorLog(folder: RunFolder(path: folder))
        var failure = SupervisorEvent(.failure)
        failure.reason = "killed <b>\u{1B}[31m"
        failure.fromStep = 2
        try log.append(failure, at: Date(timeIntervalSince1970: 0))
        var status = RunStatus(of: try observedRun(ranks: 2, folder: folder), at: 0)
        status.add(try report(step: 3), at: 1, date: "")
        status.add(
            try line(#"{"kind": "evaluation", "epoch": 1, "step": 10, "loss": 0.5, "accuracy": 0.75}"#), at: 2, date: ""
        )
        status.add(
            try line(#"{"kind": "rewound", "step": 11, "back_to": 10, "rank": 0, "reason": "loss"}"#), at: 3,
            date: "2026-01-01T00:00:00Z")
        #expect(!RunReply(status, at: 4, date: Date()).json.contains("report_written"))
        try "report".write(toFile: folder + "/report.html", atomically: true, encoding: .utf8)
        let json = RunReply(status, at: 4, date: Date()).json
        let object = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        let page = try String(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/status.md"),
            encoding: .utf8)
        for key in object.keys { #expect(page.contains("`\(key)`"), "docs/status.md has no \(key)") }
        #expect(object["state"] as? String == "running")
        #expect(object["step"] as? Int == 11)
        #expect((object["training"] as? [String: Any])?["loss"] as? Double == 1)
        #expect((object["evaluation"] as? [String: Any])?["accuracy"] as? Double == 0.75)
        #expect(object["seconds_since_report"] as? Double == 1)
        #expect(object["seconds_since_checkpoint"] == nil)
        #expect((object["report_written"] as? String)?.hasSuffix("Z") == true)
        let events = try #require(object["events"] as? [[String: Any]])
        #expect(events.map { $0["kind"] as? String } == ["failure", "rewound"])
        #expect(events.map { $0["step"] as? Int } == [2, 11])
        #expect((events[0]["text"] as? String)?.contains("\u{1B}") == false)
    }
}
