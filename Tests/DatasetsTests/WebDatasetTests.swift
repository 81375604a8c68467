import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite struct WebDatasetTests {
    /// Pictures of two classes, as a folder has them.
    private static let files: [(name: String, bytes: [UInt8])] =
        (0..<40).map { index in
            ("train/\(["cat", "dog"][index % 2])/\(index % 3 == 0 ? "sub/" : "")p.\(index).png", picture(index))
        } + (0..<6).map { index in ("val/\(["cat", "dog"][index % 2])/p.\(index).png", picture(100 + index)) }

    @Test("a folder and a tar file of it have one order, the same pixels and one fingerprint")
    func sameAsFolder() throws {
        let folder = try MadeFolder()
        for file in Self.files { try folder.write(file.bytes, to: "photos/" + file.name) }
        // Any order, and folders before them, as tar writes them.
        let shuffled = Self.files.enumerated().sorted { $0.offset * 7 % 46 < $1.offset * 7 % 46 }.map(\.element)
        let members = shuffled.map { (name: "./photos/" + $0.name, bytes: $0.bytes) }
        try folder.write(TarFile.member("./photos/", [], kind: "5") + TarFile.archive(members), to: "photos.tar")
        let (stored, archived) = (
            try openDataset(folder.path + "/photos"), try openDataset(folder.path + "/photos.tar")
        )
        #expect(archived.classNames == ["cat", "dog"] && archived.count(of: .train) == 40)
        for split in Split.allCases {
            #expect(listing(stored, split).map(\.label) == listing(archived, split).map(\.label))
            #expect(
                listing(stored, split).map { $0.path.split(separator: "/photos").last }
                    == listing(archived, split).map { $0.path.split(separator: "/photos").last })
            for index in 0..<stored.count(of: split) {
                #expect(
                    try stored.image(index, of: split, imageSize: 8)
                        == archived.image(index, of: split, imageSize: 8))
            }
        }
        #expect(stored.fingerprint == archived.fingerprint)
        try folder.write(picture(999), to: "photos/train/cat/new.png")
        #expect(try openDataset(folder.path + "/photos").fingerprint != stored.fingerprint)
    }

    @Test("a share that is kept for testing is the same of a folder and of its tar file, with folders or .cls")
    func sameShare() throws {
        let folder = try MadeFolder()
        let files = (0..<200).map { (["cat", "dog"][$0 % 2], "\($0)", picture($0)) }
        for (name, key, bytes) in files { try folder.write(bytes, to: "a/\(name)/\(key).png") }
        try folder.write(TarFile.archive(files.map { ("\($0)/\($1).png", $2) }), to: "b.tar")
        try folder.write(
            TarFile.archive(files.flatMap { [("\($1).png", $2), ("\($1).cls", Array("\($0)\n".utf8))] }), to: "c.tar")
        let datasets = try ["a", "b.tar", "c.tar"].map { try openDataset("\(folder.path)/\($0)") }
        #expect(datasets[0].count(of: .test) > 5)
        for dataset in datasets { #expect(dataset.fingerprint == datasets[0].fingerprint) }
    }

    @Test("shards are named by a pattern, a folder or one of them, and those of val are tested on")
    func shards() throws {
        let folder = try MadeFolder()
        for shard in 0..<12 {
            let members = (0..<3).flatMap { index -> [(String, [UInt8])] in
                // The same keys in every shard, and in both splits.
                [
                    ("k\(index).jpg", picture(shard * 3 + index)),
                    ("k\(index).json", Array("{\"label\": \(index), \"x\": []}".utf8)),
                ]
            }
            let name = shard < 10 ? "train-00000\(shard).tar" : "val-00000\(shard - 10).tar"
            try folder.write(TarFile.archive(members.map { (name: $0.0, bytes: $0.1) }), to: name)
        }
        for name in ["", "/train-{000000..000009}.tar"] {
            let dataset = try openDataset(folder.path + name)
            #expect(dataset.count(of: .train) == 30 && dataset.count(of: .test) == 6)
            #expect(dataset.classNames == ["0", "1", "2"])
        }
        let some = try openDataset("tar:\(folder.path)/train-{000002..000003}.tar")
        #expect(some.count(of: .train) == 6)
        #expect(try Shards.expanded("a{8..10}b{0..1}") == ["a8b0", "a8b1", "a9b0", "a9b1", "a10b0", "a10b1"])
        #expect(try Shards.expanded("{008..010}") == ["008", "009", "010"])
        guard case .unreadable(let file, _)? = folder.failure("train-{000008..000010}.tar") else {
            Issue.record("a shard that is not there was opened")
            return
        }
        #expect(file.hasSuffix("train-000010.tar"))
        #expect(
            folder.failure("train-{9..8..x}.tar")
                == .badPattern(path: folder.path + "/train-{9..8..x}.tar", found: "9..8..x"))
    }

    @Test("each thing that is wrong with an archive has a message of its own")
    func messages() throws {
        let folder = try MadeFolder()
        func failure(_ bytes: [UInt8]) throws -> String {
            try folder.write(bytes, to: "a.tar")
            return try #require(folder.failure("a.tar")).description
        }
        let png = picture(1)
        #expect(try failure([]).contains("no tar archive"))
        #expect(try failure(Array("hello".utf8)).contains("no tar archive"))
        #expect(try failure(TarFile.archive([("/etc/a.png", png)])).contains("'/etc/a.png'; names that are absolute"))
        #expect(
            try failure(TarFile.archive([("a/../../b.png", png)])).contains("'a/../../b.png'; names that are absolute"))
        #expect(try failure(TarFile.archive([("a.png", png)])).contains("nothing says what class a.png"))
        #expect(
            try failure(TarFile.archive([("x/a.png", png), ("y.png", png)])).contains("nothing says what class y.png"))
        #expect(
            try failure(TarFile.archive([("a.cls", [48]), ("b.png", png)])).contains(
                "beside the class of a there is no picture"))
        #expect(
            try failure(TarFile.archive([("a.png", png), ("a.cls", [48]), ("b.png", png)])).contains(
                "nothing says what class b.png"))
        #expect(try failure(TarFile.archive([("a.png", png), ("a.cls", [45, 49])])).contains("the label -1"))
        #expect(
            try failure(TarFile.archive([("a.png", png), ("a.cls", [UInt8](repeating: 48, count: 2000))])).contains(
                "at most 1000"))
        #expect(try failure(TarFile.archive([("a.png", png), ("a.cls", Array("x".utf8))])).contains("one folder, x"))
        #expect(try failure(TarFile.archive([("a.txt", png)])).contains("no JPEG, PNG or WebP picture"))
        #expect(
            try failure(TarFile.member("a/b.png", png, size: 1 << 30)).contains("more than the archive goes on for"))
        // An archive with a hole of 2 GiB.
        try folder.write(TarFile.member("a/b.png", [], size: 2 << 30), to: "b.tar")
        #expect(truncate(folder.path + "/b.tar", (2 << 30) + 2048) == 0)
        #expect(folder.failure("b.tar")?.description.contains("at most 1073741824 are read of a picture") == true)
        var damaged = TarFile.archive([("a/1.png", png), ("b/1.png", png)])
        damaged[512 + 512 + 20] ^= 1
        #expect(try failure(damaged).contains("false sum"))
        #expect(
            try failure(Array(TarFile.member("a/b.png", png).dropLast(512)) + [1]).contains(
                "more than the archive goes on for"))
    }
}

@Suite struct TarReaderTests {
    private func members(_ bytes: [UInt8]) throws -> [TarMember] {
        let folder = try MadeFolder()
        try folder.write(bytes, to: "a.tar")
        var reader = TarReader(try SeekableFile(folder.path + "/a.tar"))
        var members: [TarMember] = []
        while let member = try reader.next() { members.append(member) }
        return members
    }

    @Test("names are those of ustar's prefix, GNU's long names and pax headers; folders and links are passed over")
    func names() throws {
        let long = String(repeating: "d/", count: 100) + "é.png"
        let members = try members(
            TarFile.member("x.png", [1], prefix: "pre/fix") + TarFile.member("sub/", [], kind: "5")
                + TarFile.member("link", [], kind: "2")
                + TarFile.member("././@LongLink", Array(long.utf8) + [0], kind: "L")
                + TarFile.member("short", [1, 2])
                + TarFile.member("pax", TarFile.pax([("path", long + "x"), ("mtime", "1.5")]), kind: "x")
                + TarFile.member("short", [1, 2, 3]) + TarFile.member("./a//./b", [4]) + TarFile.member("folder/", [])
                + TarFile.archive([("last", [])]))
        #expect(
            members.map { String(decoding: $0.name, as: UTF8.self) } == [
                "pre/fix/x.png", long, long + "x", "a/b", "last",
            ])
        #expect(members.map(\.size) == [1, 2, 3, 1, 0])
        #expect(members[0].offset == 512)
    }

    @Test("sizes beyond octal digits are read in both forms")
    func sizes() throws {
        var header = Array(TarFile.member("a", []).prefix(512))
        header.replaceSubrange(124..<136, with: [0x80] + [UInt8](repeating: 0, count: 8) + [0, 2, 1])
        let body = [UInt8](repeating: 7, count: 1024)
        #expect(try members(TarFile.sealed(header) + body).map(\.size) == [513])
        #expect(
            try members(
                TarFile.member("p", TarFile.pax([("size", "600")]), kind: "x") + TarFile.member("a", body, size: 0)
            )
            .map(\.size) == [600])
    }

    @Test("what tar writes is read, in each of its formats", arguments: ["v7", "oldgnu", "gnu", "ustar", "pax"])
    func formats(format: String) throws {
        let folder = try MadeFolder()
        for index in 0..<30 { try folder.write(picture(index), to: "in/c\(index % 2)/\(index).png") }
        try folder.run("tar", "--format=\(format)", "-cf", "out.tar", "in")
        let dataset = try openDataset(
            "tar:" + folder.path + "/out.tar", options: DatasetOptions(validationFraction: 0.5))
        #expect(dataset.count(of: .train) + dataset.count(of: .test) == 30 && dataset.classNames == ["c0", "c1"])
        #expect(try dataset.image(0, of: .train, imageSize: 6).isEmpty == false)
    }
}
