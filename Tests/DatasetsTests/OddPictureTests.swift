import Foundation
import ImageFaults
import Testing

@testable import Datasets

@Suite("A file among people's pictures")
struct OddPictureTests {
    private func failure(_ bytes: [UInt8], _ name: String) -> String? {
        do throws(ImageError) {
            _ = try Image(bytes: bytes, path: name)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("every odd file is decoded or refused for a reason that names it, whatever it is called")
    func verdicts() {
        #expect(OddPicture.all.count > 350 && Set(OddPicture.all.map(\.name)).count == OddPicture.all.count)
        for odd in OddPicture.all {
            let reason = failure(odd.bytes, odd.name)
            switch odd.verdict {
            case .decodes: #expect(reason == nil, "\(odd.name)")
            case .leftOut(let words):
                #expect(
                    reason.map { words.isEmpty || $0.contains(words) } == true, "\(odd.name): \(reason ?? "decoded")")
            case .either: break
            }
            if let reason { #expect(reason.hasPrefix(odd.name) && !reason.contains("\n"), "\(reason)") }
        }
    }

    @Test("what is no file but has a picture's name is passed over, or its picture is used, without a wait")
    func otherThings() throws {
        let folder = try MadeFolder()
        for name in ["a/1.png", "a/2.png", "b/1.png", "b/2.png"] { try folder.write(picture(1), to: "train/" + name) }
        for name in ["a/1.png", "b/1.png"] { try folder.write(picture(2), to: "val/" + name) }
        let train = folder.path + "/train/a/"
        // What is no picture: a circle of links, a link to nothing, pipes, sockets and devices.
        try folder.link("train/a/circle.jpg", to: "circle.jpg")
        try folder.link("train/a/other.jpg", to: "another.jpg")
        try folder.link("train/a/another.jpg", to: "other.jpg")
        try folder.link("train/a/nothing.jpg", to: "/nonexistent/1.jpg")
        try folder.link("train/a/zeros.jpg", to: "/dev/zero")
        #expect(mkfifo(train + "pipe.jpg", 0o600) == 0)
        // What is one: a picture in a folder that is called as one, behind links, under odd names.
        try folder.write(picture(3), to: "train/a/folder.jpg/picture.png")
        try folder.write(picture(4), to: "train/a/two\nlines\t.png")
        try folder.write(picture(5), to: "train/a/-rf.png")
        try folder.write(picture(6), to: "train/a/\(String(repeating: "é", count: 120)).png")
        try folder.write(picture(7), to: "train/a/😀 %20 \"'$(x).PNG")
        try folder.link("train/a/link.jpg", to: "1.png")
        let bytes = Array((train + "caf").utf8) + [0xE9, 0xFF] + Array(".png".utf8) + [0]
        #expect(rename(train + "2.png", bytes.map { CChar(bitPattern: $0) }) == 0)
        let dataset = try #require(try openDataset(folder.path) as? StoredDataset)
        #expect(dataset.count(of: .train) == 4 + 6)
        let verification = try DatasetVerification(of: dataset.source, threads: 2)
        #expect(verification.bad.isEmpty, "\(verification.bad)")
    }

    @Test(
        "a file that changes after it was listed is left out: gone, unreadable, a folder, a pipe, or too large")
    func changedLater() throws {
        let folder = try MadeFolder()
        let names = (0..<6).map { "train/a/\($0).png" }
        for name in names + ["train/b/1.png", "val/a/1.png", "val/b/1.png"] { try folder.write(picture(1), to: name) }
        let dataset = try #require(try openDataset(folder.path) as? StoredDataset)
        let paths = names.map { folder.path + "/" + $0 }
        for path in paths.prefix(4) { #expect(unlink(path) == 0) }
        #expect(mkdir(paths[1], 0o700) == 0 && mkfifo(paths[2], 0o600) == 0)
        #expect(symlink(paths[3], paths[3]) == 0)
        // A file with a hole takes no space.
        #expect(truncate(paths[4], 3 << 30) == 0)
        let mayRead = getuid() == 0
        #expect(chmod(paths[5], 0) == 0)
        let bad = try DatasetVerification(of: dataset.source, threads: 2).bad
        #expect(bad.map(\.path) == Array(paths.prefix(mayRead ? 5 : 6)))
        let words = [
            "No such file", "is not a file", "is not a file", "symbolic links", "are read of a picture", "ermission",
        ]
        for (sample, words) in zip(bad, words) {
            #expect(sample.reason.contains(words) && sample.reason.contains(sample.path), "\(sample.reason)")
        }
    }
}
