import CheckpointFaults
import Foundation
import Tensors
import Testing

@testable import Checkpoints

@Suite("A snapshot in memory", .serialized) struct SnapshotTests {
    private let temporary: TemporaryFolder
    private let folder: SnapshotFolder

    init() throws {
        temporary = try TemporaryFolder()
        folder = SnapshotFolder(path: temporary.path)
    }

    private static let small = ["values": 16, "optimizer.momentum": 16] as SnapshotHead.Sizes

    private var path: String { folder.file(ofRun: SnapshotSpecimen.run) }

    private func read() throws -> (step: Int?, complaint: String?) {
        try folder.open(run: SnapshotSpecimen.run).map(SnapshotSpecimen.read) ?? (nil, nil)
    }

    @Test("a snapshot is read as it was written, the newest first, by whoever knows its run")
    func roundTrip() throws {
        #expect(SnapshotFile.newestWholeStep(ofRun: SnapshotSpecimen.run, in: folder) == nil)
        let file = try folder.openToWrite(SnapshotSpecimen.head())
        #expect(try read().step == nil)
        for step in 1...5 {
            SnapshotSpecimen.write(step, to: file)
            #expect(try read() == (step, nil))
            #expect(SnapshotFile.newestWholeStep(ofRun: SnapshotSpecimen.run, in: folder) == step)
        }
        #expect(try folder.open(run: SnapshotSpecimen.run)?.head == SnapshotSpecimen.head())
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test("a snapshot goes on with what the file holds, and writes over the older state")
    func goesOn() throws {
        for step in 1...3 {
            let file = try folder.openToWrite(SnapshotSpecimen.head())
            #expect(SnapshotSpecimen.read(file).step == (step == 1 ? nil : step - 1))
            SnapshotSpecimen.write(step, to: file)
        }
        #expect(try read() == (3, nil))
    }

    @Test(
        "a process killed at any point of writing leaves a whole snapshot, of the state before or after"
    )
    func killed() throws {
        let points = 4 * SnapshotSpecimen.points
        for point in 0..<points {
            let outcome = try check(["snapshot", folder.path, "\(point)"])
            try #require(outcome.isKilled, "\(outcome)")
            let announced = outcome.output.split(separator: "\n").count
            let found = try read()
            #expect(found.complaint == nil, "point \(point): \(found.complaint ?? "")")
            #expect((announced...announced + 1).contains(found.step ?? 0), "point \(point): \(found)")
            try expectOtherSlotSound("point \(point)")
            let file = try folder.openToWrite(SnapshotSpecimen.head())
            SnapshotSpecimen.write(9, to: file)
            #expect(try read() == (9, nil))
            folder.remove(run: SnapshotSpecimen.run)
        }
        #expect(try check(["snapshot", folder.path, "\(points)"]).output == "1\n2\n3\n4\n")
    }

    @Test("a snapshot of a process killed at random while it writes without a pause is whole")
    func killedAtRandom() throws {
        var generator = SystemRandomNumberGenerator()
        var last = 0
        for turn in 0..<40 {
            let process = try started(["snapshots", folder.path])
            let output = try #require(process.standardOutput as? Pipe)
            _ = try output.fileHandleForReading.read(upToCount: 6)
            usleep(UInt32.random(in: 0...4_000, using: &generator))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            let found = try read()
            #expect(found.complaint == nil, "turn \(turn): \(found.complaint ?? "")")
            try expectOtherSlotSound("turn \(turn)")
            last = max(last, found.step ?? 0)
        }
        #expect(last > 2, "it was never killed while it wrote")
    }

    /// Writes the states of steps 1 and 2.
    ///
    /// - Returns: the file's bytes, and those of each of its two slots.
    private func writeTwoStates() throws -> (bytes: Int, slot: Int) {
        let file = try folder.openToWrite(SnapshotSpecimen.head())
        SnapshotSpecimen.write(1, to: file)
        SnapshotSpecimen.write(2, to: file)
        return (try Data(contentsOf: URL(filePath: path)).count, SnapshotHead.slotBytes(SnapshotSpecimen.sizes))
    }

    @Test("a snapshot with any byte of its heads altered is not taken, but the one before it, or none")
    func flippedHeads() throws {
        let (bytes, slot) = try writeTwoStates()
        let headBytes = bytes - 2 * slot
        for place in Array(0..<headBytes) + Array(headBytes + slot..<headBytes + slot + SnapshotHead.wordBytes) {
            try flip(place)
            let step = SnapshotFile.newestWholeStep(ofRun: SnapshotSpecimen.run, in: folder)
            #expect(step == (place < headBytes ? nil : 1), "byte \(place)")
            try flip(place)
        }
    }

    @Test("a snapshot with an altered byte in its floats is not taken, but the one before it")
    func flippedContent() throws {
        let (bytes, slot) = try writeTwoStates()
        let first = bytes - slot + SnapshotHead.wordBytes
        for place in stride(from: first, to: first + 4 * SnapshotSpecimen.sizes.floats, by: 97) {
            try flip(place)
            #expect(try read() == (1, nil), "byte \(place)")
            try flip(place)
        }
        #expect(try read() == (2, nil))
        // Both altered: there is none.
        try flip(first)
        try flip(first - slot)
        #expect(try read().step == nil)
    }

    @Test("a snapshot that is cut or longer, of another run, or not this user's file is not taken")
    func foreign() throws {
        let file = try folder.openToWrite(SnapshotSpecimen.head())
        SnapshotSpecimen.write(1, to: file)
        let bytes = try Data(contentsOf: URL(filePath: path))
        let other = String(SnapshotSpecimen.run.reversed())
        for count in Array(stride(from: 0, to: bytes.count, by: 4_099)) + [bytes.count - 1] {
            try bytes.prefix(count).write(to: URL(filePath: path))
            #expect(SnapshotFile.newestWholeStep(ofRun: SnapshotSpecimen.run, in: folder) == nil, "\(count) bytes")
        }
        try (bytes + [0]).write(to: URL(filePath: path))
        #expect(throws: CheckpointError.self) { try folder.open(run: SnapshotSpecimen.run) }
        try bytes.write(to: URL(filePath: folder.file(ofRun: other)))
        #expect(throws: CheckpointError.self) { try folder.open(run: other) }
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(
            atPath: path, withDestinationPath: folder.file(ofRun: other))
        #expect(throws: CheckpointError.self) { try folder.open(run: SnapshotSpecimen.run) }
        #expect(try folder.open(run: "../" + SnapshotSpecimen.run) == nil)
    }

    @Test(
        "a snapshot of another engine, another size or another recipe gives way to a new file",
        arguments: [
            SnapshotSpecimen.head(layout: 8),
            SnapshotSpecimen.head(sizes: ["values": 16, "optimizer.momentum": 16]),
            SnapshotSpecimen.head(model: "alexnet"), SnapshotSpecimen.head(folder: "/elsewhere"),
        ])
    func otherHead(head: SnapshotHead) throws {
        let file = try folder.openToWrite(SnapshotSpecimen.head())
        SnapshotSpecimen.write(1, to: file)
        #expect(throws: CheckpointError.snapshotInUse(path: path)) { try folder.openToWrite(head) }
        withExtendedLifetime(file) {}
        try release {
            let other = try folder.openToWrite(head)
            #expect(other.newest() == nil && other.head == head)
        }
    }

    /// Files are given up when their last owner is gone.
    private func release(_ body: () throws -> Void) throws {
        let bytes = try Data(contentsOf: URL(filePath: path))
        try FileManager.default.removeItem(atPath: path)
        try bytes.write(to: URL(filePath: path))
        try body()
    }

    @Test("a snapshot is removed when its run is gone and no process writes it, and only then")
    func stale() throws {
        let names = ["a", "b", "c", "d"].map { String(repeating: $0, count: 32) }
        for name in names.dropLast() { _ = try folder.openToWrite(SnapshotSpecimen.head(run: name, sizes: Self.small)) }
        let held = try folder.openToWrite(SnapshotSpecimen.head(run: names[3], sizes: Self.small))
        // Just begun, perhaps.
        try Data([1]).write(to: URL(filePath: folder.file(ofRun: SnapshotSpecimen.run)))
        try Data([1]).write(to: URL(filePath: folder.path + "/cnn-train-other"))
        folder.removeStale(except: names[0]) { $0.run != names[1] }
        #expect(
            temporary.names
                == [
                    "cnn-train-" + SnapshotSpecimen.run, "cnn-train-" + names[0], "cnn-train-" + names[1],
                    "cnn-train-" + names[3], "cnn-train-other",
                ])
        withExtendedLifetime(held) {}
    }

    @Test("a snapshot without room is refused with the bytes that are there and those needed, and leaves nothing")
    func noRoom() throws {
        // More than any disk has, and less than can be addressed.
        let head = SnapshotSpecimen.head(sizes: ["values": 1 << 50])
        let error = #expect(throws: CheckpointError.self) { _ = try folder.openToWrite(head) }
        guard case .noRoom(let path, let needed, let available)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(path == folder.path && needed > 1 << 52 && available > 0 && available < needed)
        #expect(temporary.names == [])
    }

    /// Expects of the slot without the newest state that it has a whole one or none, be it that its process was killed
    /// while it wrote there.
    private func expectOtherSlotSound(_ place: String) throws {
        guard let newest = try folder.open(run: SnapshotSpecimen.run)?.newest() else { return }
        let slotBytes = SnapshotHead.slotBytes(SnapshotSpecimen.sizes)
        let start = try Data(contentsOf: URL(filePath: path)).count - (2 - newest.slot) * slotBytes
        try flip(start)
        let found = try read()
        #expect(found.complaint == nil, "\(place): \(found.complaint ?? "")")
        try flip(start)
    }

    /// Alters a bit of a byte of the file, or puts it right again.
    private func flip(_ place: Int) throws {
        let handle = try FileHandle(forUpdating: URL(filePath: path))
        defer { try? handle.close() }
        try handle.seek(toOffset: UInt64(place))
        let byte = try #require(try handle.read(upToCount: 1)?.first)
        try handle.seek(toOffset: UInt64(place))
        try handle.write(contentsOf: Data([byte ^ 1 << UInt8(place % 8)]))
    }
}

@Suite("A checksum of pieces") struct PieceChecksumTests {
    @Test(
        "a checksum of pieces is that of what was copied, for any number of floats",
        arguments: [0, 1, 15, 16, 17, 31, 33, 1_000])
    func copies(count: Int) {
        let source = (0..<count).map { SnapshotSpecimen.float($0, step: 3) }
        var target = [Float](repeating: 0, count: count)
        var span = target.mutableSpan
        let checksum = PieceChecksum.copying(source.span, to: &span)
        #expect(checksum == PieceChecksum.of(source.span) && checksum == PieceChecksum.of(target.span))
        #expect(source.map(\.bitPattern) == target.map(\.bitPattern))
    }

    @Test("a checksum of pieces changes with any bit, and with the order of words and pieces")
    func changes() {
        let source = (0..<100).map { SnapshotSpecimen.float($0, step: 3) }
        let whole = PieceChecksum.of(source.span)
        for index in source.indices {
            for bit in 0..<32 {
                var other = source
                other[index] = Float(bitPattern: source[index].bitPattern ^ 1 << UInt32(bit))
                #expect(PieceChecksum.of(other.span) != whole)
            }
            var other = source
            // The same lane, sixteen words on.
            other.swapAt(index, (index + 16) % 100)
            #expect(PieceChecksum.of(other.span) != whole)
        }
        #expect(PieceChecksum.combined([1, 2].span) != PieceChecksum.combined([2, 1].span))
        #expect(PieceChecksum.combined([0].span) != PieceChecksum.combined([0, 0].span))
    }
}
