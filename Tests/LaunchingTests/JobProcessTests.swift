import CProcess
import Foundation
import Runs
import Testing

@testable import Launching

@Suite("Processes of a job", .serialized) struct JobProcessTests {
    private func start(_ call: [String], job: SupervisedJob, rank: Int? = nil) throws -> ChildProcess {
        var variables = [SupervisedJob.variable: job.id]
        if let rank { variables["OMPI_COMM_WORLD_RANK"] = "\(rank)" }
        return try ChildProcess(call, variables: variables, streams: [0, 1, 2], endsWithThisThread: false)
    }

    /// Ends a process, and leaves nothing of it: tests that wait for any process to end would find it for ever.
    private func end(_ process: ChildProcess) {
        process.end()
        process.wait(seconds: 10)
    }

    private func waitFor(_ condition: () -> Bool) -> Bool {
        let deadline = Date.now + 10
        while !condition() {
            if Date.now > deadline { return false }
            usleep(2000)
        }
        return true
    }

    @Test("processes of a job are found by the job's name, with their ranks, and those of other jobs are not")
    func found() throws {
        let (job, other) = (SupervisedJob(), SupervisedJob())
        let ours = try start(["sleep", "60"], job: job, rank: 3)
        let launcher = try start(["sleep", "60"], job: job)
        let foreign = try start(["sleep", "60"], job: other, rank: 3)
        defer { for process in [ours, launcher, foreign] { end(process) } }
        let expected: Set = [JobProcess(id: ours.id, rank: 3), JobProcess(id: launcher.id, rank: nil)]
        #expect(waitFor { Set(job.processes()) == expected })
        #expect(other.processes() == [JobProcess(id: foreign.id, rank: 3)])
    }

    @Test("processes of a job that have ended say how, and are found no more")
    func ends() throws {
        let job = SupervisedJob()
        let killed = try start(["sleep", "60"], job: job)
        #expect(killed.exit == nil)
        killed.send(SIGTERM)
        killed.wait(seconds: 10)
        #expect(killed.exit == .signal(SIGTERM) && killed.exit?.code == 143)
        let failed = try start(["sh", "-c", "exit 3"], job: job)
        failed.wait(seconds: 10)
        #expect(failed.exit == .code(3) && job.processes().isEmpty)
    }

    @Test("a process of a job that shows its environment no more counts until it has ended, and is ended")
    func exiting() throws {
        let job = SupervisedJob()
        // As a process does that exits: it has no environment, but its files are open.
        let process = try start(["sh", "-c", "exec env -i sleep 60"], job: job, rank: 0)
        defer { end(process) }
        let descriptor = process_descriptor(process.id)
        try #require(waitFor { job.processes().isEmpty })
        #expect(process.exit == nil)
        #expect(job.end(known: [descriptor: JobProcess(id: process.id, rank: 0)], within: 10) == [])
        process.wait(seconds: 10)
        #expect(process.exit == .signal(SIGKILL))
    }

    @Test("a process that cannot be started is an error that names the program")
    func missing() throws {
        let job = SupervisedJob()
        #expect(throws: LaunchError.self) { _ = try start(["/missing/program"], job: job) }
    }

    @Test("processes of a job end with all that they have started")
    func groups() throws {
        let job = SupervisedJob()
        let shell = try start(["sh", "-c", "sleep 60 & sleep 60; true"], job: job)
        #expect(waitFor { job.processes().count == 3 })
        end(shell)
        #expect(waitFor { job.processes().isEmpty })
    }

    @Test("processes of a job leave nothing in the job's folders, which go with the last agent")
    func folders() throws {
        let job = SupervisedJob()
        let folders = try JobFolders(job, host: "node1.cluster")
        let files = [
            job.memoryFolder + "/vader_segment.node1.0.1.0", job.memoryFolder + "/failure.0",
            job.memoryFolder + "/vader_segment.node2.0.1.0",
        ]
        for file in files { try Data().write(to: URL(filePath: file)) }
        try FileManager.default.createDirectory(
            atPath: job.sessionFolder + "/ompi.node1.0/pid.1", withIntermediateDirectories: true)
        folders.clear()
        // Another host that has the same folder may live.
        #expect(try FileManager.default.contentsOfDirectory(atPath: job.memoryFolder) == ["vader_segment.node2.0.1.0"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: job.sessionFolder) == [])
        let second = try JobFolders(job, host: "node2")
        folders.remove()
        #expect(FileManager.default.fileExists(atPath: job.memoryFolder))
        second.remove()
        for folder in [job.memoryFolder, job.sessionFolder] { #expect(!FileManager.default.fileExists(atPath: folder)) }
    }

    @Test("folders of a job whose agent is gone without a trace are removed by the next job's agent")
    func stale() throws {
        let (gone, living, next) = (SupervisedJob(), SupervisedJob(), SupervisedJob())
        for folder in [gone.memoryFolder, gone.sessionFolder] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        }
        let held = try JobFolders(living, host: "a")
        let folders = try JobFolders(next, host: "a")
        #expect(!FileManager.default.fileExists(atPath: gone.memoryFolder))
        #expect(!FileManager.default.fileExists(atPath: gone.sessionFolder))
        #expect(FileManager.default.fileExists(atPath: living.memoryFolder))
        held.remove()
        folders.remove()
    }
}
