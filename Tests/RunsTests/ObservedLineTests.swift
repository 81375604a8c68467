import Runs
import Testing

@Suite("Lines that observers read") struct ObservedLineTests {
    @Test("a record reads back as it was written, what was not finite left out")
    func record() throws {
        var record = MetricsRecord(
            .train, epoch: 2, step: 1_234_567, samples: 70, loss: 0.1 + 0.2, accuracy: 0.25, learningRate: 1e-7,
            imagesPerSecond: .infinity)
        record.pace = PaceComparison(slowest: 1, ratios: [1, 1.23456, 0.5])
        let line = try #require(ObservedLine(record.json))
        #expect(line.kind == "train" && line.step == 1_234_567)
        #expect(line["loss"] == 0.1 + 0.2 && line["lr"].map { Float($0) } == 1e-7)
        #expect(line["images_per_second"] == nil && line["nothing"] == nil)
        #expect(line.integer("slowest_rank") == 1 && line.integer("loss") == nil)
        #expect(line.text("rank_work") == "1.0 1.235 0.5")
        #expect(line.groups.isEmpty)
    }

    @Test("texts with escapes and nested values are read too")
    func escapes() throws {
        let skipped = try #require(ObservedLine(#"{"kind": "skipped", "step": 3, "reason": "a \"b\" {\n"}"#))
        #expect(skipped.text("reason") == "a \"b\" {\n" && skipped.step == 3)
        let norms = try #require(
            ObservedLine(
                #"{"kind":"norms","step":9,"groups":[{"name":"a","weights":1.5,"gradients":null},{"weights":2}]}"#))
        #expect(norms.groups.map(\.name) == ["a"] && norms.groups[0].weights == 1.5)
        #expect(norms.groups[0].gradients == nil)
    }

    @Test(
        "a line that is no record is none to observers",
        arguments: [
            "", "{", "{}", "[]", "text", #"{"kind": "train"}"#, #"{"step": 1}"#, #"{"kind": "train", "step": 1"#,
            #"{"kind": "train", "step": 1.5}"#, #"{"kind": "train", "step": 1} x"#, #"{"kind": 1, "step": 1}"#,
        ])
    func others(text: String) { #expect(ObservedLine(text) == nil) }
}
