import Foundation
import Testing

@testable import Datasets

/// Four images of 2 x 2 pixels, whose bytes docs/packed-format.md shows.
private struct Example: Source {
    let name = "cifar:example"
    let classNames = ["cat", "dog"]
    let channels = 1
    let imageSize: Int? = 2
    let normalisation: Normalisation? = Normalisation(name: "half", means: [0.5], deviations: [0.25])

    func count(of split: Split) -> Int { split == .train ? 2 : 1 }
    func label(at index: Int, in split: Split) -> Int { split == .train ? index : 1 }
    func path(of index: Int, in split: Split) -> String { "\(split.rawValue)/\(index)" }
    func name(of index: Int, in split: Split) -> [UInt8] { Array("\(split.rawValue)/\(index)".utf8) }
    func storedBytes(of index: Int, in split: Split) -> Int? { 4 }

    func read(_ index: Int, of split: Split, into sample: inout StoredSample) throws(SampleError) {
        let first = UInt8(16 * label(at: index, in: split) + (split == .train ? 0 : 8))
        sample.form = .pixels(height: 2, width: 2)
        sample.bytes = [first, first + 1, first + 2, first + 3]
    }
}

@Suite struct PackedFormatTests {
    private let folder: MadeFolder
    /// The index of the example.
    private let index: [UInt8]

    init() throws {
        folder = try MadeFolder()
        _ = try DatasetPacking(
            of: Example(), to: folder.path + "/out", as: .stored, shardBytes: 1 << 20, threads: 1)
        index = try folder.bytes("out/index.pack")
    }

    /// Returns the message of opening the set with another index; nil where it opens.
    private func failure(_ index: [UInt8]) throws -> String? {
        try folder.write(index, to: "out/index.pack")
        return folder.failure("out")?.description
    }

    private func changed(_ place: Int, _ bytes: [UInt8]) -> [UInt8] {
        var index = index
        index.replaceSubrange(place..<place + bytes.count, with: bytes)
        return resealed(index)
    }

    @Test("the bytes in the description of the format are those that are written")
    func documentation() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/packed-format.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        var files: [String: [UInt8]] = [:]
        var name = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("`"), line.hasSuffix("`:") { name = String(line.dropFirst().dropLast(2)) }
            let words = line.split(separator: " ")
            guard let place = words.first, place.count == 8, let start = Int(place, radix: 16) else { continue }
            let bytes = words.dropFirst().prefix(16).prefix { $0.count == 2 }.compactMap { UInt8($0, radix: 16) }
            #expect(files[name, default: []].count == start, "\(line)")
            files[name, default: []] += bytes
        }
        #expect(try files["index.pack"] == folder.bytes("out/index.pack"))
        #expect(try files["images-00000.pack"] == folder.bytes("out/images-00000.pack"))
    }

    /// A place in the index, the bytes that replace those there, and the words in the message.
    private static let faults: [(place: Int, bytes: [UInt8], words: String)] = [
        (0, [0x88], "does not begin as the index"), (8, [0], "its version is 0"),
        (12, [2], "2 channels"), (16, [3], "2 x 2 pixels in 4 bytes"), (18, [1], "65538 pixels a side"),
        (20, [3], "of the kind 3, 0, 0"), (20, [1], "of the kind 1, 0, 0"), (24, [1], "of the kind 0, 1, 0"),
        (28, [1], "of the kind 0, 0, 1"), (32, [1], "announces"), (39, [0x80], "classes"), (40, [3], "announces"),
        (40, [0, 0, 0, 0, 0, 0, 0, 0, 3], "no samples to train"),
        (47, [0xFF], "samples to train"), (55, [0x7F], "samples to test"), (56, [0], "announces"),
        (63, [1], "shards"), (64, [1], "announces"), (70, [1], "bytes of text"), (72, [3], "moments"),
        (72, [0], "nothing but 0"), (76, [0, 0, 0x80, 0x7F], "moments"), (80, [1], "nothing but 0"),
        (88, [0, 0, 0, 0], "moments"), (88, [0, 0, 0x80, 0xBF], "moments"), (92, [1], "nothing but 0"),
        (100, [1], "nothing but 0"), (127, [1], "nothing but 0"),
        // The shard.
        (128, [45], "it has 44 bytes, and index.pack says 45"), (128, [43], "sample 2 has 4 bytes from byte 40"),
        (135, [0x80], "index.pack says"), (136, [0], "first bytes are not those of shard 0"),
        // The first sample.
        (144, [31], "from byte 31"), (151, [0xFF], "of shard 0"), (160, [5], "2 x 2 pixels in 5 bytes"),
        (163, [0xFF], "of shard 0"), (164, [1], "lies in shard 1, and there are 1"), (168, [3], "2 x 3 pixels"),
        (168, [0], "2 x 0 pixels"), (172, [0xFF, 0xFF, 0xFF, 0xFF], "4294967295 x 2"),
        (176, [2], "the label 2, and there are 2"), (180, [1], "nothing but 0"),
        // These are the ends of texts: the kind, the moments, the second class, the last sample.
        (264, [200], "do not follow one another"), (272, [4], "do not follow one another"),
        (288, [0], "do not follow one another"), (312, [32], "do not follow one another"),
        (319, [0xFF], "do not follow one another"),
    ]

    @Test("an impossible number in an index is reported", arguments: faults)
    func numbers(place: Int, bytes: [UInt8], words: String) throws {
        let failure = try #require(try failure(changed(place, bytes)))
        #expect(failure.contains(words), "\(failure)")
        #expect(failure.split(separator: "\n").count == 1)
    }

    @Test("an index of a later version is refused as such, whatever follows")
    func later() throws {
        try folder.write(changed(8, [2]), to: "out/index.pack")
        #expect(folder.failure("out") == .laterPack(file: folder.path + "/out/index.pack", found: 2, known: 1))
    }

    @Test("a change of any byte of an index is noticed")
    func checksum() throws {
        for place in index.indices {
            for bit in [0, 7] {
                var changed = index
                changed[place] ^= 1 << UInt8(bit)
                #expect(try failure(changed) != nil, "byte \(place)")
            }
        }
        #expect(try failure(index) == nil)
    }

    @Test("an index and a shard that are too short or too long by any number of bytes are refused")
    func lengths() throws {
        for count in index.indices {
            let failure = try #require(try failure(Array(index.prefix(count))))
            #expect(failure.contains("index.pack cannot be used"), "\(count): \(failure)")
        }
        #expect(try failure(index + [0])?.contains("first part announces \(index.count)") == true)
        try folder.write(index, to: "out/index.pack")
        let shard = try folder.bytes("out/images-00000.pack")
        for count in shard.indices {
            try folder.write(Array(shard.prefix(count)), to: "out/images-00000.pack")
            #expect(folder.failure("out")?.description.contains("it has \(count) bytes") == true)
        }
        try folder.write(shard + [0], to: "out/images-00000.pack")
        #expect(folder.failure("out")?.description.contains("it has \(shard.count + 1) bytes") == true)
    }

    @Test("a shard that is missing, from another set or changed in its first bytes is refused by its name")
    func shards() throws {
        try folder.writePhotos()
        try folder.pack(folder.path + "/photos", to: "a", shardBytes: 500)
        try folder.pack(folder.path + "/photos", to: "b", as: .pixels(shorter: nil), shardBytes: 500)
        let (first, second) = (try folder.bytes("a/images-00000.pack"), try folder.bytes("a/images-00001.pack"))
        func failure(_ shard: [UInt8]) throws -> String {
            try folder.write(shard, to: "a/images-00000.pack")
            return folder.failure("a")?.description ?? ""
        }
        for byte in 0..<PackedLayout.shardHeader {
            var changed = first
            changed[byte] ^= 1
            #expect(try failure(changed).contains("images-00000.pack cannot be used"))
        }
        // Both have the same length, so that only the first bytes differ.
        let exchanged = second.prefix(first.count) + [UInt8](repeating: 0, count: max(first.count - second.count, 0))
        #expect(try failure(Array(exchanged)).contains("first bytes are not those of shard 0"))
        #expect(try failure(folder.bytes("b/images-00000.pack")).contains("images-00000.pack cannot be used"))
        #expect(try failure(first).isEmpty)
        try FileManager.default.removeItem(atPath: folder.path + "/a/images-00001.pack")
        #expect(folder.failure("a")?.description.contains("images-00001.pack cannot be used") == true)
        #expect(folder.failure("a")?.description.contains("it is not there") == true)
    }

    @Test("a changed byte of an image damages only that sample, which is named")
    func samples() throws {
        try folder.writePhotos()
        try folder.pack(folder.path + "/photos", to: "a", shardBytes: 500)
        var shard = try folder.bytes("a/images-00002.pack")
        shard[PackedLayout.shardHeader + 1] ^= 4
        try folder.write(shard, to: "a/images-00002.pack")
        let source = try opened("a")
        #expect(source.mayBeDamaged)
        let bad = try DatasetVerification(of: source, threads: 2).bad
        #expect(bad.count == 1)
        let sample = try #require(bad.first)
        #expect(sample.path == source.path(of: sample.index, in: sample.split))
        #expect(sample.reason.contains(".png of \(folder.path)/a: its bytes in "))
        #expect(sample.reason.contains("images-00002.pack have changed"))
        // Pixels have checksums too.
        var pixels = try folder.bytes("out/images-00000.pack")
        pixels[pixels.count - 1] ^= 1
        try folder.write(pixels, to: "out/images-00000.pack")
        #expect(try DatasetVerification(of: opened("out"), threads: 1).bad.map(\.split) == [.test])
    }

    private func opened(_ name: String) throws -> any Source { try source(folder.path + "/" + name) }

    @Test("a shard that is shortened or removed while it is read causes an error and does not end the process")
    func vanishing() throws {
        let source = try opened("out")
        try #require(truncate(folder.path + "/out/images-00000.pack", 40) == 0)
        #expect(throws: SampleError.self) { try stored(source, 0, .test) }
        #expect(try stored(source, 0, .train).bytes == [0, 1, 2, 3])
        try #require(truncate(folder.path + "/out/index.pack", 0) == 0)
        #expect(source.path(of: 0, in: .train) == "image 0 to train of \(folder.path)/out")
        #expect(source.label(at: 1, in: .train) == 1)
    }
}
