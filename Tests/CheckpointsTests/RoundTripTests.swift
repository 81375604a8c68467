import CheckpointFaults
import Foundation
import TestRandom
import Testing

@testable import Checkpoints

extension SeededRandom {
    /// Texts with what JSON must escape, what takes several bytes, and nothing at all.
    fileprivate mutating func text() -> String {
        let letters = Array("abc.0_\"\\/\n\t\u{0}\u{1F}\u{7F}é🙂\u{2028}{}[]:, \u{FFFF}")
        return String(
            (0..<Int.random(in: 0...12, using: &self)).map { _ in letters.randomElement(using: &self) ?? "a" })
    }

    fileprivate mutating func texts() -> [String: String] {
        Dictionary((0..<Int.random(in: 0...4, using: &self)).map { _ in (text(), text()) }) { first, _ in first }
    }

    /// A tensor of up to a few hundred numbers of any bits, with up to four dimensions that may be empty, or 64 of
    /// them.
    fileprivate mutating func tensor(_ name: String) -> NamedTensor {
        let isLong = Int.random(in: 0..<20, using: &self) == 0
        let shape =
            isLong
            ? [Int](repeating: 1, count: 64)
            : (0..<Int.random(in: 0...4, using: &self)).map { _ in Int.random(in: 0...5, using: &self) }
        let count = shape.reduce(1, *)
        guard Int.random(in: 0..<4, using: &self) > 0 else {
            return NamedTensor(
                name: name, shape: shape, storage: .int64((0..<count).map { _ in Int64(bitPattern: next()) }))
        }
        let isZero = Int.random(in: 0..<4, using: &self) == 0
        let values = (0..<count).map { _ in isZero ? 0 : Float(bitPattern: UInt32(truncatingIfNeeded: next())) }
        return NamedTensor(name: name, shape: shape, storage: .float32(values))
    }

    fileprivate mutating func tensors(_ prefix: String) -> [NamedTensor] {
        (0..<Int.random(in: 0...12, using: &self)).map { tensor("\(prefix)\(text())\($0)") }.shuffled(using: &self)
    }

    fileprivate mutating func checkpoint() -> Checkpoint {
        let progress = Checkpoint.Progress(
            epoch: Int.random(in: 0...99, using: &self), stepInEpoch: Int.random(in: 0...99, using: &self),
            globalStep: Int.random(in: 0...(.max), using: &self), samples: Int.random(in: 0...(.max), using: &self))
        return Checkpoint(
            tensors: tensors("n"), optimizer: tensors(Checkpoint.optimizerPrefix),
            averaged: tensors(Checkpoint.averagedPrefix),
            about: Checkpoint.About(
                model: text(), modelOptions: texts(), classes: 1, imageSize: Int.random(in: 1...(.max), using: &self),
                inputChannels: 3, classNames: Array(texts().keys), recipe: text(), seed: next(), progress: progress,
                schedule: texts(), metrics: texts().mapValues { _ in Double(bitPattern: next()) }, random: texts(),
                versions: texts(), dataset: text()))
    }
}

@Suite("A state that is saved and loaded") struct RoundTripTests {
    @Test(
        "a saved state is the same to the bit, whatever is in it, at any level, with any number of threads",
        arguments: 0..<300)
    func anything(seed: Int) throws {
        var dice = SeededRandom(seed: UInt64(seed))
        let checkpoint = dice.checkpoint()
        let compression = Compression(level: Int.random(in: Compression.levels, using: &dice), threads: seed % 3)
        let disk = MemoryDisk()
        let directory = CheckpointDirectory(
            path: "/c", retention: Retention(), compression: compression, files: disk)
        let commit = try directory.commit(checkpoint)
        let found = try directory.newest()
        #expect(found.checkpoint.isSame(as: checkpoint))
        let about = try checkpoint.about(path: "")
        // Not-a-number is written as such, without its payload.
        let numbers = [found.about, about].map { $0.metrics.mapValues { $0.isNaN ? nil : Optional($0) } }
        #expect(numbers[0] == numbers[1] && found.about.progress == about.progress && found.about.seed == about.seed)
        #expect(found.about.classNames == about.classNames && found.about.versions == about.versions)
        #expect(commit.bytes == disk.content(of: commit.path)?.count)
    }

    @Test("a state of nothing but zeros can be loaded: what a short file may hold is enough for it")
    func zeros() throws {
        let zeros = NamedTensor(
            name: "w", shape: [4_000_000], storage: .float32([Float](repeating: 0, count: 4_000_000)))
        let about = Checkpoint.About(
            model: "", classes: 1, imageSize: 1, inputChannels: 1, classNames: [], recipe: "", seed: 0,
            progress: Checkpoint.Progress(epoch: 0, stepInEpoch: 0, globalStep: 0, samples: 0), random: [:],
            versions: [:])
        for threads in 0...1 {
            let directory = CheckpointDirectory(
                path: "/c", retention: Retention(), compression: Compression(level: 19, threads: threads),
                files: MemoryDisk())
            #expect(try directory.commit(Checkpoint(tensors: [zeros], optimizer: [], about: about)).bytes < 5000)
            #expect(try directory.newest().checkpoint.tensors == [zeros])
        }
    }

    @Test("a saved state is one file whatever the number of threads that compress it", arguments: [1, 2, 3])
    func threads(count: Int) throws {
        func file(_ threads: Int) throws -> [UInt8] {
            var bytes: [UInt8] = []
            _ = try Specimen.state(step: 1, noise: 2_000_000).draft.encode(Compression(threads: threads)) {
                (run) throws(CheckpointError) in run.withUnsafeBytes { bytes += $0 }
            }
            return bytes
        }
        let one = try file(1)
        #expect(try file(count) == one)
        #expect(try Checkpoint(file: one).isSame(as: Specimen.state(step: 1, noise: 2_000_000)))
    }

    /// `checkpoint-check write FILE` made the file, with the first version of the format.
    @Test("a state that an earlier version saved is read by this one", arguments: [1])
    func golden(format: Int) throws {
        let path = try #require(
            Bundle.module.path(forResource: "format-\(format)", ofType: "zst", inDirectory: "Golden"))
        var (read, state) = (try Checkpoint(contentsOf: path), Specimen.state(step: 1, noise: 100))
        #expect(read.metadata["format_version"] == "\(format)")
        // What else has come since is not in it.
        for key in read.metadata.keys where key != "versions" { #expect(read.metadata[key] == state.metadata[key]) }
        (read.metadata, state.metadata) = ([:], [:])
        #expect(read.isSame(as: state))
    }
}
