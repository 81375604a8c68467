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

    /// Writes a holder, as `leave` does, into the existing file, which may be locked.
    private func leaveInPlace(_ holder: RunHolder) throws {
        try holder.json.write(toFile: run.lock, atomically: false, encoding: .utf8)
    }

    private func holder(
        host: String = RunHolder.here.host, job: String? = nil, supervisor: String? = nil
    ) -> RunHolder {
        // The number is that of init, which lives; the start is not init's.
        RunHolder(host: host, pid: 1, start: "2026-01-01T00:00:00Z", ticks: .max, job: job, supervisor: supervisor)
    }

    @Test("the lock of a run's folder is held by one process at a time, and names its holder")
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

    @Test("a run's lock is taken over from a local process that has ended, and from one that died while it wrote")
    func takenOver() throws {
        try leave(holder())
        try RunLock(folder: run).release()
        try "{\"host".write(toFile: run.lock, atomically: true, encoding: .utf8)
        try RunLock(folder: run).release()
    }

    @Test("a run's lock of another machine stays with its holder, which may live, if that can reach the folder")
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

    @Test("a run's lock of another machine is taken over by a restart of the same supervisor, and by no other process")
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

    @Test("a lock that a stopped remote process still holds passes to its replacement by the same supervisor")
    func replaced() throws {
        setenv("CNN_TRAIN_JOB", "b7", 1)
        defer { unsetenv("CNN_TRAIN_JOB") }
        let stopped = try RunLock(folder: run)
        #expect(throws: RunError.self) { _ = try RunLock(folder: run) }
        try leaveInPlace(holder(host: "elsewhere", supervisor: "b7"))
        let lock = try RunLock(folder: run)
        // The remote process may go on after all; it does not take the lock away from its replacement.
        stopped.release()
        #expect(FileManager.default.fileExists(atPath: run.lock))
        lock.release()
        #expect(!FileManager.default.fileExists(atPath: run.lock))
    }

    @Test("the kind of a folder's file system is known")
    func fileSystems() {
        // The folder /proc is on no disk, and a missing folder is on none either.
        #expect(!RunLock.isOfThisMachineAlone("/proc"))
        #expect(!RunLock.isOfThisMachineAlone(run.path + "/missing"))
        #expect(RunLock.isOfThisMachineAlone("/dev/shm"))
    }

    @Test("processes of the same number are distinguished by their start where files cannot be locked")
    func withoutFileLocks() throws {
        #expect(!RunHolder.here.isGone(knownFromLock: false))
        #expect(holder().isGone(knownFromLock: false))
        #expect(!holder(host: "elsewhere").isGone(knownFromLock: true))
    }
}
