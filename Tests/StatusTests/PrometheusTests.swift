import Recipes
import Runs
import Testing

@testable import Status

@Suite("Prometheus' text") struct PrometheusTests {
    private func status(ranks: Int = 1, folder: String = "/runs/a", lines: [String] = []) throws -> RunStatus {
        var status = RunStatus(of: try observedRun(ranks: ranks, folder: folder), at: 100)
        for (index, line) in lines.enumerated() {
            status.add(try #require(ObservedLine(line)), at: 101 + Double(index), date: "2026-01-01T00:00:00Z")
        }
        return status
    }

    private let report = """
        {"kind": "train", "epoch": 2, "step": 12, "samples": 120, "loss": 0.5, "accuracy": 0.75, "lr": 0.1, \
        "images_per_second": 1234.5, "waited_for_images_seconds": 0.25, "slowest_rank": 1, \
        "slowest_over_median": 1.5, "rank_work": "1.0 1.5"}
        """

    @Test(
        "all that a run tells is a metric of the published grammar, with help, type and a name by the conventions"
    )
    func grammar() throws {
        let evaluation = #"{"kind": "evaluation", "epoch": 2, "step": 20, "loss": 0.25, "accuracy": 0.875}"#
        let skipped = #"{"kind": "skipped", "step": 21, "rank": 0, "reason": "the loss is \"nan\""}"#
        let text = try status(ranks: 2, lines: [report, report, evaluation, skipped]).metrics(at: 106, checkpointAge: 7)
        let read = try ExpositionParser(text)
        for sample in read.samples {
            #expect(sample.name.hasPrefix("cnn_train_"))
            #expect(read.helps[sample.name]?.hasSuffix(".") == true, "\(sample.name)")
            #expect(
                read.types[sample.name] == (sample.name.hasSuffix("_total") ? "counter" : "gauge"), "\(sample.name)")
        }
        func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
            read.samples.first { $0.name == name && $0.labels == labels }?.value
        }
        #expect(value("cnn_train_steps_total") == 21)
        #expect(value("cnn_train_samples_total") == 120)
        #expect(value("cnn_train_loss") == 0.5)
        #expect(value("cnn_train_images_per_second") == 1234.5)
        #expect(value("cnn_train_data_wait_seconds_total") == 0.5)
        #expect(value("cnn_train_test_accuracy_ratio") == 0.875)
        #expect(value("cnn_train_checkpoint_age_seconds") == 7)
        #expect(value("cnn_train_rank_lag_ratio", ["rank": "1"]) == 1.5)
        #expect(value("cnn_train_events_total", ["kind": "skipped"]) == 1)
        #expect(value("cnn_train_report_age_seconds") == 2)
    }

    @Test(
        "the parser that these tests stand on refuses what the grammar does not allow",
        arguments: [
            "a 1", "1a 1\n", "a{b=\"c\" 1\n", "a{b=c} 1\n", "a{b=\"\\x\"} 1\n", "a{1b=\"c\"} 1\n", "a{__b=\"c\"} 1\n",
            "a one\n", "a\n", "a 1 1.5\n", "a 1 1 1\n", "a 0x10\n", "a 1\na 2\n", "a{b=\"c\nd\"} 1\n",
            "# HELP a b\n# HELP a b\na 1\n", "# TYPE a number\na 1\n", "a 1\n# TYPE a gauge\n",
            "a 1\nb 1\na{c=\"d\"} 1\n",
        ])
    func refused(text: String) {
        #expect(throws: ExpositionParser.Failure.self) { try ExpositionParser(text) }
    }

    @Test("before the first step what is not known is left out, and what is there is of the grammar")
    func beginning() throws {
        let read = try ExpositionParser(try status().metrics(at: 100, checkpointAge: nil))
        #expect(!read.samples.contains { $0.name == "cnn_train_loss" || $0.name == "cnn_train_rank_lag_ratio" })
        #expect(read.samples.contains { $0.name == "cnn_train_steps_total" && $0.value == 0 })
    }

    @Test(
        "a label's value reads back, whatever characters it has",
        arguments: ["plain", "a\"b", "a\\b", "a\nb", "\\n", "}", "é 漢", "a\\\"\n,b=\"c\""])
    func labels(value: String) throws {
        let read = try ExpositionParser(try status(folder: value).metrics(at: 100, checkpointAge: nil))
        #expect(read.samples.first { $0.name == "cnn_train_info" }?.labels["folder"] == value)
    }

    @Test(
        "numbers are as Go reads them",
        arguments: [
            (0.0, "0"), (-3, "-3"), (0.1, "0.1"), (1e300, "1e+300"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
            (.nan, "NaN"),
        ])
    func numbers(value: Double, text: String) throws {
        var metrics = PrometheusText()
        metrics.add("a", .gauge, "Help.", value)
        #expect(metrics.text == "# HELP a Help.\n# TYPE a gauge\na \(text)\n")
        #expect(try ExpositionParser(metrics.text).samples.count == 1)
    }
}

/// A run of twenty steps.
func observedRun(
    ranks: Int = 1, folder: String, resumedStep: Int = 0, totalSteps: Int? = 20
) throws -> ObservedRun {
    var flags = RecipeOverrides()
    flags.model = "lenet"
    flags.data = "shapes"
    return ObservedRun(
        folder: RunFolder(path: folder), recipe: try Recipe.resolve(flags: flags), ranks: ranks, classes: ["a", "b"],
        stepsPerEpoch: 10, totalSteps: totalSteps,
        facts: RunFacts(
            model: "lenet", imageSize: 28, channels: 1, classes: 2, trainingSamples: 80, testSamples: 8,
            parameters: 61_706, multiplyAdds: 416_520, layers: [],
            machine: RunFacts.Machine(
                host: "here", processor: nil, cores: 2, memory: nil, ranks: ranks, threads: 2, backend: "avx2")),
        resumedStep: resumedStep, warn: { _ in })
}
