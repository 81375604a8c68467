import CommandSupport
import Foundation
import ImageFaults
import Testing

/// Folders of pictures from the command line: what is damaged in them, and how fast they come.
@Suite("Pictures in folders", .serialized)
struct DataRoadTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    private func write(_ bytes: [UInt8], to name: String) throws {
        let url = URL(filePath: commands.folder + "/" + name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    private func picture(_ number: Int, side: Int = 32) -> [UInt8] {
        // Large ones compress well.
        let pixels =
            side > 100
            ? Pictures.gradient(width: side, height: side, channels: 3)
            : (0..<side * side * 3).map { UInt8(truncatingIfNeeded: $0 &* (number + 3) >> 2) }
        return Pictures.jpeg(pixels, width: side, height: side, channels: 3)
    }

    private func make(_ count: Int = 24, side: Int = 32) throws {
        for number in 0..<count {
            try write(picture(number, side: side), to: "photos/train/\(["a", "b"][number % 2])/\(number).jpg")
            if number < 4 {
                try write(picture(number, side: side), to: "photos/val/\(["a", "b"][number % 2])/\(number).jpg")
            }
        }
    }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("data verify exits with 0 where all pictures can be decoded, else with 1 and names the damaged ones")
    func verify() throws {
        try make()
        let sound = try commands.run("data", "verify", "photos")
        #expect(sound.status == 0 && sound.output.contains("all of 28 images can be decoded"), "\(sound.errors)")
        try write(Array(picture(1).dropLast(200)), to: "photos/train/b/1.jpg")
        try write(Array("<html></html>".utf8), to: "photos/val/a/0.jpg")
        let damaged = try commands.run("data", "verify", "photos")
        #expect(damaged.status == 1)
        let lines = damaged.output.split(separator: "\n")
        #expect(lines.count == 2 && lines[0].contains("photos/train/b/1.jpg") && lines[1].contains("an HTML page"))
        #expect(damaged.complaints.count == 1 && damaged.errors.contains("2 of 28 images cannot be decoded"))
        let json = try commands.run("data", "verify", "photos", "--json")
        #expect(json.status == 1)
        let report = try object(json.output)
        #expect(report["samples"] as? Int == 28 && (report["damaged"] as? [Any])?.count == 2)
    }

    @Test(
        "damaged pictures end a strict run with one complaint, and are left out of another",
        arguments: [nil, 2] as [Int?])
    func damage(ranks: Int?) throws {
        try make()
        try write(Array(picture(1).dropLast(200)), to: "photos/train/b/1.jpg")
        let flags = ["--model", "lenet", "--data", "photos", "--batch-size", "8", "--epochs", "1", "--threads", "1"]
        let strict = try commands.run(flags + ["--output", "strict", "--strict"], ranks: ranks)
        #expect(strict.status == 1)
        #expect(
            strict.complaints.count { $0.contains("--strict") && $0.contains("photos/train/b/1.jpg") } == 1,
            "\(strict.errors)")
        let run = try commands.run(flags + ["--output", "run"], ranks: ranks)
        #expect(run.status == 0 && run.errors.contains("left out: photos/train/b/1.jpg"), "\(run.errors)")
        let none = try commands.run(flags + ["--output", "none", "--max-bad-samples", "0"], ranks: ranks)
        #expect(none.status == 1 && none.errors.contains("none/bad-samples.tsv lists them"), "\(none.errors)")
    }

    @Test("steps that wait for pictures are reported once in the log, and with their seconds in the metrics")
    func waiting() throws {
        try make(12, side: 1200)
        let outcome = try commands.run(
            "--model", "lenet", "--data", "photos", "--batch-size", "4", "--epochs", "3", "--threads", "1",
            "--log-every", "1",
            "--cache", "off", "--output", "run")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.split(separator: "\n").count { $0.contains("steps wait for images") } == 1)
        let metrics = try String(contentsOfFile: commands.folder + "/run/metrics.jsonl", encoding: .utf8)
        var waited = 0.0
        for line in try metrics.split(separator: "\n").map({ try object(String($0)) }) {
            let seconds = line["waited_for_images_seconds"] as? Double
            #expect((seconds != nil) == (line["kind"] as? String == "train") && seconds ?? 0 >= 0)
            waited += seconds ?? 0
        }
        #expect(waited > 0 && waited < outcome.seconds)
    }

    @Test("pictures fewer than a batch make every step one of all of them, which is said")
    func fewerThanABatch() throws {
        try make(6)
        let outcome = try commands.run(
            "--model", "lenet", "--data", "photos", "--batch-size", "64", "--epochs", "2", "--output", "run")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("6 training samples do not fill a batch: every step takes all of them"))
    }

    @Test(
        "bench measures pictures alone, steps without them, and both together, with what limits",
        arguments: [(nil, []), (2, []), (nil, ["--workers", "2"])] as [(Int?, [String])])
    func bench(ranks: Int?, flags: [String]) throws {
        try make()
        try write([], to: "photos/train/b/1.jpg")
        let arguments = [
            "bench", "--model", "lenet", "--data", "photos", "--batch-size", "8", "--threads", "1", "--steps", "3",
            "--augment", "resized-crop-flip", "--interpolation", "bicubic", "--decode", "fast",
        ]
        let json = try commands.run(arguments + flags + ["--json"], ranks: ranks)
        #expect(json.status == 0, "\(json.errors)")
        let result = try object(json.output)
        #expect(result["ranks"] as? Int == (ranks == nil && flags.isEmpty ? 1 : 2))
        let speeds = try ["data", "step", "together"].map {
            try #require(result["\($0)_images_per_second"] as? Double)
        }
        #expect(speeds.allSatisfy { $0 > 0 })
        #expect(result["median_images_per_second"] as? Double == speeds[1])
        let limit = try #require(result["limited_by"] as? String)
        #expect(["steps", "images", "cores"].contains(limit))
        // Measurements take seconds; what people read is the same for all of them.
        guard ranks == nil && flags.isEmpty else { return }
        let text = try commands.run(arguments, ranks: ranks)
        #expect(text.status == 0)
        for words in ["read and transformed from folder:", "synthetic images of the same shape", "together", "limit"] {
            #expect(text.output.contains(words), "\(words): \(text.output)")
        }
    }

    @Test("bench refuses options that do not fit its pictures")
    func benchMistakes() throws {
        try make()
        for (flags, status, words) in [
            (["--data", "nowhere"], 1, "nowhere"),
            (["--data", "shapes", "--augment", "erase"], 1, "drawn on the spot"),
            (["--data", "photos", "--augment", "wobble"], 64, "wobble"),
            (["--prefetch-megabytes", "0"], 64, "1048576"),
            (["--data", "photos", "--max-bad-samples", "-1"], 64, "--max-bad-samples"),
        ] as [([String], Int32, String)] {
            let outcome = try commands.run(["bench", "--model", "lenet"] + flags)
            #expect(outcome.status == status && outcome.errors.contains(words), "\(flags): \(outcome.errors)")
        }
    }
}
