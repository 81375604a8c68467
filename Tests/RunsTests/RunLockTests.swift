import Foundation
import Testing

@testable import Runs

@Suite("The lock of a run's folder", .serialized) struct RunLockTests {
    private let folder: TemporaryFolder
    private var run: RunFolder { RunFolder(path: folder.path) }

    init() throws { folder = try TemporaryFolder() }

    private func leave(_ holder: RunHolder) throws {
        try holder.json.write(toFile: run.lock, atomically: true, encoding: .utf8)
    }

    /// As `leave`, into the file that is there and locked.
    private func leaveInPlace(_ holder: RunHolder) throws {
        try holder.json.write(toFile: run.lock, atomically: false, encoding: .utf8)
    }

    private func holder(
        host: String = RunHolder.here.host, job: String? = nil, supervisor: String? = nil
    ) -> RunHolder {
        // init's number, which lives, with a start that is not init's.
        RunHolder(host: host, pid: 1, start: "2026-01-01T00:00:00Z", ticks: .max, job: job, supervisor: supervisor)
    }

    @Test("the lock of a run's folder is had by one at a time, and says by whom")
    func exclusive() throws {
        let lock = try RunLock(folder: run)
        let error = #expect(throws: RunError.self) { _ = try RunLock(folder: run) }
        #expect(
            error
                == .folderInUse(
                    path: run.path,
                    holder: try JSONDecoder().decode(
                        RunHolder.self, from: Data(contentsOf: URL(filePath: run.lock)))))
        #expect("\(error.map(String.init(describing:)) ?? "")".contains("process \(getpid()) on "))
        lock.release()
        #expect(!FileManager.default.fileExists(atPath: run.lock))
        try RunLock(folder: run).release()
    }

    @Test("a run's lock is taken over from a local process that is gone, and from one that died while it wrote")
    func takenOver() throws {
        try leave(holder())
        try RunLock(folder: run).release()
        try "{\"host".write(toFile: run.lock, atomically: true, encoding: .utf8)
        try RunLock(folder: run).release()
    }

    @Test("a run's lock of another machine is left to its owner, who may live, where that can reach the folder")
    func otherMachine() throws {
        try leave(holder(host: "elsewhere"))
        let error = #expect(throws: RunError.self) {
            _ = try RunLock(folder: run, isOfThisMachineAlone: { _ in false })
        }
        #expect(error == .folderInUse(path: run.path, holder: holder(host: "elsewhere")))
        #expect(FileManager.default.fileExists(atPath: run.lock))
    }

    @Test("a run's lock of another name of this machine is taken over, unless its process lives")
    func otherName() throws {
        try leave(holder(host: "a-container"))
        let lock = try RunLock(folder: run, isOfThisMachineAlone: { _ in true })
        try leaveInPlace(holder(host: "a-container"))
        #expect(throws: RunError.self) { _ = try RunLock(folder: run, isOfThisMachineAlone: { _ in true }) }
        lock.release()
    }

    @Test("a run's lock of another machine is taken over by what its supervisor starts again, and by no other")
    func sameSupervisor() throws {
        setenv("CNN_TRAIN_JOB", "b7", 1)
        defer { unsetenv("CNN_TRAIN_JOB") }
        #expect(RunHolder.here.supervisor == "b7")
        try leave(holder(host: "elsewhere", supervisor: "b7"))
        let lock = try RunLock(folder: run, isOfThisMachineAlone: { _ in false })
        let written = try JSONDecoder().decode(RunHolder.self, from: Data(contentsOf: URL(filePath: run.lock)))
        #expect(written.supervisor == "b7")
        lock.release()
        try leave(holder(host: "elsewhere", supervisor: "c8"))
        #expect(throws: RunError.self) { _ = try RunLock(folder: run, isOfThisMachineAlone: { _ in false }) }
    }

    @Test("a lock that a stopped remote process still has goes to what the same supervisor starts in its place")
    func replaced() throws {
        setenv("CNN_TRAIN_JOB", "b7", 1)
        defer { unsetenv("CNN_TRAIN_JOB") }
        let stopped = try RunLock(folder: run)
        #expect(throws: RunError.self) { _ = try RunLock(folder: run) }
        try leaveInPlace(holder(host: "elsewhere", supervisor: "b7"))
        let lock = try RunLock(folder: run)
        // What goes on there after all does not take this one's right away.
        stopped.release()
        #expect(FileManager.default.fileExists(atPath: run.lock))
        lock.release()
        #expect(!FileManager.default.fileExists(atPath: run.lock))
    }

    @Test("the kind of file system that a folder is on is known")
    func fileSystems() {
        // A folder of the kernel's own processes is on no disk; what is not there is on none.
        #expect(!RunLock.isOfThisMachineAlone("/proc"))
        #expect(!RunLock.isOfThisMachineAlone(run.path + "/missing"))
        #expect(RunLock.isOfThisMachineAlone("/dev/shm"))
    }

    @Test("where files cannot be locked, processes of one number are told apart by their start")
    func withoutFileLocks() throws {
        #expect(!RunHolder.here.isGone(knownFromLock: false))
        #expect(holder().isGone(knownFromLock: false))
        #expect(!holder(host: "elsewhere").isGone(knownFromLock: true))
    }
}
