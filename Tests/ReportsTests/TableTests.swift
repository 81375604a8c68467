import Foundation
import Runs
import Synchronization
import Testing

@testable import Reports

@Suite struct TableTests {
    private func summary() throws -> RunSummary {
        let run = try MadeRun("lenet-shapes")
        try run.fill()
        return RunSummary(try run.history())
    }

    @Test(
        "a query holds where all its conditions do",
        arguments: [
            ("accuracy>0.89", true), ("accuracy>0.9", false), ("accuracy>=90%", true), ("best_accuracy=90%", true),
            ("model=lenet", true), ("model!=lenet", false), ("model=lenet accuracy<0.5", false), ("data~shap", true),
            ("data~mnist", false), ("lr=0.1", true), ("lr=1e-1", true), ("lr<0.2 epochs=3", true),
            ("momentum=0.9", false),
            ("momentum!=0.9", true), ("state=finished", true), ("", true), ("calibration_error<5%", true),
        ])
    func query(text: String, holds: Bool) throws {
        #expect(try RunQuery(text).holds(of: summary()) == holds)
    }

    @Test(
        "a query that says nothing is refused with what it may say",
        arguments: ["accuracy", "=3", "accuracy>", "accuracy>high", "acuracy>0.9", ">"])
    func mistakes(text: String) {
        #expect(throws: ReportError.self) { try RunQuery(text) }
    }

    @Test("runs are sorted by a column, those without a value last")
    func sorting() throws {
        let runs = try [0.5, 0.9, 0.7].map { accuracy in
            let run = try MadeRun("\(accuracy)")
            try run.write(MadeRun.evaluation(1, epoch: 1, loss: 1, accuracy: accuracy) + "\n", to: "metrics.jsonl")
            return RunSummary(try run.history())
        }
        let empty = try MadeRun("empty")
        try empty.write("model: lenet\n", to: "config.yaml")
        let all = [RunSummary(try empty.history())] + runs
        #expect(try RunQuery.sorted(all, by: "accuracy").map(\.name) == ["0.5", "0.7", "0.9", "empty"])
        #expect(try RunQuery.sorted(all, by: "-accuracy").map(\.name) == ["0.9", "0.7", "0.5", "empty"])
        #expect(throws: ReportError.self) { try RunQuery.sorted(all, by: "size") }
    }

    @Test("exported metrics have every digit of the file's, and a column for each key")
    func export() throws {
        let run = try MadeRun()
        let lines = [
            MadeRun.train(1, loss: 0.1 + 0.2), MadeRun.train(2, loss: .nan, seconds: 4),
            "{\"kind\": \"skipped\", \"step\": 3, \"rank\": 0, \"reason\": \"a, \\\"b\\\"\\n\"}",
        ]
        try run.write(lines.joined(separator: "\n") + "\n{\"kind\": \"tr", to: "metrics.jsonl")
        #expect(
            try MetricsTable(of: run.folder, kind: "train").csv == """
                epoch,step,samples,loss,accuracy,lr,images_per_second,waited_for_images_seconds,seconds
                1,1,64,0.30000000000000004,0.7692307692307692,0.1,1001.0,0.25,
                1,2,128,,,0.1,1002.0,0.25,4.0

                """)
        #expect(
            try MetricsTable(of: run.folder, kind: "skipped").csv == "step,rank,reason\n3,0,\"a, \"\"b\"\"\n\"\n")
        #expect(throws: ReportError.noMetrics(path: run.folder.metrics, kind: "final", found: ["train", "skipped"])) {
            try MetricsTable(of: run.folder, kind: "final")
        }
    }

    @Test("exported norms have a row for each group of layers")
    func norms() throws {
        let run = try MadeRun()
        try run.write(MadeRun.norms(10, groups: ["a", "b"]) + "\n", to: "metrics.jsonl")
        #expect(
            try MetricsTable(of: run.folder, kind: "norms").csv == """
                epoch,step,group,weights,gradients
                1,10,a,1.0,0.1
                1,10,b,2.0,0.1

                """)
    }

    @Test("runs are found in a folder and those in it")
    func finding() throws {
        let run = try MadeRun("one")
        try run.fill()
        let parent = (run.path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: parent + "/none", withIntermediateDirectories: true)
        #expect(RunFinder.runs(below: parent).map(\.path) == [run.path])
        #expect(RunFinder.runs(below: run.path).map(\.path) == [run.path])
    }
}

@Suite struct ReportWriterTests {
    private let detail = MadeRun.detail(classes: 2) { "c\($0)" }

    /// A clock that tests set.
    private final class Clock: Sendable {
        let seconds = Mutex(100.0)
        func advance(_ step: Double) { seconds.withLock { $0 += step } }
    }

    private func page(_ run: MadeRun) -> String? { try? String(contentsOfFile: run.folder.report, encoding: .utf8) }

    @Test("pages follow evaluations, and one a minute what lies between them")
    func rhythm() throws {
        let run = try MadeRun()
        try run.fill()
        let clock = Clock()
        let writer = ReportWriter(
            folder: run.folder, facts: nil, clock: { clock.seconds.withLock(\.self) }, warn: { Issue.record("\($0)") })
        writer.didRecord("")
        #expect(page(run) == nil)
        writer.didEvaluate(detail, weights: [])
        #expect(page(run)?.contains("lenet") == true)
        try run.write("old", to: "report.html")
        clock.advance(59)
        writer.didRecord("")
        #expect(page(run) == "old")
        clock.advance(2)
        writer.didRecord("")
        #expect(page(run) != "old")
    }

    @Test("after a page that took long to make, none comes without an evaluation for a while")
    func pause() throws {
        let run = try MadeRun()
        try run.fill()
        let (clock, processor) = (Clock(), Clock())
        let writer = ReportWriter(
            folder: run.folder, facts: nil, clock: { clock.seconds.withLock(\.self) },
            processorTime: {
                processor.advance(1)
                return processor.seconds.withLock(\.self)
            }, warn: { Issue.record("\($0)") })
        for _ in 0..<2 {
            try run.write("old", to: "report.html")
            writer.didEvaluate(detail, weights: [])
            #expect(page(run) != "old")
        }
        try run.write("old", to: "report.html")
        clock.advance(399)
        writer.didRecord("")
        #expect(page(run) == "old")
        clock.advance(2)
        writer.didRecord("")
        #expect(page(run) != "old")
    }

    @Test("a page that cannot be written is told once")
    func warning() throws {
        let run = try MadeRun()
        try run.fill()
        try FileManager.default.createDirectory(atPath: run.folder.report, withIntermediateDirectories: true)
        let warnings = Mutex<[String]>([])
        let writer = ReportWriter(
            folder: run.folder, facts: nil, clock: { 0 }, warn: { text in warnings.withLock { $0.append(text) } })
        writer.didEvaluate(detail, weights: [])
        writer.didEnd()
        #expect(warnings.withLock(\.count) == 1)
    }
}
