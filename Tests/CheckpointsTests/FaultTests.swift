import CheckpointFaults
import Foundation
import Testing

@testable import Checkpoints

/// A way for a call to go wrong, and its name.
struct InjectedFault: Sendable, CustomTestStringConvertible {
    let name: String
    let intervention: Intervention
    var testDescription: String { name }

    static let all = [
        InjectedFault(name: "EIO", intervention: .fail(EIO)),
        InjectedFault(name: "ENOSPC", intervention: .fail(ENOSPC)),
        InjectedFault(name: "EINTR", intervention: .fail(EINTR)), InjectedFault(name: "short", intervention: .shorten),
    ]
}

@Suite("Whichever system call fails") struct FaultTests {
    @Test(
        "whichever system call fails, the newest state or the one before it is there, also without power",
        arguments: InjectedFault.all)
    func everyCall(_ fault: InjectedFault) throws {
        var met: Set<FileCall> = []
        var outcomes = 0
        for turn in 0..<1000 {
            let disk = MemoryDisk()
            let files = InterceptedFiles(disk) { at, _ in at == turn ? fault.intervention : .none }
            let (announced, error, warnings) = SavingRun.usual.tell(on: files)
            let calls = files.calls
            guard turn < calls.count else {
                #expect(error == nil && warnings.isEmpty && announced == SavingRun.steps)
                // docs/reliability.md says how many.
                #expect(turn > 130 && outcomes > 250)
                #expect(met.isSuperset(of: Set(FileCall.allCases)))
                return
            }
            let what = "call \(turn), \(calls[turn])"
            met.insert(calls[turn])
            if let error {
                guard case .system(_, let path, _) = error, path.hasPrefix("/") else {
                    Issue.record("\(what): \(error)")
                    continue
                }
            }
            if let complaint = SavingRun.usual.complaint(disk, announced: announced) {
                Issue.record("\(what): \(complaint)")
            }
            for image in disk.image.afterPowerLoss(most: 40, seed: UInt64(turn)) {
                outcomes += 1
                if let complaint = SavingRun.usual.complaint(MemoryDisk(image), announced: announced) {
                    Issue.record("\(what), then the power: \(complaint)")
                }
            }
            #expect(disk.openCount == 0, "\(what) leaves a file open")
            let step = min(announced + 1, SavingRun.steps)
            try SavingRun.directory(disk).commit(SavingRun.usual.states[step])
            #expect(SavingRun.usual.complaint(disk, announced: step) == nil)
            let kept = SavingRun.directory(disk)
            #expect(
                try kept.names().sorted() == kept.entries().prefix(2).map { String($0.path.dropFirst(17)) }.sorted(),
                "\(what)")
        }
        Issue.record("the run never came to its end")
    }

    @Test("no interrupted or short call of the file system is an error, but an interrupted fsync is")
    func interruptions() {
        for fault in InjectedFault.all.suffix(2) {
            for turn in 0..<1000 {
                let files = InterceptedFiles(MemoryDisk()) { at, _ in at == turn ? fault.intervention : .none }
                let (_, error, warnings) = SavingRun.usual.tell(on: files)
                guard turn < files.calls.count else { break }
                let isFlush = [.synchronize, .synchronizeFolder].contains(files.calls[turn]) && fault.name == "EINTR"
                #expect((error != nil) == isFlush, "\(fault.name) of \(files.calls[turn])")
                #expect(warnings.isEmpty)
            }
        }
    }

    @Test("after an fsync that failed no other comes: the file is dropped", arguments: [EIO, EINTR, ENOSPC])
    func fsyncOnce(code: Int32) {
        let files = InterceptedFiles(MemoryDisk()) { _, call in call == .synchronize ? .fail(code) : .none }
        let (announced, error, _) = SavingRun.usual.tell(on: files)
        #expect(
            announced == 0
                && error
                    == .system(call: "fsync", path: SavingRun.folder + "/step-000000001.safetensors.zst", code: code)
        )
        #expect(files.calls.count { $0 == .synchronize } == 1)
        #expect(files.calls.suffix(2) == [.close, .remove])
    }

    @Test(
        "on a real disk too, the newest state or the one before it is there whichever system call fails",
        arguments: InjectedFault.all.prefix(2))
    func realDisk(_ fault: InjectedFault) throws {
        for turn in 0..<1000 {
            let temporary = try TemporaryFolder()
            let folder = temporary.path + "/run/checkpoints"
            let files = InterceptedFiles(SystemFiles()) { at, _ in at == turn ? fault.intervention : .none }
            let (announced, error, _) = SavingRun.usual.tell(on: files, folder)
            guard turn < files.calls.count else {
                #expect(error == nil)
                return
            }
            let what = "call \(turn), \(files.calls[turn])"
            #expect(SavingRun.usual.complaint(SystemFiles(), announced: announced, folder) == nil, "\(what)")
            try SavingRun.directory(SystemFiles(), folder).commit(SavingRun.usual.states[SavingRun.steps])
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names.allSatisfy { $0.hasPrefix("step-") }, "\(what): \(names)")
        }
        Issue.record("the run never came to its end")
    }

    @Test(
        "whichever call of reading fails, the newest state is read, or the one before it, or one error says why",
        arguments: InjectedFault.all)
    func reading(_ fault: InjectedFault) throws {
        let disk = MemoryDisk()
        _ = SavingRun.usual.tell(on: disk)
        for turn in 0..<1000 {
            let files = InterceptedFiles(disk) { at, _ in at == turn ? fault.intervention : .none }
            do throws(CheckpointError) {
                let found = try SavingRun.directory(files).newest()
                #expect(found.checkpoint.isSame(as: SavingRun.usual.states[found.entry.step]))
                #expect(found.entry.step == 4 - found.passedOver.count)
            } catch {
                guard case .system("reading the folder", SavingRun.folder, _) = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
            if turn >= files.calls.count { return }
        }
        Issue.record("the reading never came to its end")
    }
}
