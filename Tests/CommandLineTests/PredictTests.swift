import CImageCodecs
import Checkpoints
import CommandSupport
import Foundation
import Testing

/// The predictions of a trained network, from files to printed lines.
@Suite("cnn-train predict", .serialized)
struct PredictTests {
    private let commands: Commands
    private let checkpoint: String

    /// Trains LeNet for two steps on a few grey images.
    init() throws {
        commands = try Commands()
        checkpoint = try Self.checkpoint(commands, data: try commands.tinyData(), output: "run")
    }

    private static func checkpoint(_ commands: Commands, data: String, output: String) throws -> String {
        let outcome = try commands.run(
            "--model", "lenet", "--data", data, "--batch-size", "16", "--lr", "0.5", "--threads", "1", "--steps", "2",
            "--output", output)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let folder = "\(output)/checkpoints"
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(commands.folder)/\(folder)")
        return "\(folder)/" + (try #require(names.filter { $0.hasSuffix(".zst") }.max()))
    }

    private struct Report: Decodable {
        let image: String
        let predictions: [Score]?
        let logits: [Float]?
        let error: String?

        struct Score: Decodable {
            let label: Int
            let name: String
            let probability: Double
        }
    }

    private func reports(_ outcome: Outcome) throws -> [Report] {
        try outcome.output.split(separator: "\n").map { try JSONDecoder().decode(Report.self, from: Data($0.utf8)) }
    }

    /// Returns a test image of `tinyData`.
    private func pixels(_ image: Int) -> [UInt8] { (0..<784).map { UInt8((37 * image + 11 * $0) % 251) } }

    private func writePNG(_ pixels: [UInt8], side: Int, channels: Int, to name: String) throws {
        let file = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
            count = codec_encode_png(
                pixels, UInt32(side), UInt32(side), Int32(channels), buffer.baseAddress, buffer.count)
        }
        try #require(!file.isEmpty)
        try commands.write(file, to: name)
    }

    @Test("a run's folder stands for its newest intact checkpoint")
    func folder() throws {
        try writePNG(pixels(0), side: 28, channels: 1, to: "a.png")
        let expected = try commands.run("predict", "--checkpoint", checkpoint, "a.png", "--logits")
        let newest = try commands.run("predict", "--checkpoint", "run", "a.png", "--logits")
        #expect(newest.output == expected.output && newest.status == 0)
        #expect(newest.errors == "cnn-train: note: \(checkpoint) is the newest\n", "\(newest.errors)")
        // This file has the name of a later step, but is not a checkpoint.
        let later = "run/checkpoints/step-000000009.safetensors.zst"
        try commands.write(Array("spoilt".utf8), to: later)
        let older = try commands.run("evaluate", "--checkpoint", "run/checkpoints")
        #expect(
            older.status == 0 && older.errors.contains(later) && older.errors.contains("\(checkpoint) is the newest"))
        try FileManager.default.createDirectory(
            atPath: commands.folder + "/empty", withIntermediateDirectories: true)
        let none = try commands.run("export", "--checkpoint", "empty", "--output", "a.onnx")
        #expect(none.status == 1 && none.errors.contains("empty: no checkpoint is in this folder"))
    }

    private func writeTensor(_ values: [Float], shape: [Int], named name: String = "input", to file: String) throws {
        let tensor = NamedTensor(name: name, shape: shape, storage: .float32(values))
        try Checkpoint(tensors: [tensor], optimizer: [], metadata: [:]).write(to: "\(commands.folder)/\(file)")
    }

    @Test("predict gives a picture the same logits as its tensor, to the bit, and evaluate gives the same loss")
    func agreement() throws {
        for image in 0..<12 { try writePNG(pixels(image), side: 28, channels: 1, to: "\(image).png") }
        let values = (0..<12).flatMap { pixels($0).map { (Float($0) / 255 - 0.2860) / 0.3530 } }
        try writeTensor(values, shape: [12, 1, 28, 28], to: "x.safetensors")

        let pictures = try commands.run(
            ["predict", "--checkpoint", checkpoint, "--json", "--logits"] + (0..<12).map { "\($0).png" })
        let tensor = try commands.run(
            "predict", "--checkpoint", checkpoint, "--json", "--logits", "--input-tensor", "x.safetensors")
        #expect(pictures.status == 0 && tensor.status == 0, "\(pictures.errors)\(tensor.errors)")
        let (shown, fed) = (try reports(pictures), try reports(tensor))
        #expect(shown.map(\.image) == (0..<12).map { "\($0).png" })
        #expect(fed.map(\.image) == (0..<12).map { "x.safetensors[\($0)]" })
        let logits = try fed.map { try #require($0.logits) }
        #expect(shown.map { $0.logits?.map(\.bitPattern) } == logits.map { $0.map(\.bitPattern) })
        // Images differ, so that logits of another image would be noticed.
        #expect(Set(logits).count == 12)

        let evaluated = try commands.run(
            "evaluate", "--checkpoint", checkpoint, "--data", try commands.tinyData(), "--json")
        let evaluation = try JSONDecoder().decode(Evaluation.self, from: Data(evaluated.output.utf8))
        let losses = logits.enumerated().map { image, logits in
            log(logits.map { exp(Double($0)) }.reduce(0, +)) - Double(logits[image % 10])
        }
        // Losses near 2.3, computed from the same logits in float32: a few roundings of 2^-24 each.
        #expect(abs(losses.reduce(0, +) / 12 - evaluation.loss) < 1e-5)
        let correct = logits.enumerated().filter { image, logits in
            logits.firstIndex(of: logits.max() ?? 0) == image % 10
        }
        #expect(correct.count == evaluation.correct)
    }

    private struct Evaluation: Decodable {
        let loss: Double
        let correct: Int
    }

    @Test("predict prints the likeliest classes in columns; probabilities fall and add up to 1")
    func text() throws {
        try writePNG(pixels(1), side: 28, channels: 1, to: "p.png")
        let all = try reports(commands.run("predict", "--checkpoint", checkpoint, "--json", "--top", "99", "p.png"))
        let scores = try #require(all.first?.predictions)
        #expect(scores.count == 10 && Set(scores.map(\.label)).count == 10)
        let probabilities: [Double] = scores.map(\.probability)
        #expect(probabilities == probabilities.sorted(by: >))
        let sum: Double = probabilities.reduce(0, +)
        #expect(abs(sum - 1) < 1e-12)
        #expect(all.first?.logits == nil)

        let text = try commands.run("predict", "--checkpoint", checkpoint, "--top", "3", "p.png").output
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.count == 4 && lines[0] == "p.png")
        #expect(Set(lines.dropFirst().map(\.count)).count == 1)
        for (line, score) in zip(lines.dropFirst(), scores) {
            #expect(line.hasPrefix("  \(score.name) "))
            #expect(line.hasSuffix(String(format: " %.2f%%", score.probability * 100)))
        }
    }

    @Test("predict takes pictures of any size and kind for a network with colour input")
    func colour() throws {
        let checkpoint = try Self.checkpoint(commands, data: "shapes", output: "colour")
        try writePNG([UInt8](repeating: 90, count: 50 * 50 * 3), side: 50, channels: 3, to: "colour.png")
        try writePNG([UInt8](repeating: 90, count: 28 * 28), side: 28, channels: 1, to: "grey.png")
        let outcome = try commands.run(
            "predict", "--checkpoint", checkpoint, "--json", "--logits", "colour.png", "grey.png")
        let reports = try reports(outcome)
        #expect(reports.count == 2, "\(outcome.errors)")
        #expect(reports.first?.logits?.map(\.bitPattern) == reports.last?.logits?.map(\.bitPattern))
    }

    @Test("predict presents photographs as training did, which the checkpoint says, or as it is asked to")
    func photographs() throws {
        func write(_ number: Int, to name: String) throws {
            let url = URL(filePath: "\(commands.folder)/\(name)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            let pixels = (0..<45 * 45 * 3).map { UInt8(truncatingIfNeeded: 31 * number + $0 / 7 * (5 + number)) }
            try writePNG(pixels, side: 45, channels: 3, to: name)
        }
        for (label, name) in ["a", "b"].enumerated() {
            for number in 0..<4 { try write(10 * label + number, to: "photos/train/\(name)/\(number).png") }
            for number in 4..<6 { try write(10 * label + number, to: "photos/val/\(name)/\(number).png") }
        }
        let run = [
            "--model", "lenet", "--data", "photos", "--image-size", "28", "--batch-size", "4", "--threads", "1",
            "--steps", "1", "--model-option", "activation=relu",
        ]
        let trained = try commands.run(run + ["--output", "a"])
        #expect(
            trained.output.contains("note     images are normalised as measured on 8 of 8 training images: mean 0."),
            "\(trained.output)")
        let file = "a/checkpoints/step-000000001.safetensors.zst"
        let shown = try commands.run("checkpoint", "inspect", file).output
        #expect(shown.contains("\"interpolation\":\"bilinear\"") && shown.contains("\"moments\":\"measured\""))

        let pictures = ["photos/val/a/4.png", "photos/val/b/5.png"]
        func logits(_ flags: String...) throws -> [[Float]?] {
            let outcome = try commands.run(
                ["predict", "--checkpoint", file, "--json", "--logits"] + flags + pictures)
            #expect(outcome.status == 0, "\(outcome.errors)")
            return try reports(outcome).map(\.logits)
        }
        let usual = try logits()
        #expect(try logits("--interpolation", "bilinear", "--exif-orientation", "off", "--decode", "fast") == usual)
        #expect(try logits("--interpolation", "bicubic") != usual)
        let small = try commands.run(["predict", "--checkpoint", file, "--max-image-pixels", "2000", pictures[0]])
        #expect(small.status == 1 && small.errors.contains("at most 2000 pixels"), "\(small.errors)")
        let evaluated = try commands.run("evaluate", "--checkpoint", file, "--max-image-pixels", "2000")
        #expect(evaluated.status == 1 && evaluated.complaints.count >= 1, "\(evaluated.errors)")

        // The mean of two networks trained on other presentations causes a note.
        let other = try commands.run(run + ["--output", "b", "--interpolation", "bicubic"])
        try #require(other.status == 0, "\(other.errors)")
        let mean = try commands.run(
            "checkpoint", "average", file, "b/checkpoints/step-000000001.safetensors.zst", "--output", "m.zst")
        #expect(mean.status == 0 && mean.complaints.count == 1)
        #expect(mean.errors.contains("pictures otherwise than the first (interpolation"), "\(mean.errors)")
        try write(1, to: "others/train/a/1.png")
        try write(2, to: "others/train/c/1.png")
        for name in ["a", "c"] { try write(3, to: "others/val/\(name)/1.png") }
        let unknown = try commands.run("evaluate", "--checkpoint", file, "--data", "others")
        #expect(unknown.status == 1 && unknown.complaints.count == 1)
        #expect(unknown.errors.contains("classes that the network does not have: c. It has a, b"))
    }

    @Test("predict reports a bad picture among several, predicts for the others and fails")
    func oneBad() throws {
        try writePNG(pixels(0), side: 28, channels: 1, to: "good.png")
        let whole = try Data(contentsOf: URL(filePath: commands.folder + "/good.png"))
        try commands.write(Array(whole.prefix(whole.count / 2)), to: "half.png")
        let outcome = try commands.run(
            "predict", "--checkpoint", checkpoint, "--json", "half.png", "good.png", "no.png")
        #expect(outcome.status == 1)
        let reports = try reports(outcome)
        #expect(reports.map(\.image) == ["half.png", "good.png", "no.png"])
        #expect(reports.map { $0.predictions == nil } == [true, false, true])
        #expect(outcome.complaints.count == 3, "\(outcome.errors)")
        #expect(outcome.complaints[0].contains("half.png is cut short"))
        #expect(outcome.complaints[1].contains("no.png: there is no such file"))
        #expect(outcome.complaints[2].contains("2 of 3 pictures"))

        let alone = try commands.run("predict", "--checkpoint", checkpoint, "half.png")
        #expect(alone.status == 1 && alone.complaints.count == 1 && alone.output.isEmpty, "\(alone.errors)")
        #expect(alone.complaints.first?.contains("half.png is cut short") == true)
    }

    @Test("predict takes a file that does not name its network if it is given the model")
    func otherFiles() throws {
        try writePNG(pixels(0), side: 28, channels: 1, to: "p.png")
        let bare = try Checkpoint(contentsOf: "\(commands.folder)/\(checkpoint)").tensors
        try Checkpoint(tensors: bare, optimizer: [], metadata: [:]).write(to: "\(commands.folder)/bare.safetensors.zst")
        let told = try commands.run(
            "predict", "--checkpoint", "bare.safetensors.zst", "--model", "lenet", "--json", "p.png")
        #expect(try reports(told).first?.predictions?.first?.name.hasPrefix("class ") == true, "\(told.errors)")
        let imported = try commands.run(
            "checkpoint", "import", "--model", "lenet", "--input", "bare.safetensors.zst", "--output", "c.zst")
        #expect(imported.status == 0, "\(imported.errors)")
        // An imported file does not know the normalisation of its data either.
        let known = try commands.run("predict", "--checkpoint", "c.zst", "--json", "p.png")
        #expect(known.output == told.output, "\(known.errors)")
        let untold = try commands.run("predict", "--checkpoint", "bare.safetensors.zst", "p.png")
        #expect(untold.status == 1 && untold.errors.contains("--model"), "\(untold.errors)")
        let wrong = try commands.run(
            "predict", "--checkpoint", "bare.safetensors.zst", "--model", "resnet18", "p.png")
        #expect(wrong.status == 1 && wrong.errors.contains("does not fit"), "\(wrong.errors)")
    }

    @Test("predict refuses a tensor of another name or shape, and prints the expected ones")
    func wrongTensors() throws {
        func errors(_ shape: [Int], named name: String = "input") throws -> String {
            try writeTensor(
                [Float](repeating: 0, count: shape.reduce(1, *)), shape: shape, named: name, to: "x.safetensors")
            let outcome = try commands.run("predict", "--checkpoint", checkpoint, "--input-tensor", "x.safetensors")
            #expect(outcome.status == 1 && outcome.complaints.count == 1)
            return outcome.errors
        }
        #expect(try errors([1, 1, 28, 28], named: "images").contains("no tensor 'input', but images"))
        #expect(try errors([1, 3, 28, 28]).contains("[1, 3, 28, 28], expected [N, 1, 28, 28]"))
        #expect(try errors([1, 1, 28, 27]).contains("[1, 1, 28, 27], expected float32 [N, C, S, S]"))
        #expect(try errors([28, 28]).contains("[28, 28]"))
        // LeNet's linear layers are made for one size of image.
        #expect(try errors([1, 1, 36, 36]).contains("does not fit"))
        let neither = try commands.run("predict", "--checkpoint", checkpoint)
        #expect(neither.status == 64 && neither.errors.contains("--input-tensor"))
    }
}
