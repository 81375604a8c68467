import CommandSupport
import Foundation
import ImageFaults
import Testing

@Suite("data pack") struct DataPackTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    /// Pictures of two classes in both splits, in a folder and in tar files of it.
    private func writePhotos() throws {
        for index in 0..<44 {
            let (width, height) = (30 + index % 7, 34 - index % 5)
            let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 * (3 + index % 4) + 41 * index) }
            let folder = "photos/\(index < 32 ? "train" : "val")/\(["cat", "dog"][index % 2])"
            try FileManager.default.createDirectory(
                atPath: "\(commands.folder)/\(folder)", withIntermediateDirectories: true)
            let bytes =
                index % 3 == 0
                ? Pictures.png(pixels, width: width, height: height, channels: 3)
                : Pictures.jpeg(pixels, width: width, height: height, channels: 3)
            try commands.write(bytes, to: "\(folder)/\(index).\(index % 3 == 0 ? "png" : "jpg")")
        }
        #expect(try commands.run(words: ["tar", "-cf", "photos.tar", "photos"]).status == 0)
        #expect(try commands.run(words: ["tar", "-czf", "photos.tar.gz", "photos"]).status == 0)
    }

    private func pack(_ arguments: String...) throws -> Outcome { try commands.run(["data", "pack"] + arguments) }

    /// The digest of the parameters after two epochs.
    private func digest(_ data: String, output: String) throws -> String {
        let outcome = try commands.run(
            "--model", "lenet", "--data", data, "--epochs", "2", "--batch-size", "8", "--threads", "1", "--augment",
            "resized-crop-flip", "--mixup", "0.3", "--image-size", "28", "--output", output)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let log = try String(contentsOfFile: "\(commands.folder)/\(output)/metrics.jsonl", encoding: .utf8)
        return String(try #require(log.firstMatch(of: /"parameters_sha256": ?"([0-9a-f]{64})"/)).1)
    }

    @Test("a folder, its tar file and what they are packed to train to the same parameters")
    func sameBits() throws {
        try writePhotos()
        #expect(try pack("photos", "packed").status == 0)
        #expect(try pack("photos.tar.gz", "of-tar", "--shard-megabytes", "1").status == 0)
        #expect(try pack("packed:packed", "raw", "--raw").status == 0)
        let expected = try digest("photos", output: "a")
        for (number, data) in ["photos.tar", "packed", "packed:of-tar", "raw"].enumerated() {
            #expect(try digest(data, output: "run \(number)") == expected, "\(data)")
        }
        // Fewer pixels are others.
        #expect(try pack("photos", "small", "--size", "20").status == 0)
        #expect(try digest("small", output: "small run") != expected)
    }

    @Test("data pack says what it made, in words and as JSON, and data inspect knows it again")
    func report() throws {
        try writePhotos()
        let outcome = try pack("photos", "packed")
        #expect(outcome.output.hasPrefix("packed: 32 images to train and 12 to test, ") && outcome.status == 0)
        #expect(outcome.output.contains(" in 1 shard\n"))
        let json = try pack("photos", "other", "--json").output
        let report = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(report["train"] as? Int == 32 && report["test"] as? Int == 12 && report["shards"] as? Int == 1)
        #expect((report["damaged"] as? [Any])?.isEmpty == true && report["output"] as? String == "other")
        let inspection = try commands.run("data", "inspect", "packed").output
        #expect(inspection.contains("packed: packed, because index.pack of a packed dataset is there"))
        #expect(inspection.contains("layout: images as they were stored from folder, in 1 shard"))
    }

    @Test("damaged images are listed and left out, and the exit code is 1")
    func damaged() throws {
        try writePhotos()
        try commands.write(Array("no picture".utf8), to: "photos/train/cat/bad.jpg")
        let outcome = try pack("photos", "packed")
        #expect(outcome.status == 1 && outcome.complaints.count == 1)
        #expect(outcome.output.contains("train\tphotos/train/cat/bad.jpg"))
        #expect(outcome.output.contains("packed: 32 images to train and 12 to test"))
        #expect(outcome.complaints.first?.contains("1 of 45 images cannot be decoded and were left out") == true)
        #expect(try commands.run("data", "verify", "packed").status == 0)
    }

    @Test("the command that the message on a compressed archive names makes it readable")
    func compressed() throws {
        try writePhotos()
        let failure = try commands.run("data", "verify", "photos.tar.gz")
        #expect(failure.status == 1)
        let line = try #require(failure.complaints.first?.firstMatch(of: /`cnn-train (data pack [^`]*)`/)).1
        #expect(line == "data pack photos.tar.gz photos-packed")
        #expect(try commands.shell("\"$cnn\" \(line)").status == 0)
        #expect(try commands.run("data", "verify", "photos-packed").status == 0)
    }

    @Test("a pack that is killed leaves nothing that is taken for a dataset, and says what to do")
    func killed() throws {
        try writePhotos()
        let folder = commands.folder
        // Many times the same pictures, so that there is time to be killed in.
        for copy in 0..<60 {
            let words = ["cp", "-r", "photos/train/cat", "photos/train/cat/copy\(copy)"]
            if copy == 0 { #expect(try commands.run(words: ["cp", "-r", "photos/train/cat", "once"]).status == 0) }
            #expect(try commands.run(words: words.map { $0 == "photos/train/cat" ? "once" : $0 }).status == 0)
        }
        let outcome = try commands.run(
            ["data", "pack", "photos", "packed", "--threads", "1"],
            killedWhen: { FileManager.default.fileExists(atPath: folder + "/packed/images-00000.pack") })
        #expect(outcome.status == 128 + SIGKILL)
        let failure = try commands.run("data", "inspect", "packed")
        #expect(failure.status == 1 && failure.complaints.first?.contains("`rm -r packed`") == true)
        #expect(try pack("photos", "packed").complaints.first?.contains("`rm -r packed`") == true)
    }

    @Test(
        "flags that do not fit together, or are out of range, are a mistake",
        arguments: [
            ["--quality", "90"], ["--size", "8", "--raw", "--quality", "90"], ["--size", "0"], ["--quality", "101"],
        ]
    )
    func mistakes(flags: [String]) throws {
        let outcome = try commands.run(["data", "pack", "photos", "packed"] + flags)
        #expect(outcome.status == 64 && outcome.complaints.count == 1, "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: commands.folder + "/packed"))
    }

    @Test("a dataset that is drawn on the spot has nothing to pack")
    func drawn() throws {
        let outcome = try pack("shapes", "packed")
        #expect(outcome.status == 1 && outcome.complaints.first?.contains("made on the spot") == true)
    }
}
