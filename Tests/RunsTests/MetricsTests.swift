import Foundation
import Testing

@testable import Runs

@Suite struct MetricsTests {
    private func record(
        _ kind: MetricsRecord.Kind = .train, epoch: Int = 1, step: Int = 1, loss: Double = 0.5
    ) -> MetricsRecord {
        MetricsRecord(
            kind, epoch: epoch, step: step, samples: 64 * step, loss: loss, accuracy: 0.25, learningRate: 0.1,
            imagesPerSecond: 1234.5)
    }

    private func object(_ json: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    }

    @Test("a record is one line of JSON with the promised keys")
    func keys() throws {
        var final = record(.final)
        final.parametersSHA256 = "0af3"
        #expect(!final.json.contains("\n"))
        let object = try object(final.json)
        #expect(
            Set(object.keys) == [
                "kind", "epoch", "step", "samples", "loss", "accuracy", "lr", "images_per_second", "parameters_sha256",
            ])
        #expect(object["kind"] as? String == "final")
        #expect(object["parameters_sha256"] as? String == "0af3")
        #expect(object["samples"] as? Int == 64)
    }

    @Test(
        "numbers read back as the same bits",
        arguments: [0.1 + 0.2, 1.0 / 3, 2.2250738585072014e-308, 1.7976931348623157e308, 2, 1e-7])
    func exactness(loss: Double) throws {
        var record = record(loss: loss)
        record.learningRate = 0.1 as Float
        struct Loss: Decodable { let loss: Double }
        let read = try JSONDecoder().decode(Loss.self, from: Data(record.json.utf8))
        #expect(read.loss.bitPattern == loss.bitPattern)
        // A Float in the digits of a Float, not those of the Double next to it.
        #expect(record.json.contains("\"lr\": 0.1,"))
    }

    @Test("a metric that is no number is null", arguments: [Double.nan, .infinity, -.infinity])
    func notANumber(loss: Double) throws {
        #expect(try object(record(loss: loss).json)["loss"] is NSNull)
    }

    @Test("texts are escaped", arguments: ["a\"b", "a\\b", "a\nb", "\u{1}", "å, 漢"])
    func escaping(text: String) throws {
        var line = JSONLine()
        line.add("text", text)
        #expect(!line.text.contains("\n"))
        #expect(try object(line.text)["text"] as? String == text)
    }

    @Test("appended metrics are in the file at once, a line each")
    func appending() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/metrics.jsonl"
        let file = try MetricsFile(path: path, resumedStep: nil)
        for step in 1...3 {
            try file.append(record(step: step))
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            #expect(lines.count == step)
        }
    }

    @Test("a new run starts an empty file")
    func beginning() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/metrics.jsonl"
        try "old\n".write(toFile: path, atomically: true, encoding: .utf8)
        _ = try MetricsFile(path: path, resumedStep: nil)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "")
    }

    @Test("a resumed run drops later steps, the old end, and what a crash tore, and goes on")
    func resuming() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/metrics.jsonl"
        let kept = [record(step: 5), record(step: 10), record(.evaluation, step: 10)].map(\.json)
        let dropped = [record(.final, step: 10), record(epoch: 2, step: 15)].map(\.json)
        let torn = String(record(step: 7).json.prefix(20))
        let text = (kept + dropped + [torn]).joined(separator: "\n")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let file = try MetricsFile(path: path, resumedStep: 10)
        try file.append(record(epoch: 2, step: 15, loss: 0.125))
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(lines == kept + [record(epoch: 2, step: 15, loss: 0.125).json])
    }

    @Test("a resumed run knows the evaluations, the seconds and the split of time of its earlier parts")
    func earlierParts() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/metrics.jsonl"
        func evaluation(epoch: Int, step: Int, seconds: Double) -> String {
            var evaluation = record(.evaluation, epoch: epoch, step: step)
            evaluation.seconds = seconds
            return evaluation.json
        }
        var split = TimeSplit()
        func time(epoch: Int, step: Int, computing: Double) -> String {
            split.computing = computing
            split.data = 0.1 + 0.2
            return split.line(epoch: epoch, step: step, peakMemory: 7)
        }
        let lines = [
            evaluation(epoch: 1, step: 10, seconds: 2.5), time(epoch: 1, step: 10, computing: 2),
            NormsLine(epoch: 2, step: 20, groups: [.init(name: "0", weights: 1, gradients: .nan)]).json,
            evaluation(epoch: 2, step: 20, seconds: 5.5), time(epoch: 2, step: 20, computing: 5),
            evaluation(epoch: 3, step: 30, seconds: 9), time(epoch: 3, step: 30, computing: 8),
        ]
        let text = lines.joined(separator: "\n") + "\n"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let history = try MetricsFile(path: path, resumedStep: 20).history
        #expect(history.evaluations.map(\.epoch) == [1, 2] && history.evaluations.map(\.accuracy) == [0.25, 0.25])
        #expect(history.seconds == 5.5 && history.timeSplit.computing == 5 && history.timeSplit.data == 0.1 + 0.2)
        let whole = try String(contentsOfFile: path, encoding: .utf8)
        #expect(whole.split(separator: "\n").map(String.init) == Array(lines[..<5]))
        // The evaluation is made again, and its line of time is told again.
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let again = try MetricsFile(path: path, resumedStep: 20, isEvaluatedAgain: true).history
        #expect(again.seconds == 2.5 && again.timeSplit.computing == 2)
        let kept = try String(contentsOfFile: path, encoding: .utf8)
        #expect(kept.split(separator: "\n").map(String.init) == Array(lines[..<3]))
    }

    @Test("a resumed run leaves the bytes of the lines that count alone, whatever stands between them")
    func resumingAmongOthers() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/metrics.jsonl"
        let skipped = #"{"kind": "skipped", "step": 6, "rank": 0, "reason": "a \"step\": 99 of {"}"#
        let nested = #"{"kind": "norms", "epoch": 1, "step": 10, "groups": [{"step": 77, "kind": "x"}]}"#
        let kept = [record(step: 5).json, skipped, record(step: 10).json, nested]
        let later = record(.evaluation, step: 11).json
        for text in [kept + [later], [later] + kept] {
            try (text.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
            let file = try MetricsFile(path: path, resumedStep: 10)
            try file.append(line: later)
            let whole = (kept + [later]).joined(separator: "\n") + "\n"
            #expect(try String(contentsOfFile: path, encoding: .utf8) == whole)
            #expect(file.history.lastReportedStep == 10)
            #expect(file.history.lastEvaluatedStep == nil)
        }
    }

    @Test("the past of a run tells its evaluations and what fits into its time")
    func past() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/metrics.jsonl"
        let lines = [
            #"{"kind": "fitted", "step": 1, "total_steps": 70}"#, record(.evaluation, step: 4).json,
            record(.evaluation, step: 8).json, record(.evaluation, step: 9).json,
        ]
        try (lines.joined(separator: "\n")).write(toFile: path, atomically: true, encoding: .utf8)
        let history = try MetricsFile(path: path, resumedStep: 8, isEvaluatedAgain: true).history
        #expect(history.fittedSteps == 70)
        #expect(history.lastEvaluatedStep == 4)
        #expect(history.evaluations.map(\.accuracy) == [record(.evaluation, step: 4).accuracy])
    }

    @Test(
        "a line that is not one whole object with a kind and a step counts as torn",
        arguments: [
            "", "{", "}", "{}", #"{"kind": "train"}"#, #"{"step": 5}"#, #"{"kind": "train", "step": 5"#,
            #"{"kind": "train", "step": 5}}"#, #"{"kind": "train", "step": 5} {"#, #"{"kind": "tra"#,
            #"{"kind": "train", "step": 99999999999999999999}"#, #"{"kind": "train", "step": 5.5}"#,
            #"{"kind": "norms", "step": 5, "groups": [{"name": "a"}"#, #"{"kind": 1, "step": 5}"#,
            #"{"kind": "train", "a": {"step": 5}}"#, #"["kind", "step"]"#, #"{"kind": "train\"#,
        ])
    func torn(line: String) {
        #expect(read(line) == nil)
    }

    private func read(_ line: String) -> MetricsLine? {
        let bytes = Array(line.utf8)
        var fields = JSONFields()
        return MetricsLine(bytes.indices, of: bytes.span, in: &fields)
    }

    @Test("a report of training is known by its beginning and its end, and nothing else is taken for one")
    func reports() throws {
        func read(_ text: String) -> MetricsLine? {
            let bytes = Array(text.utf8)
            return MetricsLine(trainingReport: bytes.indices, of: bytes.span)
        }
        let text = record(.train, step: 1_234).json
        #expect(read(text)?.step == 1_234)
        #expect(read(text) == self.read(text))
        for count in 0..<text.utf8.count { #expect(read(String(text.prefix(count))) == nil) }
        #expect(read(record(.evaluation, step: 5).json) == nil)
        #expect(read(#"{"kind": "train", "step": 5}"#) == nil)
        #expect(read(#"{"kind": "train", "epoch": 1, "step": 5.5, "a": 1}"#) == nil)
        #expect(read(#"{"kind": "train", "epoch": 1, "step": 1111111111111111111, "a": 1}"#) == nil)
    }

    @Test("a line without an end is given one where it is whole, and else cut off", arguments: [true, false])
    func unended(isWhole: Bool) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/metrics.jsonl"
        let lines = (1...3).map { record(.train, step: $0).json }
        let text = lines.joined(separator: "\n")
        try (isWhole ? text : String(text.dropLast())).write(toFile: path, atomically: true, encoding: .utf8)
        let file = try MetricsFile(path: path, resumedStep: 3)
        #expect(file.history.lastReportedStep == (isWhole ? 3 : 2))
        let kept = try String(contentsOfFile: path, encoding: .utf8)
        #expect(kept == lines.prefix(isWhole ? 3 : 2).map { $0 + "\n" }.joined())
    }

    @Test("a line's kind and step are found in any place")
    func lines() throws {
        for text in [#"{"kind": "train", "step": 5}"#, #"{"a":[1,{"step":2}],"step":5,"kind":"train"}"#] {
            let line = try #require(read(text))
            #expect(line.kind == "train")
            #expect(line.step == 5)
        }
    }

    @Test("a folder that is not there is an error that names the file")
    func unwritable() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/missing/metrics.jsonl"
        #expect { _ = try MetricsFile(path: path, resumedStep: nil) } throws: { error in
            guard case RunError.cannotWrite(path, _) = error else { return false }
            return true
        }
    }
}
