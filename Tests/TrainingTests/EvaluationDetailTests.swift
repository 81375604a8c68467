import Checkpoints
import Datasets
import Foundation
import ImageFaults
import Recipes
import Runs
import Testing

@testable import Engine
@testable import Training

@Suite("The details of an evaluation")
struct EvaluationDetailTests {
    private func outcome(_ id: Int, _ label: Int, _ predicted: Int, _ probability: Float, loss: Float) -> SampleOutcome
    {
        SampleOutcome(
            sampleID: UInt32(id), label: Int32(label), predicted: Int32(predicted), probability: probability,
            loss: loss)
    }

    private func detail(_ outcomes: [SampleOutcome], pictures: Int = 24) -> EvaluationDetail {
        let evaluation = Evaluation(
            loss: 1, correct: outcomes.count { $0.label == $0.predicted }, samples: outcomes.count, seconds: 1)
        return EvaluationDetail(
            evaluation, of: outcomes, epoch: 1, step: 2, classes: ["a", "b", "c"], pictures: pictures)
    }

    @Test("the details of an evaluation count what was taken for what, and the accuracy of each class that has samples")
    func confusion() {
        let detail = detail([
            outcome(0, 0, 0, 0.9, loss: 0.1), outcome(1, 0, 2, 0.5, loss: 1), outcome(2, 2, 2, 0.7, loss: 0.4),
            outcome(3, 0, 2, 0.6, loss: 2),
        ])
        #expect(detail.confusion == [[0, 0, 1], [0, 2, 2], [2, 2, 1]])
        #expect(detail.classAccuracy == [1.0 / 3, nil, 1])
    }

    @Test("the details of an evaluation list wrong samples by loss and unsure ones by probability")
    func lists() {
        let outcomes = [
            outcome(4, 0, 1, 0.5, loss: 1), outcome(1, 0, 1, 0.5, loss: 1), outcome(2, 1, 1, 0.4, loss: 0.9),
            outcome(3, 0, 2, 0.99, loss: 5), outcome(0, 1, 0, 0.7, loss: 0.2),
        ]
        let few = detail(outcomes, pictures: 3)
        #expect(few.wrong.map(\.sample) == [3, 1, 4])
        #expect(few.unsure.map(\.sample) == [2, 1, 4])
        #expect(few.wrong[0].label == 0 && few.wrong[0].predicted == 2 && few.wrong[0].loss == 5)
        #expect(detail(outcomes.reversed(), pictures: 3) == few)
        #expect(detail(outcomes, pictures: 0).wrong.isEmpty)
    }

    @Test("the details of an evaluation hold probabilities against accuracy in fifteen bins")
    func calibration() {
        // 3/16 lies in the third bin, 0.9 in the fourteenth, and 1 in the last, whose upper end it is.
        let detail = detail([
            outcome(0, 0, 0, 0.1875, loss: 1), outcome(1, 0, 1, 0.1875, loss: 1), outcome(2, 1, 1, 1, loss: 0),
            outcome(3, 1, 2, 0.9, loss: 3),
        ])
        #expect(detail.calibration.count == 15)
        #expect(detail.calibration.map(\.samples).reduce(0, +) == 4)
        #expect(detail.calibration[2].samples == 2 && detail.calibration[2].accuracy == 0.5)
        #expect(detail.calibration[13].samples == 1 && detail.calibration[14].samples == 1)
        // (2 * |0.5 - 3/16| + |1 - 1| + |0 - 0.9|) / 4, of probabilities that are Floats.
        #expect((detail.calibrationError - 0.38125).magnitude < 1e-7)
    }

    @Test("details of 50,000 samples in 1,000 classes are made")
    func many() {
        let outcomes = (0..<50_000).map { sample in
            outcome(
                sample, sample % 1000, sample * 7 % 1000, Float(sample % 997) / 997, loss: Float(sample % 10_007))
        }
        let evaluation = Evaluation(loss: 1, correct: 0, samples: outcomes.count, seconds: 1)
        let detail = EvaluationDetail(
            evaluation, of: outcomes, epoch: 1, step: 1, classes: (0..<1000).map { "class \($0)" })
        #expect(detail.confusion.reduce(0) { $0 + $1[2] } == 50_000)
        #expect(detail.wrong.count == 24 && detail.wrong.map(\.loss) == detail.wrong.map(\.loss).sorted(by: >))
    }
}

@Suite("The details that a run leaves", .serialized, .withOurKernels)
struct RunDetailTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    private func detail(_ output: String) throws -> EvaluationDetail {
        try EvaluationDetail(contentsOf: run.path(output) + "/evaluation.json")
    }

    @Test("the details that a run leaves are those of its last evaluation, with pictures, alike on any ranks")
    func ranks() throws {
        let outcome = try run.train(run.flags("one"))
        let detail = try detail("one")
        #expect(detail.epoch == 3 && detail.step == 9 && detail.classes.count == 10)
        #expect(detail.samples == outcome.evaluation.samples && detail.loss == outcome.evaluation.loss)
        let right = detail.confusion.filter { $0[0] == $0[1] }.reduce(0) { $0 + $1[2] }
        #expect(right == outcome.evaluation.correct && detail.accuracy == outcome.evaluation.accuracy)
        #expect(detail.confusion.reduce(0) { $0 + $1[2] } == detail.samples)
        #expect(detail.wrong.count == min(24, detail.samples - right) && detail.augmented.count == 16)
        for picture in detail.wrong + detail.unsure {
            let url = try #require(picture.picture.split(separator: "data:image/png;base64,").first)
            let file = try #require(Data(base64Encoded: String(url)))
            let image = try Image(bytes: [UInt8](file), path: "a picture")
            #expect(image.height == 28 && image.width == 28)
        }
        for ranks in [2, 4] {
            try run.train(ranks: ranks, run.flags("ranks\(ranks)"))
            #expect(try self.detail("ranks\(ranks)") == detail, "\(ranks) ranks")
        }
    }

    @Test("the details that a run leaves show test images as they are stored, byte for byte")
    func pixels() throws {
        try run.train(run.flags("run"))
        let picture = try #require(try detail("run").unsure.first)
        let file = try #require(Data(base64Encoded: String(picture.picture.dropFirst(22))))
        let image = try Image(bytes: [UInt8](file), path: "a picture")
        let dataset = try #require(try openDataset(run.data.specification) as? StoredDataset)
        var stored = StoredSample()
        try dataset.source.read(picture.sample, of: .test, into: &stored)
        #expect(image.pixels == stored.bytes.flatMap { [$0, $0, $0] })
        #expect(dataset.label(at: picture.sample, in: .test) == picture.label)
    }

    @Test("observers get details with the distribution of the weights that were evaluated, epoch by epoch")
    func observed() throws {
        let observer = RememberingObserver()
        try run.train(run.flags("run"), observers: { _ in [observer] })
        let details = observer.told.details
        #expect(try details.last == detail("run"))
        #expect(details.map(\.epoch) == details.map(\.epoch).sorted())
        let weights = try #require(observer.told.weights.last)
        let checkpoint = try run.checkpoint("run", step: 9)
        #expect(!weights.isEmpty)
        for group in weights {
            let own = checkpoint.tensors.filter { $0.name.hasPrefix(group.name + ".") }.compactMap(\.floats).joined()
            #expect(group.count == own.count && group.counts.reduce(0, +) == own.count)
            #expect(group.minimum == own.min().map(Double.init) && group.maximum == own.max().map(Double.init))
            let squares = own.reduce(0) { $0 + Double($1) * Double($1) }
            #expect((group.sumOfSquares - squares).magnitude < 1e-9 * squares)
            #expect(group.edges.count == group.counts.count && group.edges.last == group.maximum)
        }
    }

    @Test("details that cannot be written end no run, and are reported once")
    func unwritable() throws {
        let folder = run.path("run") + "/evaluation.json"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let outcome = try run.train(run.flags("run") { $0.resume = .auto })
        #expect(outcome.step == 9)
    }
}

@Suite("What metrics tell at an epoch's end", .serialized, .withOurKernels)
struct EpochEndTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    private struct Line: Decodable {
        struct Group: Decodable {
            let name: String
            let weights, gradients: Double
        }
        let kind: String
        let epoch, step: Int
        let groups: [Group]?
        let seconds: Double?
        let computing, communication, data, checkpoints, evaluation, other: Double?
        let peak_memory_bytes: Int?

        var total: Double? {
            let parts = [computing, communication, data, checkpoints, evaluation, other].compactMap(\.self)
            return parts.count == 6 ? parts.reduce(0, +) : nil
        }
    }

    private func lines(_ output: String) throws -> [Line] {
        try String(contentsOfFile: run.path(output) + "/metrics.jsonl", encoding: .utf8).split(separator: "\n")
            .map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    @Test("norms of weights are those of the checkpoint's tensors, and gradients have some, before they are clipped")
    func norms() throws {
        try run.train(run.flags("run"))
        try run.train(run.flags("clipped") { $0.clipNorm = 1e-3 })
        let norms = try lines("run").filter { $0.kind == "norms" }
        #expect(norms.map(\.step) == [3, 6, 9] && norms.map(\.epoch) == [1, 2, 3])
        let checkpoint = try run.checkpoint("run", step: 9)
        for group in try #require(norms.last?.groups) {
            let own = checkpoint.tensors.filter { $0.name.hasPrefix(group.name + ".") }.compactMap(\.floats).joined()
            let norm = own.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect((group.weights - norm).magnitude < 1e-12 * norm && group.gradients > 0)
        }
        let clipped = try #require(try lines("clipped").first { $0.kind == "norms" }?.groups)
        #expect(clipped.map(\.gradients).max() ?? 0 > 1e-3)
    }

    @Test("seconds and the split of time go on across a resume, and never fall", arguments: [1, 2])
    func time(ranks: Int) throws {
        try run.train(ranks: ranks, run.flags("run"))
        let before = try lines("run")
        try run.forget("run", after: 6)
        try run.train(ranks: ranks, run.flags("run") { $0.resume = .auto })
        let after = try lines("run")
        let seconds = after.compactMap(\.seconds)
        #expect(seconds == seconds.sorted() && (seconds.first ?? 0) > 0)
        let times = after.filter { $0.kind == "time" }
        #expect(times.map(\.step) == [3, 6, 9, 9])
        #expect(times.compactMap(\.total) == times.compactMap(\.total).sorted())
        #expect(times.allSatisfy { ($0.computing ?? 0) > 0 && ($0.evaluation ?? 0) > 0 })
        #expect(times.allSatisfy { ($0.peak_memory_bytes ?? 0) > 0 })
        let kept = before.filter { $0.kind == "time" && $0.step <= 6 }
        #expect(times.prefix(2).map(\.total) == kept.map(\.total))
        // One part of the run: what is counted is what went by.
        let last = try #require(before.last { $0.kind == "time" }?.total)
        let end = try #require(before.last?.seconds)
        #expect((end - last).magnitude < 0.5)
    }
}

@Suite("An account of time")
struct TimeAccountTests {
    @Test("an account of time takes communication out of computing and of waiting for images only")
    func parts() {
        var account = TimeAccount(at: 100)
        account.enter(.data, collectives: 5, at: 101)
        account.enter(.computing, collectives: 5.25, at: 102)
        account.waitedForGradients = 0.5
        account.enter(.evaluation, collectives: 6.25, at: 106)
        account.enter(.other, collectives: 9, at: 111)
        let split = account.split
        #expect(split.other == 1 && split.data == 0.75 && split.computing == 2.5)
        #expect(split.communication == 0.25 + 1.5 && split.evaluation == 5)
        #expect(split.total == 11)
    }

    @Test("an account of time says what a run would gain without one of its parts")
    func gain() {
        var split = TimeSplit()
        split.computing = 75
        split.data = 25
        #expect(split.gain(without: .data) == 1.0 / 3 && split.gain(without: .checkpoints) == 0)
        let ending = RunEnding(best: nil, time: split, peakMemory: 1 << 30, ranks: 2)
        #expect(
            ending.facts.map(\.text) == [
                "computing 75%, data 25%", "at most 1.00 GiB on rank 0", "without waiting for images: 33% faster",
            ])
    }
}
