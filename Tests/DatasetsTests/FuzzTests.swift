import Foundation
import ImageFaults
import Pickles
import Tensors
import TestRandom
import Testing

@testable import Datasets

/// Readers of untrusted files, each of which reads changed files for some seconds. Tests/fuzz-data does it for longer,
/// under AddressSanitizer.
///
/// The failure that counts is one that ends the process: DATA_FUZZ_KEEP names a folder that then has each reader's last
/// file.
@Suite("Readers of changed files", .serialized)
struct FuzzTests {
    @Test("a changed picture is decoded or refused, and its parts are equal to those of the whole")
    func pictures() throws {
        let files = OddPicture.all.map(\.bytes) + PictureSample.all[4].map(\.bytes)
        var check = PartCheck(mostPixels: 1 << 16)
        var decoded = 0
        let rounds = try FuzzRounds("picture").run { round, random, keep in
            let file = mutated(files[round % files.count], others: files, using: &random)
            try keep(file)
            switch check.check(file, using: &random) {
            case .decoded: decoded += 1
            case .refused: break
            case .unequal(let what): Issue.record("round \(round): \(what)")
            }
        }
        // If all or none were decoded, the changes would have tested nothing.
        #expect(decoded > rounds / 100 && decoded < rounds - rounds / 10, "\(decoded) of \(rounds)")
    }

    @Test("a changed pickle has a value or an error")
    func pickles() throws {
        let sound = MadeCIFAR.pickle([1, 2], MadeCIFAR.image(0) + MadeCIFAR.image(1), key: "labels")
        let codes =
            Array("(NJKMUCTBX]})tldaesuqrhjcRb.".utf8) + [
                0x80, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8C, 0x8E, 0x93, 0x94, 0x95,
            ]
        var read = 0
        let rounds = try FuzzRounds("pickle").run { round, random, keep in
            var bytes = sound
            switch round % 3 {
            case 0: bytes = mutated(sound, others: [sound], using: &random)
            case 1:
                // Instructions stand at the beginning, and behind the arrays.
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    let places = Bool.random(using: &random) ? 0..<260 : 0..<bytes.count
                    bytes[Int.random(in: places, using: &random)] = codes.randomElement(using: &random) ?? 0
                }
            default:
                bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                    codes.randomElement(using: &random) ?? 0
                }
            }
            try keep(bytes)
            if let value = try? PickleReader.value(of: bytes, NumpyPickle.dialect) {
                read += 1
                _ = try? NumpyPickle.array(value["data"])
            }
        }
        #expect(read > 0 && read < rounds, "\(read) of \(rounds)")
    }

    @Test("a changed tar file has members within its bytes, and samples or an error")
    func tars() throws {
        let folder = try MadeFolder()
        let sound =
            TarFile.member("p", TarFile.pax([("path", "x/y.png"), ("size", "3")]), kind: "x")
            + TarFile.archive((0..<4).map { ("c\($0 % 2)/\($0).png", picture($0)) })
        var opened = 0
        let rounds = try FuzzRounds("tar").run { round, random, keep in
            var bytes = mutated(sound, others: [sound], using: &random)
            // Most changes are found by the header's checksum, so it is corrected in half of the cases.
            if round % 2 == 0 {
                for start in stride(from: 0, to: bytes.count - 511, by: 512) where bytes[start] != 0 {
                    bytes.replaceSubrange(start..<start + 512, with: TarFile.sealed(Array(bytes[start..<start + 512])))
                }
            }
            try keep(bytes)
            try folder.write(bytes, to: "a.tar")
            var reader = TarReader(try SeekableFile(folder.path + "/a.tar"))
            while let member = try? reader.next() { #expect(member.offset + member.size <= bytes.count) }
            if try walk(folder.path + "/a.tar") { opened += 1 }
        }
        #expect(opened > 0 && opened < rounds, "\(opened) of \(rounds)")
    }

    @Test("changed files of MNIST have samples or an error", arguments: [false, true])
    func idx(isCompressed: Bool) throws {
        let folder = try IDXFolder()
        let names = [IDXFolder.trainImages, IDXFolder.trainLabels, IDXFolder.testImages, IDXFolder.testLabels]
        if isCompressed { for name in names { try folder.compress(name) } }
        let files = try names.map { try folder.bytes(of: isCompressed ? $0 + ".gz" : $0) }
        var opened = 0
        let rounds = try FuzzRounds("idx").run { round, random, keep in
            let place = round % names.count
            let bytes = mutated(files[place], others: files, using: &random)
            try keep(bytes)
            let name = isCompressed ? names[place] + ".gz" : names[place]
            try folder.write(bytes, to: name)
            if try walk("mnist:" + folder.path) { opened += 1 }
            try folder.write(files[place], to: name)
        }
        #expect(opened > 0 && opened < rounds, "\(opened) of \(rounds)")
    }

    @Test("a changed packed set is refused, or each of its samples is read or reported as damaged")
    func packed() throws {
        let folder = try MadeFolder()
        try folder.writePhotos()
        try folder.pack(folder.path + "/photos", shardBytes: 1_500)
        try folder.pack(folder.path + "/photos", to: "raw", as: .pixels(shorter: 5), shardBytes: 1_500)
        var (opened, damaged) = (0, 0)
        let rounds = try FuzzRounds("packed").run { round, random, keep in
            let set = ["out", "raw"][round % 2]
            let files = folder.names(set)
            let name = Bool.random(using: &random) ? PackedLayout.indexName : files[round % files.count]
            let sound = try folder.bytes("\(set)/\(name)")
            var bytes = mutated(sound, others: [try folder.bytes("\(set)/\(files[0])")], using: &random)
            // Most changes are found by the checksum.
            if name == PackedLayout.indexName, round % 8 < 6 { bytes = resealed(bytes) }
            try keep(bytes)
            try folder.write(bytes, to: "\(set)/\(name)")
            if try walk("\(folder.path)/\(set)") {
                opened += 1
                if try !DatasetVerification(of: source("\(folder.path)/\(set)"), threads: 1).bad.isEmpty {
                    damaged += 1
                }
            }
            try folder.write(sound, to: "\(set)/\(name)")
        }
        #expect(opened > 0 && opened < rounds && damaged > 0, "\(opened) of \(rounds), \(damaged) with damaged samples")
    }

    @Test("a changed compressed archive is packed or refused", arguments: ["gzip", "zstd"])
    func compressed(tool: String) throws {
        let folder = try MadeFolder()
        let name = tool == "gzip" ? "a.tar.gz" : "a.tar.zst"
        try folder.write(
            TarFile.archive((0..<8).map { ("\($0 < 6 ? "train" : "val")/c\($0 % 2)/\($0).png", picture($0)) }),
            to: "a.tar")
        try folder.run(tool, "-q", "-f", "a.tar")
        let sound = try folder.bytes(name)
        var packed = 0
        let rounds = try FuzzRounds(tool).run { round, random, keep in
            let bytes = round == 0 ? sound : mutated(sound, others: [sound], using: &random)
            try keep(bytes)
            try folder.write(bytes, to: name)
            if folder.packingFailure(folder.path + "/" + name) == nil { packed += 1 }
            if folder.exists("out") { try FileManager.default.removeItem(atPath: folder.path + "/out") }
        }
        #expect(packed > 0 && packed < rounds, "\(packed) of \(rounds)")
    }

    /// Reads all samples of a dataset.
    ///
    /// - Returns: whether the dataset could be opened.
    private func walk(_ path: String) throws -> Bool {
        let dataset: any Dataset
        do throws(DatasetError) { dataset = try openDataset(path) } catch { return false }
        for split in Split.allCases {
            for index in 0..<min(dataset.count(of: split), 64) {
                #expect(dataset.classNames.indices.contains(dataset.label(at: index, in: split)))
                let pixels = try dataset.image(index, of: split, imageSize: 6)
                #expect(pixels.isEmpty || pixels.count == dataset.shape(imageSize: 6).count)
            }
        }
        return true
    }
}

/// The rounds in which a reader is tested: DATA_FUZZ_SECONDS (5) seconds of them, from seed DATA_FUZZ_SEED (1) on.
private struct FuzzRounds {
    private let seed: UInt64
    private let seconds: Double
    /// The path at which each file is kept until the next, so that the file which ends the process is left.
    private let last: String

    init(_ name: String) {
        let settings = ProcessInfo.processInfo.environment
        seed = settings["DATA_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1
        seconds = settings["DATA_FUZZ_SECONDS"].flatMap { Double($0) } ?? 5
        last = settings["DATA_FUZZ_KEEP"].map { "\($0)/last-\(name)" } ?? ""
    }

    /// Runs rounds until the time is over, each with random numbers that depend on seed and round only.
    ///
    /// - Returns: the number of rounds.
    func run(
        _ body: (_ round: Int, _ random: inout SeededRandom, _ keep: ([UInt8]) throws -> Void) throws -> Void
    ) rethrows -> Int {
        let end = Date(timeIntervalSinceNow: seconds)
        var round = 0
        while Date() < end {
            var random = SeededRandom(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(round))
            try body(round, &random) { if !last.isEmpty { try Data($0).write(to: URL(fileURLWithPath: last)) } }
            round += 1
        }
        return round
    }
}
