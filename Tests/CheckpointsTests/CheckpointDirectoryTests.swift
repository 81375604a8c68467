import Foundation
import Testing

@testable import Checkpoints

/// Fails the `turn`-th system call, and counts how many there were. Used by one thread.
private final class FaultPlan: @unchecked Sendable {
    var calls: [AtomicFile.Call] = []
    let turn: Int
    let error: Int32

    init(turn: Int, error: Int32) {
        self.turn = turn
        self.error = error
    }

    func fault(_ call: AtomicFile.Call) -> Int32? {
        calls.append(call)
        return calls.count - 1 == turn ? error : nil
    }
}

@Suite struct AtomicWriting {
    @Test("whichever call fails, the old file stays whole until the new one is, and nothing is left beside it")
    func everyFault() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a.safetensors.zst"
        let (old, new) = (example(step: 1), example(step: 2))
        for turn in 0..<100 {
            try old.write(to: path)
            let plan = FaultPlan(turn: turn, error: turn % 2 == 0 ? ENOSPC : EIO)
            do throws(CheckpointError) {
                _ = try new.write(to: path, level: 3, fault: plan.fault)
                #expect(plan.calls.count == turn, "call \(turn) failed and nobody said so")
                #expect(Set(plan.calls) == Set(AtomicFile.Call.allCases))
                #expect(try Checkpoint(contentsOf: path) == new)
                return
            } catch {
                guard case .system(let call, path, _) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(call == plan.calls[turn].rawValue)
                let isRenamed = plan.calls.dropLast().contains(.rename)
                #expect(try Checkpoint(contentsOf: path) == (isRenamed ? new : old), "after \(call)")
                #expect(folder.names == ["a.safetensors.zst"])
            }
        }
        Issue.record("the write never succeeded")
    }

    @Test("a signal's interruption is not an error")
    func interrupted() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a.safetensors.zst"
        for turn in 0..<3 {
            let plan = FaultPlan(turn: turn, error: EINTR)
            _ = try example().write(to: path, level: 3, fault: plan.fault)
            #expect(try Checkpoint(contentsOf: path) == example())
        }
    }

    @Test("a folder that is not there is named")
    func noFolder() throws {
        let folder = try TemporaryFolder()
        #expect {
            try example().write(to: folder.path + "/none/a.zst")
        } throws: {
            "\($0)".hasPrefix("\(folder.path)/none/a.zst: open failed: No such file")
        }
    }
}

@Suite struct Directory {
    @Test("names sort as runs go")
    func names() {
        #expect(
            CheckpointDirectory.name(of: .init(epoch: 3, stepInEpoch: 0, globalStep: 704, samples: 0))
                == "epoch-0003-step-000000704.safetensors.zst")
        #expect(
            CheckpointDirectory.name(of: .init(epoch: 12345, stepInEpoch: 0, globalStep: 9_876_543_210, samples: 0))
                == "epoch-12345-step-9876543210.safetensors.zst")
    }

    @Test("the last ones stay, and the newest is found", arguments: [1, 2, 3])
    func keeps(keep: Int) throws {
        let folder = try TemporaryFolder()
        let directory = CheckpointDirectory(path: folder.path + "/run/checkpoints", keep: keep)
        for epoch in 1...5 {
            let path = try directory.commit(example(step: epoch * 10, epoch: epoch))
            #expect(try directory.newest().entry.path == path)
        }
        #expect(try directory.entries().map(\.step) == Array([50, 40, 30].prefix(keep)))
        let found = try directory.newest()
        #expect(found.checkpoint == example(step: 50, epoch: 5))
        #expect(found.about.progress.globalStep == 50)
        #expect(found.passedOver.isEmpty)
    }

    @Test("steps count as numbers, not as text")
    func numeric() throws {
        let folder = try TemporaryFolder()
        let directory = CheckpointDirectory(path: folder.path)
        try directory.commit(example(step: 999_999_999))
        try directory.commit(example(step: 1_000_000_000))
        #expect(try directory.newest().entry.step == 1_000_000_000)
    }

    @Test("an unreadable newest one is passed over, with its reason, and kept out of nobody's way")
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

    @Test("no folder, an empty folder, and only unreadable files are three errors")
    func errors() throws {
        let folder = try TemporaryFolder()
        let missing = CheckpointDirectory(path: folder.path + "/none")
        #expect(throws: CheckpointError.noDirectory(path: folder.path + "/none")) { try missing.newest() }
        let directory = CheckpointDirectory(path: folder.path)
        try Data("x".utf8).write(to: URL(filePath: folder.path + "/notes.txt"))
        try Data("x".utf8).write(to: URL(filePath: folder.path + "/epoch-x-step-1.safetensors.zst"))
        #expect(throws: CheckpointError.noneFound(directory: folder.path)) { try directory.newest() }
        try Data("x".utf8).write(to: URL(filePath: folder.path + "/epoch-0001-step-000000001.safetensors.zst"))
        #expect {
            _ = try directory.newest()
        } throws: { error in
            guard case .noneReadable(folder.path, let reasons)? = error as? CheckpointError else { return false }
            return reasons.count == 1
        }
    }

    @Test("a failing commit removes no older checkpoint", arguments: [0, 1, 2, 3, 4, 5, 6])
    func failingCommit(turn: Int) throws {
        let folder = try TemporaryFolder()
        let directory = CheckpointDirectory(path: folder.path, keep: 1)
        try directory.commit(example(step: 1))
        let plan = FaultPlan(turn: turn, error: EIO)
        #expect(throws: CheckpointError.self) { _ = try directory.commit(example(step: 2), fault: plan.fault) }
        #expect(try directory.entries().last?.step == 1)
        #expect(folder.names.allSatisfy { !$0.hasSuffix(".partial") })
    }

    @Test("what dead writers left is removed, what living ones write is not")
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
                == [alive, elsewhere, ".partial", "..partial", "epoch-0003-step-000000704.safetensors.zst"])
    }
}
