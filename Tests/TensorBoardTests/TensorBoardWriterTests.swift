import Foundation
import Recipes
import Runs
import Synchronization
import TestSupport
import Testing

@testable import TensorBoard

@Suite("TensorBoard's files of a run") final class TensorBoardWriterTests {
    private let folder: String
    private let warnings = Warnings()

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "tensorboard-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func run(resumedStep: Int = 0) throws -> ObservedRun {
        var flags = RecipeOverrides()
        flags.model = "lenet"
        flags.data = "shapes"
        flags.learningRate = 0.25
        return ObservedRun(
            folder: RunFolder(path: folder), recipe: try Recipe.resolve(flags: flags), ranks: 1, classes: ["a", "b"],
            stepsPerEpoch: 10, totalSteps: 20,
            facts: RunFacts(
                model: "lenet", imageSize: 28, channels: 1, classes: 2, trainingSamples: 80, testSamples: 8,
                parameters: 61_706, multiplyAdds: 416_520, layers: [],
                machine: RunFacts.Machine(
                    host: "here", processor: nil, cores: 2, memory: nil, ranks: 1, threads: 2, backend: "avx2")),
            resumedStep: resumedStep,
            warn: { [warnings] text in warnings.texts.withLock { $0.append(text) } })
    }

    private func records() throws -> [EventRecords] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/tensorboard").sorted()
        return try names.map { try EventRecords(path: folder + "/tensorboard/" + $0) }
    }

    /// A PNG of one pixel.
    private static let pixel =
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAA"
        + "AABJRU5ErkJggg=="

    private func detail(step: Int) -> EvaluationDetail {
        var detail = EvaluationDetail(epoch: 1, step: step, samples: 8, loss: 1, accuracy: 0.5, classes: ["a", "b"])
        detail.confusion = [[0, 0, 3], [0, 1, 1], [1, 0, 3], [1, 1, 1]]
        detail.wrong = (0..<20).map { index in
            EvaluationDetail.Picture(
                sample: index, name: nil, label: 0, predicted: 1, probability: 0.9, loss: 2, picture: Self.pixel)
        }
        return detail
    }

    @Test("what a run tells of training and evaluation are scalars at its steps")
    func scalars() throws {
        let writer = TensorBoardWriter(of: try run())
        var record = MetricsRecord(
            .train, epoch: 1, step: 7, samples: 70, loss: 0.5, accuracy: 0.25, learningRate: 0.25, imagesPerSecond: 9)
        writer.didRecord(record.json)
        record = MetricsRecord(
            .evaluation, epoch: 1, step: 10, samples: 8, loss: .nan, accuracy: 0.75, imagesPerSecond: 9)
        writer.didRecord(record.json)
        writer.didRecord(
            """
            {"kind": "norms", "epoch": 1, "step": 10, "groups": [{"name": "a.0", "weights": 1.5, "gradients": 0.5}]}
            """)
        writer.didRecord("no line of metrics")
        writer.didEnd()
        let file = try #require(try records().first)
        let numbers: [(tag: String, step: Int, number: Float)] = [
            ("loss/train", 7, 0.5), ("accuracy/train", 7, 0.25), ("learning rate", 7, 0.25),
            ("speed/images a second", 7, 9), ("accuracy/test", 10, 0.75), ("weight norm/a.0", 10, 1.5),
            ("gradient norm/a.0", 10, 0.5),
        ]
        for (tag, step, number) in numbers {
            let found = try #require(file.values(tag).first, "\(tag)")
            #expect(found.step == step && found.value.float(2) == number, "\(tag)")
        }
        #expect(file.values("loss/test").isEmpty, "what is not finite is left out")
        #expect(warnings.texts.withLock { $0 }.isEmpty)
    }

    @Test("an evaluation's pictures, histograms and confusion matrix are there, no more than eight pictures of a kind")
    func evaluation() throws {
        let writer = TensorBoardWriter(of: try run())
        let histogram = WeightHistogram(
            name: "fc.weight", count: 3, minimum: -1, maximum: 2, sum: 1.5, sumOfSquares: 5.25, edges: [0, 2],
            counts: [1, 2])
        writer.didEvaluate(detail(step: 10), weights: [histogram])
        writer.didEnd()
        let file = try #require(try records().first)
        #expect(file.tags.filter { $0.hasPrefix("most wrong/") }.count == 8)
        let picture = try #require(file.values("most wrong/1").first?.value.message(4))
        #expect(picture.number(1) == 1 && picture.number(2) == 1)
        #expect(picture.bytes(4)?.starts(with: [0x89, 0x50, 0x4E, 0x47]) == true)
        let confusion = try #require(file.values("confusion").first?.value.message(4))
        #expect(confusion.number(1) == 480 && confusion.number(2) == 480)
        let weights = try #require(file.values("weights/fc.weight").first?.value.message(5))
        #expect(weights.double(1) == -1 && weights.double(2) == 2 && weights.double(3) == 3)
        #expect(weights.doubles(6) == [0, 2] && weights.doubles(7) == [1, 2])
    }

    @Test("the recipe is there as text and as hyperparameters, and the session's end with its status")
    func recipe() throws {
        let writer = TensorBoardWriter(of: try run())
        writer.didRecord(
            MetricsRecord(.final, epoch: 1, step: 20, samples: 8, loss: 1, accuracy: 1, imagesPerSecond: 1).json)
        writer.didEnd()
        let file = try #require(try records().first)
        let text = try #require(file.values("recipe").first?.value.message(8)?.text(8))
        #expect(text.contains("    model: lenet\n"))
        func plugin(_ tag: String) -> ProtobufFields? { file.values(tag).first?.value.message(9)?.message(1) }
        let start = try #require(plugin("_hparams_/session_start_info"))
        #expect(start.text(1) == "hparams")
        let values = try #require(start.message(2)?.message(3)?.messages(1))
        let byName = Dictionary(values.map { ($0.text(1) ?? "", $0.message(2)) }, uniquingKeysWith: { $1 })
        #expect(byName["model"]??.text(3) == "lenet")
        #expect(byName["lr"]??.double(2) == 0.25)
        #expect(byName["shuffle"]??.number(4) == nil)
        #expect(plugin("_hparams_/session_end_info")?.message(2)?.message(4)?.number(1) == 1)
    }

    @Test("a run that goes on begins another file, which takes back later steps of the first")
    func resumed() throws {
        let writer = TensorBoardWriter(of: try run())
        writer.didRecord(line(step: 14))
        writer.didEnd()
        TensorBoardWriter(of: try run(resumedStep: 12)).didEnd()
        let files = try records()
        #expect(files.count == 2)
        let starts = files.map { file in file.events.first { $0.message(7)?.number(1) == 1 }?.number(2) }
        #expect(starts == [0, 13])
    }

    private func line(step: Int) -> String {
        MetricsRecord(
            .train, epoch: 1, step: step, samples: 8, loss: Double(step), accuracy: 1, imagesPerSecond: 1
        ).json
    }

    @Test(
        "a run that goes on writes the steps that a killed process had not, and those alone",
        arguments: [(written: 9, start: 9), (written: 300, start: 300), (written: 299, start: 299)])
    func unwritten(written: Int, start: Int) throws {
        try (1...400).map { line(step: $0) + "\n" }.joined()
            .write(toFile: folder + "/metrics.jsonl", atomically: true, encoding: .utf8)
        let killed = TensorBoardWriter(of: try run())
        for step in 1...written { killed.didRecord(line(step: step)) }
        let resumed = TensorBoardWriter(of: try run(resumedStep: 310))
        resumed.didRecord(line(step: 311))
        let files = try records()
        #expect(files[1].events.first { $0.message(7) != nil }?.number(2) == UInt64(start))
        let steps = files.map { $0.values("loss/train").map(\.step) }
        #expect(steps[0] == Array(1...written) && steps[1] == Array(start...311))
        // A process that is killed before it has written all of them leaves no record of a later step.
        let order = files[1].events.map { $0.number(2) ?? 0 }
        #expect(order == order.sorted())
    }

    @Test("a folder that cannot be written is told once, and ends nothing")
    func unwritable() throws {
        FileManager.default.createFile(atPath: folder + "/tensorboard", contents: Data())
        let writer = TensorBoardWriter(of: try run())
        writer.didRecord(
            MetricsRecord(.train, epoch: 1, step: 1, samples: 8, loss: 1, accuracy: 1, imagesPerSecond: 1).json)
        writer.didEvaluate(detail(step: 1), weights: [])
        writer.didEnd()
        #expect(warnings.texts.withLock { $0 }.count == 1)
    }

    @Test("in a picture of a large confusion matrix each class has a pixel, and the darkest have most samples")
    func confusion() throws {
        var detail = EvaluationDetail(
            epoch: 1, step: 1, samples: 1, loss: 1, accuracy: 1, classes: (0..<600).map { "c\($0)" })
        detail.confusion = [[0, 0, 5], [599, 0, 1], [700, 0, 1], [1, 2]]
        let picture = try #require(ConfusionPicture.of(detail))
        #expect(picture.width == 600 && picture.height == 600)
        #expect(Picture(png: picture.png)?.width == 600)
        #expect(Picture(dataURL: "data:image/png;base64,AAAA") == nil)
        #expect(Picture(dataURL: "https://example.org/a.png") == nil)
    }
}

/// The warnings that people are shown.
private final class Warnings: Sendable {
    let texts = Mutex<[String]>([])
}
