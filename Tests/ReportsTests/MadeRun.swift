import Foundation
import Runs

@testable import Reports

/// A run's folder that was made up, with numbers that tests know.
final class MadeRun {
    let path: String
    var folder: RunFolder { RunFolder(path: path) }

    init(_ name: String = "made") throws {
        path = FileManager.default.temporaryDirectory.appending(path: "reports-\(UUID().uuidString)/\(name)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }

    func write(_ text: String, to file: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(file)"))
    }

    func history() throws -> RunHistory { try RunHistory(folder: folder, isRunning: false) }

    func page() throws -> String { RunPage(try history()).html() }

    // MARK: Lines

    static func train(_ step: Int, epoch: Int = 1, loss: Double, seconds: Double? = nil) -> String {
        var record = MetricsRecord(
            .train, epoch: epoch, step: step, samples: 64 * step, loss: loss, accuracy: 1 / (1 + loss),
            learningRate: 0.1, imagesPerSecond: 1000 + Double(step % 7))
        record.waitedForImages = 0.25
        guard let seconds else { return record.json }
        return record.json.dropLast() + ", \"seconds\": \(seconds)}"
    }

    static func evaluation(_ step: Int, epoch: Int, loss: Double, accuracy: Double) -> String {
        MetricsRecord(
            .evaluation, epoch: epoch, step: step, samples: 1000, loss: loss, accuracy: accuracy,
            imagesPerSecond: 5000
        ).json
    }

    static func norms(_ step: Int, groups: [String]) -> String {
        let groups = groups.enumerated().map { index, name in
            NormsLine.Group(name: name, weights: Double(index + 1), gradients: 1 / Double(step))
        }
        return NormsLine(epoch: 1, step: step, groups: groups).json
    }

    static let time = """
        {"kind":"time","epoch":3,"step":30,"computing":60,"communication":20,"data":10,"checkpoints":4,\
        "evaluation":5,"other":1,"peak_memory_bytes":1048576}
        """

    static let end = """
        {"kind": "final", "epoch": 3, "step": 30, "samples": 1000, "loss": 0.4, "accuracy": 0.9, \
        "images_per_second": 5000.0, "parameters_sha256": "0af3"}
        """

    /// A small run with something of everything.
    func fill(classes: Int = 10, name: (Int) -> String = { "class \($0)" }) throws {
        var lines: [String] = []
        for epoch in 1...3 {
            for step in (epoch - 1) * 10 + 1...epoch * 10 {
                lines.append(Self.train(step, epoch: epoch, loss: 2 / Double(step), seconds: Double(step)))
            }
            lines.append(
                Self.evaluation(epoch * 10, epoch: epoch, loss: 1 / Double(epoch), accuracy: 0.6 + 0.1 * Double(epoch)))
            lines.append(Self.norms(epoch * 10, groups: ["features.0", "features.3", "classifier"]))
        }
        lines += [
            Self.time, "{\"kind\": \"skipped\", \"step\": 12, \"rank\": 1, \"reason\": \"the loss is not finite\"}",
            "{\"kind\": \"of a later version\", \"step\": 12}", Self.end,
        ]
        try write(lines.joined(separator: "\n") + "\n", to: "metrics.jsonl")
        try write("model: lenet\ndata: shapes\nlr: 0.1\n", to: "config.yaml")
        try write(
            "{\"time\": \"2026-11-30T05:00:00Z\", \"event\": \"start\", \"attempt\": 1, \"ranks\": 2}\n",
            to: "supervisor.jsonl")
        try write("split\tindex\tpath\treason\ntrain\t7\ta.jpg\tit ends early\n", to: "bad-samples.tsv")
        try write(Self.detail(classes: classes, name: name))
        try write(Self.facts, to: "facts.json")
    }

    func write(_ detail: EvaluationDetail) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        try write(String(decoding: encoder.encode(detail), as: UTF8.self), to: "evaluation.json")
    }

    /// Returns details in which of a class's hundred samples ninety are right and ten are taken for the next class.
    static func detail(classes: Int, pictures: Int = 4, name: (Int) -> String) -> EvaluationDetail {
        var detail = EvaluationDetail(
            epoch: 3, step: 30, samples: 100 * classes, loss: 0.4, accuracy: 0.9, classes: (0..<classes).map(name))
        detail.confusion = (0..<classes).flatMap { [[$0, $0, 90], [$0, ($0 + 1) % classes, 10]] }
        detail.classAccuracy = (0..<classes).map { $0 == 1 ? nil : 0.9 }
        detail.calibration = (0..<15).map {
            EvaluationDetail.CalibrationBin(
                confidence: (Double($0) + 0.5) / 15, accuracy: Double($0) / 15, samples: 10 * $0)
        }
        detail.calibrationError = 0.0333
        let picture = EvaluationDetail.Picture(
            sample: 5, name: "a/b.png", label: 0, predicted: 1 % classes, probability: 0.8, loss: 3,
            picture: dot)
        detail.wrong = Array(repeating: picture, count: pictures)
        detail.unsure = Array(repeating: picture, count: pictures)
        detail.augmented = [EvaluationDetail.Augmented(label: 0, picture: dot)]
        return detail
    }

    /// A PNG picture of one pixel.
    static let dot =
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

    private static let facts = """
        {"model":"lenet","image_size":28,"channels":1,"classes":10,"training_samples":60000,"test_samples":1000,\
        "parameters":61706,"multiply_adds":416520,"layers":[{"name":"conv1","type":"Conv2d","output":[28,28,6],\
        "parameters":156,"multiply_adds":117600}],"machine":{"host":"node1","processor":"EPYC","cores":2,\
        "memory":1073741824,"ranks":2,"threads":1,"backend":"avx512"}}
        """
}
