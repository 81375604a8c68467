import CheckpointFaults
import Testing

@testable import Checkpoints

@Suite("A checkpoint that is no longer what was written") struct DamageTests {
    /// A disk with steps 1 and 2, small ones, and the newest's file.
    private func disk() throws -> (MemoryDisk, path: String, bytes: [UInt8]) {
        let disk = MemoryDisk()
        for step in 1...2 { try SavingRun.directory(disk).commit(Specimen.state(step: step, noise: 8)) }
        let path = try SavingRun.directory(disk).entries()[0].path
        return (disk, path, try #require(disk.content(of: path)))
    }

    /// A complaint about what is found; nil where it is the newest state to the bit, or the one before it and the
    /// newest is named.
    private func complaint(_ disk: MemoryDisk, _ path: String) -> String? {
        do throws(CheckpointError) {
            let found = try SavingRun.directory(disk).newest()
            guard found.checkpoint.isSame(as: Specimen.state(step: found.entry.step, noise: 8)) else {
                return "another state"
            }
            if found.entry.step == 2 { return found.passedOver.isEmpty ? nil : "\(found.passedOver)" }
            return found.passedOver.map(\.description.isEmpty) == [false]
                && found.passedOver[0].description.hasPrefix(path) ? nil : "\(found.passedOver)"
        } catch {
            return "\(error)"
        }
    }

    @Test("a checkpoint cut at any byte is passed over by name for the one before it")
    func truncation() throws {
        let (disk, path, bytes) = try disk()
        for count in bytes.indices {
            disk.overwrite(path, with: Array(bytes.prefix(count)))
            #expect(
                complaint(disk, path) == nil && (try? Checkpoint(contentsOf: path, in: disk)) == nil, "cut to \(count)")
        }
    }

    @Test("a checkpoint with any bit flipped is passed over by name, or still the same")
    func bitFlips() throws {
        let (disk, path, bytes) = try disk()
        var accepted = 0
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            disk.overwrite(path, with: flipped)
            #expect(complaint(disk, path) == nil, "bit \(bit)")
            if (try? Checkpoint(contentsOf: path, in: disk)) != nil { accepted += 1 }
        }
        // zstd has a few bits that mean nothing, such as a reserved one and the padding of bit streams.
        #expect(accepted * 100 < bytes.count * 8)
    }

    @Test("digests see any bit flipped in a checkpoint that has left its zstd frame")
    func bitFlipsInPlainFile() throws {
        let state = Specimen.state(step: 2, noise: 8)
        let draft = try state.draft.sealed()
        var bytes: [UInt8] = []
        try Safetensors.encode(draft) { (run) throws(CheckpointError) in bytes += run.bytes }
        #expect(try Checkpoint(file: bytes).isSame(as: state))
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            if let read = try? Checkpoint(file: flipped) { #expect(read.isSame(as: state), "bit \(bit)") }
        }
    }

    @Test("where no checkpoint holds, one error names them all")
    func allDamaged() throws {
        let (disk, path, bytes) = try disk()
        disk.overwrite(path, with: Array(bytes.dropLast()))
        disk.overwrite(path.replacing("2.safe", with: "1.safe"), with: [])
        let error = #expect(throws: CheckpointError.self) { try SavingRun.directory(disk).newest() }
        guard case .noneReadable(SavingRun.folder, let reasons)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reasons.count == 2 && reasons[0].hasPrefix(path))
    }

    @Test("a checkpoint under another step's name is passed over")
    func misnamed() throws {
        let (disk, path, _) = try disk()
        disk.overwrite(path, with: try #require(disk.content(of: path.replacing("2.safe", with: "1.safe"))))
        let found = try SavingRun.directory(disk).newest()
        #expect(found.entry.step == 1)
        #expect(found.passedOver == [.misnamed(path: path, step: 1, promised: 2)])
    }
}
