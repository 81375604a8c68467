import Foundation
import ImageFaults
import TestRandom
import Testing

@testable import Datasets

@Suite struct CompressedArchiveTests {
    /// Compresses a file of a folder; `tool` is `gzip` or `zstd`.
    private func compress(_ name: String, by tool: String, in folder: MadeFolder) throws {
        try folder.run(tool, "-q", "-f", name)
        if tool == "zstd" { try FileManager.default.removeItem(atPath: folder.path + "/" + name) }
    }

    @Test(
        "a compressed archive is packed to the set that the plain one is", arguments: ["gzip", "zstd"],
        [["train/cat/1.png"], ["1.cls"]])
    func sameAsPlain(tool: String, form: [String]) throws {
        let folder = try MadeFolder()
        let isLabelled = form == ["1.cls"]
        let order = (0..<90).sorted { $0 * 37 % 91 < $1 * 37 % 91 }
        let members = order.flatMap { index -> [(name: String, bytes: [UInt8])] in
            let label = ["cat", "dog"][index % 2]
            guard isLabelled else {
                return [("./set/\(index % 5 == 0 ? "val" : "train")/\(label)/\(index).png", picture(index))]
            }
            return [("\(index).png", picture(index)), ("\(index).cls", Array(label.utf8))]
        }
        try folder.write(TarFile.archive(members), to: "a.tar")
        let plain = try openDataset(folder.path + "/a.tar")
        try folder.pack(folder.path + "/a.tar", to: "plain")
        try compress("a.tar", by: tool, in: folder)
        let name = tool == "gzip" ? "a.tar.gz" : "a.tar.zst"
        try folder.pack(folder.path + "/" + name, to: "packed", threads: 3)
        let packed = try openDataset(folder.path + "/packed")
        #expect(packed.fingerprint == plain.fingerprint && packed.classNames == ["cat", "dog"])
        #expect(try openDataset(folder.path + "/plain").fingerprint == plain.fingerprint)
        let (own, its) = (try source(folder.path + "/packed"), try source(folder.path + "/plain"))
        for split in Split.allCases {
            for index in 0..<own.count(of: split) {
                #expect(try stored(own, index, split).bytes == stored(its, index, split).bytes)
            }
        }
    }

    @Test(
        "compressed shards are found by folder or pattern, those of val are tested on; plain ones may be among them"
    )
    func shards() throws {
        let folder = try MadeFolder()
        for shard in 0..<5 {
            let members = (0..<4).map { ("\(["a", "b"][$0 % 2])/\(shard) \($0).png", picture(shard * 4 + $0)) }
            let name = shard < 4 ? "shards/train-\(shard).tar" : "shards/val-0.tar"
            try folder.write(TarFile.archive(members.map { (name: $0.0, bytes: $0.1) }), to: name)
            if shard != 1 { try compress(name, by: shard == 2 ? "zstd" : "gzip", in: folder) }
        }
        // One name for all: those of a pattern end alike.
        for (place, count) in [("shards", 16), ("shards/train-{0..0}.tar.gz", 4)] {
            let out = "out of \(count)"
            try folder.pack("tar:\(folder.path)/\(place)", to: out)
            let packed = try openDataset(folder.path + "/" + out)
            #expect(packed.count(of: .train) == count && packed.count(of: .test) == 4)
        }
    }

    @Test(
        "zstd's files of several frames are read as one, as are gzip's of several members", arguments: ["gzip", "zstd"])
    func frames(tool: String) throws {
        let folder = try MadeFolder()
        let archive = TarFile.archive((0..<40).map { ("\(["a", "b"][$0 % 2])/\($0).png", picture($0)) })
        let ending = tool == "gzip" ? "gz" : "zst"
        var whole: [UInt8] = []
        for (index, part) in [archive[..<1000], archive[1000..<1001], archive[1001...]].enumerated() {
            try folder.write(Array(part), to: "\(index)")
            try folder.run(tool, "-q", "-f", "\(index)")
            whole += try folder.bytes("\(index).\(ending)")
        }
        try folder.write(whole, to: "a.tar.\(ending)")
        let packing = try folder.pack(folder.path + "/a.tar.\(ending)")
        #expect(packing.samples == 40 && packing.bad.isEmpty)
    }

    @Test("an archive that ends early is refused, wherever it does", arguments: ["gzip", "zstd"])
    func truncated(tool: String) throws {
        let folder = try MadeFolder()
        // Bytes that do not become fewer, of several of zstd's blocks.
        var random = SeededRandom(seed: 5)
        let members = (0..<20).map { index -> (String, [UInt8]) in
            let pixels = (0..<30_000).map { _ in UInt8.random(in: 0...255, using: &random) }
            return (
                "\(["a", "b"][index % 2])/\(index).png", Pictures.png(pixels, width: 100, height: 100, channels: 3)
            )
        }
        try folder.write(TarFile.archive(members.map { (name: $0.0, bytes: $0.1) }), to: "a.tar")
        try compress("a.tar", by: tool, in: folder)
        let name = tool == "gzip" ? "a.tar.gz" : "a.tar.zst"
        let whole = try folder.bytes(name)
        for count in stride(from: 0, to: whole.count, by: max(whole.count / 40, 1)) {
            try folder.write(Array(whole.prefix(count)), to: name)
            let failure = folder.packingFailure(folder.path + "/" + name)
            guard case .damagedArchive(let file, _)? = failure else {
                Issue.record("\(count) of \(whole.count): \(failure.map { "\($0)" } ?? "packed")")
                continue
            }
            #expect(file == folder.path + "/" + name && !folder.exists("out"))
        }
    }

    @Test("a plain archive that ends inside of its last picture has one damaged sample when it is compressed")
    func endsInside() throws {
        let folder = try MadeFolder()
        let members = ["a/1.png", "b/2.png", "a/3.png", "b/4.png", "a/5.png", "b/6.png"].map { ($0, picture(1)) }
        let whole = members.flatMap { TarFile.member($0.0, $0.1) }
        // Fifty bytes of its only block are there.
        try folder.write(Array(whole.dropLast(512 - 50)), to: "a.tar")
        try compress("a.tar", by: "gzip", in: folder)
        let source = try Recognition(of: folder.path + "/a.tar.gz", isReadInOrder: true)
            .source(DatasetOptions(validationFraction: 0.5))
        let out = folder.path + "/out"
        let packing = try DatasetPacking(of: source, to: out, as: .stored, shardBytes: 1 << 20, threads: 2)
        #expect(packing.bad.map { $0.path.hasSuffix("b/6.png") } == [true])
        #expect(packing.bad.first?.reason.contains("the archive ends after") == true)
    }

    @Test(
        "where pictures are read in any order, compressed archives are refused with the command that helps",
        arguments: [
            ("x.tar.gz", "x-packed"), ("x.tgz", "x-packed"), ("my set.tar.zst", "'my set-packed'"),
            ("train-{0..3}.tar.gz", "train-packed"), ("x.tar.xz", "`xz -d "), ("x.tar.bz2", "`bzip2 -d "),
        ])
    func refused(name: String, words: String) throws {
        let folder = try MadeFolder()
        for file in try Shards.expanded(name[...]) { try folder.write([1, 2, 3], to: "d/" + file) }
        let failure = try #require(folder.failure("d/" + name)).description
        let isPacked = words.hasSuffix("packed") || words.hasSuffix("packed'")
        let folderWords = folder.path + "/d"
        let (quote, inner) = words.hasPrefix("'") ? ("'", String(words.dropFirst())) : ("", words)
        #expect(failure.contains(isPacked ? "\(quote)\(folderWords)/\(inner)`" : words), "\(failure)")
        if isPacked { #expect(failure.contains("`cnn-train data pack ")) }
        let other = try #require(folder.failure("d")).description
        #expect(other.contains(isPacked ? "`cnn-train data pack tar:\(folderWords) \(folderWords)-packed`" : words))
    }
}
