import CheckpointFaults
import Foundation
import Testing

@testable import Checkpoints

@Suite struct Directory {
    @Test("names of checkpoints sort as runs go")
    func names() {
        #expect(CheckpointDirectory.name(ofStep: 704) == "step-000000704.safetensors.zst")
        #expect(CheckpointDirectory.name(ofStep: 9_876_543_210) == "step-9876543210.safetensors.zst")
    }

    @Test("the last checkpoints stay, and the newest is found", arguments: [1, 2, 3])
    func keeps(keep: Int) throws {
        let folder = try TemporaryFolder()
        let directory = CheckpointDirectory(path: folder.path + "/run/checkpoints", retention: Retention(last: keep))
        for epoch in 1...5 {
            let path = try directory.commit(example(step: epoch * 10, epoch: epoch)).path
            #expect(try directory.newest().entry.path == path)
        }
        #expect(try directory.entries().map(\.step) == Array([50, 40, 30].prefix(keep)))
        let found = try directory.newest()
        #expect(found.checkpoint == example(step: 50, epoch: 5))
        #expect(found.about.progress.globalStep == 50)
        #expect(found.passedOver.isEmpty)
    }

    @Test("checkpoints are ordered by steps as numbers, not as text")
    func numeric() throws {
        let folder = try TemporaryFolder()
        let directory = CheckpointDirectory(path: folder.path)
        try directory.commit(example(step: 999_999_999))
        try directory.commit(example(step: 1_000_000_000))
        #expect(try directory.newest().entry.step == 1_000_000_000)
    }

    @Test("an unreadable newest checkpoint is passed over with its reason, and stays")
    func fallsBack() throws {
        let folder = try TemporaryFolder()
        let directory = CheckpointDirectory(path: folder.path)
        for step in 1...3 { try directory.commit(example(step: step)) }
        let newest = try directory.newest().entry.path
        try Data(try Data(contentsOf: URL(filePath: newest)).dropLast(1)).write(to: URL(filePath: newest))
        let found = try directory.newest()
        #expect(found.checkpoint == example(step: 2))
        #expect(found.passedOver.count == 1)
        #expect(found.passedOver.first?.description.hasPrefix(newest) == true)
        // The run goes on from 2 and comes to 3 again.
        try directory.commit(example(step: 3))
        #expect(try directory.newest().checkpoint == example(step: 3))
        #expect(try directory.newest().passedOver.isEmpty)
    }

    @Test("no folder of checkpoints, an empty one, and only unreadable files are three errors")
    func errors() throws {
        let folder = try TemporaryFolder()
        let missing = CheckpointDirectory(path: folder.path + "/none")
        #expect(throws: CheckpointError.noDirectory(path: folder.path + "/none")) { try missing.newest() }
        let directory = CheckpointDirectory(path: folder.path)
        try Data("x".utf8).write(to: URL(filePath: folder.path + "/notes.txt"))
        try Data("x".utf8).write(to: URL(filePath: folder.path + "/step-1.safetensors.zst"))
        #expect(throws: CheckpointError.noneFound(directory: folder.path)) { try directory.newest() }
        try Data("x".utf8).write(to: URL(filePath: folder.path + "/step-000000001.safetensors.zst"))
        #expect {
            _ = try directory.newest()
        } throws: { error in
            guard case .noneReadable(folder.path, let reasons)? = error as? CheckpointError else { return false }
            return reasons.count == 1
        }
    }

    @Test("files that dead writers of checkpoints left are removed, those of living ones are not")
    func abandoned() throws {
        let folder = try TemporaryFolder()
        let own = PartialFile.name(for: "a")
        let stem = own.dropLast(".\(getpid()).partial".count)
        // A process identifier above the kernel's largest is nobody's; 1 always lives.
        let dead = "\(stem).\(Int32.max).partial"
        let alive = "\(stem).1.partial"
        let elsewhere = ".a.some-other-host.7.partial"
        let old = ".b.some-other-host.7.partial"
        for name in [own, dead, alive, elsewhere, old, ".partial", "..partial"] {
            try Data().write(to: URL(filePath: folder.path + "/" + name))
        }
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -2 * 24 * 3600)], ofItemAtPath: folder.path + "/" + old)
        try CheckpointDirectory(path: folder.path).commit(example())
        #expect(
            Set(folder.names)
                == [alive, elsewhere, ".partial", "..partial", "step-000000704.safetensors.zst"])
    }
}
