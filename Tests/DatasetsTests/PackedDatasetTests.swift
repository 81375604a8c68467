import Files
import Foundation
import ImageFaults
import Testing

@testable import Datasets

@Suite struct PackedDatasetTests {
    /// A dataset of each kind, below a folder.
    private static func specification(_ kind: String, in folder: MadeFolder) throws -> String {
        switch kind {
        case "folder": try folder.writePhotos()
        case "tar":
            try folder.writePhotos("a")
            try folder.run("tar", "-cf", "photos", "a")
        case "mnist":
            let idx = try IDXFolder(train: 13, test: 7)
            for name in [
                IDXFolder.trainImages, IDXFolder.trainLabels, IDXFolder.testImages, IDXFolder.testLabels,
            ] { try folder.write(idx.bytes(of: name), to: "photos/" + name) }
        default: try MadeCIFAR.write(.binary100, to: folder, below: "photos/")
        }
        return "\(kind):\(folder.path)/photos"
    }

    @Test(
        "a packed set has the order, labels, names, classes, moments, pixels and fingerprint of its source",
        arguments: ["folder", "tar", "mnist", "cifar"], [PackedContent.stored, .pixels(shorter: nil)])
    func roundTrip(kind: String, content: PackedContent) throws {
        let folder = try MadeFolder()
        let specification = try Self.specification(kind, in: folder)
        let packing = try folder.pack(specification, as: content, shardBytes: 3_000, threads: 3)
        let original = try #require(try openDataset(specification) as? StoredDataset)
        let packed = try #require(try openDataset(folder.path + "/out") as? StoredDataset)
        #expect(packing.bad.isEmpty && packing.shards > 1 && packing.train == original.count(of: .train))
        #expect(packed.source is PackedDataset && packed.source.kind == kind)
        #expect(packed.classNames == original.classNames && packed.channels == original.channels)
        #expect(packed.source.imageSize == original.source.imageSize)
        #expect(packed.source.normalisation == original.source.normalisation)
        for split in Split.allCases {
            try #require(packed.count(of: split) == original.count(of: split))
            for index in 0..<packed.count(of: split) {
                #expect(packed.label(at: index, in: split) == original.label(at: index, in: split))
                #expect(packed.source.name(of: index, in: split) == original.source.name(of: index, in: split))
                #expect(
                    try packed.image(index, of: split, imageSize: 9) == original.image(index, of: split, imageSize: 9))
                let (own, its) = (try stored(packed.source, index, split), try stored(original.source, index, split))
                if content == .stored { #expect(own.bytes == its.bytes && own.form == its.form) }
                if content != .stored { #expect(own.form != .encoded) }
            }
        }
        #expect(packed.fingerprint == original.fingerprint)
        let files = folder.names("out")
        #expect(files == (0..<packing.shards).map(PackedLayout.shardName) + [PackedLayout.indexName])
        let bytes = try files.map { try folder.bytes("out/" + $0).count }.reduce(0, +)
        #expect(bytes == packing.bytes)
    }

    @Test("names and classes that are no UTF-8 survive, and messages name the sample and the set")
    func names() throws {
        let folder = try MadeFolder()
        let names: [[UInt8]] = [[0xFF, 0x2F, 0xFE, 0x2E] + Array("png".utf8), Array("é \u{10FEFF}/ü.png".utf8)]
        // Bytes of headers, not text.
        let archive = names.flatMap { name in
            ["train/", "val/"].flatMap { split in
                var member = TarFile.member("x", picture(1))
                let path = Array(split.utf8) + name
                member.replaceSubrange(0..<100, with: path + [UInt8](repeating: 0, count: 100 - path.count))
                return TarFile.sealed(Array(member.prefix(512))) + member.dropFirst(512)
            }
        }
        try folder.write(archive + [UInt8](repeating: 0, count: 1024), to: "a.tar")
        try folder.pack(folder.path + "/a.tar")
        let (own, its) = (try source(folder.path + "/out"), try source(folder.path + "/a.tar"))
        #expect(own.classNames == its.classNames && own.classNames.map(\.pathBytes).contains([0xFF]))
        for split in Split.allCases {
            for index in 0..<2 { #expect(own.name(of: index, in: split) == its.name(of: index, in: split)) }
        }
        #expect(own.path(of: 1, in: .test) == String(pathBytes: own.name(of: 1, in: .test)) + " of \(folder.path)/out")
    }

    @Test("a packed set can be packed again, and keeps what it says of its source")
    func again() throws {
        let folder = try MadeFolder()
        try folder.writePhotos()
        try folder.pack(folder.path + "/photos", shardBytes: 1_000)
        try folder.pack("packed:" + folder.path + "/out", to: "again", shardBytes: 1_000)
        for name in folder.names("out") { #expect(try folder.bytes("out/" + name) == folder.bytes("again/" + name)) }
        try folder.pack(folder.path + "/out/" + PackedLayout.indexName, to: "pixels", as: .pixels(shorter: nil))
        #expect(
            try openDataset(folder.path + "/pixels").fingerprint == openDataset(folder.path + "/photos").fingerprint)
        #expect(try source(folder.path + "/pixels").kind == "folder")
    }

    @Test("the files are the same for any number of threads", arguments: [1, 5])
    func threads(count: Int) throws {
        let folder = try MadeFolder()
        try folder.writePhotos()
        try folder.pack(
            folder.path + "/photos", as: .smaller(shorter: 5, quality: 80), shardBytes: 2_000, threads: count)
        try folder.pack(
            folder.path + "/photos", to: "other", as: .smaller(shorter: 5, quality: 80), shardBytes: 2_000, threads: 2)
        for name in folder.names("out") { #expect(try folder.bytes("out/" + name) == folder.bytes("other/" + name)) }
    }

    @Test("an image whose shorter side is longer becomes smaller, and no other is touched")
    func smaller() throws {
        let folder = try MadeFolder()
        for name in ["train/a", "train/b", "val/a", "val/b"] {
            try folder.write(picture(1, width: 30, height: 20), to: "photos/\(name)/large.png")
            try folder.write(picture(2, width: 30, height: 10), to: "photos/\(name)/right.png")
            try folder.write(picture(3, width: 7, height: 40), to: "photos/\(name)/small.png")
        }
        try folder.pack(folder.path + "/photos", as: .smaller(shorter: 10, quality: 100))
        try folder.pack(folder.path + "/photos", to: "raw", as: .pixels(shorter: 10))
        let (encoded, raw) = (try source(folder.path + "/out"), try source(folder.path + "/raw"))
        let large = try Image(bytes: picture(1, width: 30, height: 20), path: "large").resized(rows: 10, columns: 15)
        let pixels = try stored(raw, 0, .train)
        #expect(pixels.form == .pixels(height: 10, width: 15) && pixels.bytes == large.pixels)
        let jpeg = try stored(encoded, 0, .train)
        #expect(jpeg.bytes.starts(with: [0xFF, 0xD8]))
        let decoded = try Image(bytes: jpeg.bytes, path: "jpeg")
        #expect(decoded.height == 10 && decoded.width == 15)
        #expect(try stored(encoded, 1, .train).bytes == picture(2, width: 30, height: 10))
        #expect(try stored(encoded, 2, .train).bytes == picture(3, width: 7, height: 40))
        #expect(try stored(raw, 2, .train).form == .pixels(height: 40, width: 7))
        #expect(encoded.layout?.contains("quality 100") == true && raw.layout?.contains("at most 10") == true)
        #expect(encoded.imageSize == nil)
    }

    @Test("a JPEG that is encoded anew is nearly the resized image")
    func quality() throws {
        let folder = try MadeFolder()
        // A smooth picture, of which JPEG keeps nearly all.
        let pixels: [UInt8] = (0..<64 * 48 * 3).map { place in
            let (row, column) = (place / 192, place / 3 % 64)
            return UInt8(2 * column + row)
        }
        let png = Pictures.png(pixels, width: 64, height: 48, channels: 3)
        for name in ["train/a", "train/b", "val/a", "val/b"] { try folder.write(png, to: "photos/\(name)/1.png") }
        try folder.pack(folder.path + "/photos", as: .smaller(shorter: 24, quality: 95))
        let wanted = try Image(bytes: png, path: "png").resized(rows: 24, columns: 32)
        let found = try Image(bytes: stored(source(folder.path + "/out"), 0, .train).bytes, path: "jpeg")
        let differences = zip(wanted.pixels, found.pixels).map { abs(Int($0) - Int($1)) }
        // Brightness is rounded to steps of 1 to 2 at this quality, colour to some more.
        #expect((differences.max() ?? 255) <= 8 && Double(differences.reduce(0, +)) / Double(differences.count) < 2)
    }

    @Test("grey and colour pixels become smaller too, and say their new size", arguments: ["mnist", "cifar"])
    func smallerPixels(kind: String) throws {
        let folder = try MadeFolder()
        let specification = try Self.specification(kind, in: folder)
        try folder.pack(specification, as: .pixels(shorter: 14))
        try folder.pack(specification, to: "jpeg", as: .smaller(shorter: 14, quality: 90))
        let (raw, jpeg) = (try source(folder.path + "/out"), try source(folder.path + "/jpeg"))
        #expect(raw.imageSize == 14 && jpeg.imageSize == 14 && raw.channels == (kind == "mnist" ? 1 : 3))
        #expect(try stored(raw, 0, .test).form == .pixels(height: 14, width: 14))
        let (pixels, decoded) = (
            try StoredDataset(raw).image(0, of: .test, imageSize: 14),
            try StoredDataset(jpeg).image(0, of: .test, imageSize: 14)
        )
        #expect(pixels.count == 14 * 14 * raw.channels && decoded.count == pixels.count)
    }

    @Test("pictures are turned upright where they are encoded anew or become pixels")
    func upright() throws {
        let folder = try MadeFolder()
        let file = Pictures.jpeg(
            Pictures.gradient(width: 16, height: 8, channels: 3), width: 16, height: 8, channels: 3)
        let exif = PictureFiles.segment(
            0xE1, Array("Exif\0\0".utf8) + PictureFiles.exif(type: 3, value: [0, 6]))
        let turned = PictureFiles.jpeg(file, with: [exif])
        for name in ["train/a", "train/b", "val/a", "val/b"] { try folder.write(turned, to: "photos/\(name)/1.jpg") }
        try folder.pack(folder.path + "/photos", as: .pixels(shorter: nil))
        let sample = try stored(source(folder.path + "/out"), 0, .train)
        #expect(sample.form == .pixels(height: 16, width: 8))
        #expect(sample.bytes == (try Image(bytes: turned, path: "turned")).pixels)
        try folder.pack(folder.path + "/photos", to: "small", as: .smaller(shorter: 4, quality: 95))
        let small = try Image(bytes: stored(source(folder.path + "/small"), 0, .train).bytes, path: "small")
        #expect(small.height == 8 && small.width == 4)
    }

    @Test("damaged images are left out and listed in order, and the rest is whole")
    func damaged() throws {
        let folder = try MadeFolder()
        try folder.writePhotos()
        try folder.write(Array(picture(1).dropLast(30)), to: "photos/train/dog/cut.png")
        try folder.write("hello", to: "photos/train/cat/text.png")
        try folder.write([], to: "photos/val/dog/empty.png")
        let packing = try folder.pack(folder.path + "/photos", threads: 3)
        #expect(packing.samples == 32 && packing.train == 24 && packing.test == 5)
        #expect(
            packing.bad.map { $0.path.split(separator: "/photos/").last }
                == ["train/cat/text.png", "train/dog/cut.png", "val/dog/empty.png"])
        let source = try source(folder.path + "/out")
        #expect(source.count(of: .train) == 24 && source.count(of: .test) == 5)
        #expect(try DatasetVerification(of: source, threads: 2).bad.isEmpty)
    }

    @Test("where no image of a split can be read nothing is left, and the first reason is told")
    func nothing() throws {
        let folder = try MadeFolder()
        try folder.writePhotos()
        for index in 0..<5 { try folder.write("x", to: "photos/val/\(["cat", "dog"][index % 2])/\(index).PNG") }
        guard case .nothingToPack("test", 5, let first)? = folder.packingFailure(folder.path + "/photos") else {
            Issue.record("a set without anything to test was packed")
            return
        }
        #expect(first.contains("0.PNG") && !folder.exists("out"))
    }

    @Test("a set that has nothing to test with is packed as such")
    func nothingToTest() throws {
        let folder = try MadeFolder()
        for name in ["a/1.png", "b/1.png"] { try folder.write(picture(1), to: "photos/" + name) }
        let packing = try folder.pack(folder.path + "/photos")
        let (packed, original) = (try openDataset(folder.path + "/out"), try openDataset(folder.path + "/photos"))
        #expect(packing.train == 2 && packing.test == 0 && packed.count(of: .test) == 0)
        #expect(packed.fingerprint == original.fingerprint)
    }

    @Test("a shard has at most so many bytes, but for one image that is larger")
    func shards() throws {
        let folder = try MadeFolder()
        try folder.writePhotos()
        let most = try (0..<24).map { picture($0, width: 4 + $0 % 5).count }.max()
        let bytes = try #require(most) * 3 / 2
        try folder.pack(folder.path + "/photos", shardBytes: bytes)
        for name in folder.names("out").dropLast() { #expect(try folder.bytes("out/" + name).count <= bytes) }
        try folder.pack(folder.path + "/photos", to: "single", shardBytes: 1)
        #expect(folder.names("single").count == 30)
    }

    @Test("a place that is taken is refused by what is there, and not touched")
    func taken() throws {
        let folder = try MadeFolder()
        try folder.writePhotos()
        let photos = folder.path + "/photos"
        try folder.write("x", to: "file")
        #expect(folder.packingFailure(photos, to: "file") == .placeTaken(path: folder.path + "/file", found: "a file"))
        try folder.write("x", to: "full/notes")
        #expect(
            folder.packingFailure(photos, to: "full")
                == .placeTaken(path: folder.path + "/full", found: "a folder with notes in it"))
        #expect(folder.names("full") == ["notes"])
        try folder.pack(photos)
        let index = try folder.bytes("out/index.pack")
        #expect(
            folder.packingFailure(photos) == .placeTaken(path: folder.path + "/out", found: "a packed dataset"))
        #expect(try folder.bytes("out/index.pack") == index)
        try FileManager.default.removeItem(atPath: folder.path + "/out/index.pack")
        let unfinished = DatasetError.unfinishedPack(folder: folder.path + "/out", shard: "images-00000.pack")
        #expect(folder.packingFailure(photos) == unfinished && folder.failure("out") == unfinished)
        #expect(folder.failure("out", prefix: "packed:") == unfinished)
        try FileManager.default.createDirectory(atPath: folder.path + "/empty", withIntermediateDirectories: true)
        try folder.pack(photos, to: "empty")
        #expect(try openDataset(folder.path + "/empty").count(of: .train) == 24)
    }

    /// Samples that are larger than any disk.
    private struct Huge: Source {
        let name = "folder:huge"
        let classNames = ["a", "b"]
        let channels = 3
        func count(of split: Split) -> Int { 2 }
        func label(at index: Int, in split: Split) -> Int { index }
        func path(of index: Int, in split: Split) -> String { "\(index)" }
        func name(of index: Int, in split: Split) -> [UInt8] { [] }
        func storedBytes(of index: Int, in split: Split) -> Int? { 1 << 58 }
        func read(_ index: Int, of split: Split, into sample: inout StoredSample) throws(SampleError) {}
    }

    @Test("images that are known to need more than the disk has are refused before anything is read")
    func space() throws {
        let folder = try MadeFolder()
        let out = folder.path + "/out"
        do throws(DatasetError) {
            _ = try DatasetPacking(of: Huge(), to: out, as: .stored, shardBytes: 1 << 20, threads: 1)
            Issue.record("an exbibyte was packed")
        } catch {
            guard case .noSpace(out, let needed, let free) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(needed > 1 << 60 && free < needed)
        }
        #expect(!folder.exists("out"))
    }
}

@Suite struct XXH64Tests {
    @Test(
        "checksums are those of the specification's implementation",
        arguments: [
            ("", 0xEF46_DB37_51D8_E999), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
            ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
        ] as [(String, UInt64)])
    func known(text: String, sum: UInt64) {
        #expect(XXH64.of(Array(text.utf8).span.bytes) == sum)
    }

    @Test("bytes that come in parts have the checksum of all", arguments: 0..<100)
    func parts(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) }
        for size in [1, 3, 7, 31, 32, 33, 64] {
            var sum = XXH64()
            var place = 0
            while place < count {
                let end = min(place + size, count)
                sum.add(Array(bytes[place..<end]).span.bytes)
                place = end
            }
            #expect(sum.value == XXH64.of(bytes.span.bytes))
        }
    }
}
