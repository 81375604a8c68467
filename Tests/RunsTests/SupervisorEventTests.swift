import Foundation
import Testing

@testable import Runs

@Suite("Events of a supervisor") struct SupervisorEventTests {
    @Test("events of a supervisor are lines with the promised keys, as far as they apply")
    func keys() throws {
        var event = SupervisorEvent(.hostLost)
        event.attempt = 2
        event.ranks = 4
        event.hosts = ["a", "b\""]
        event.fromStep = 7
        event.step = 9
        event.rank = 1
        event.host = "a"
        event.exitCode = 137
        event.signal = 9
        event.reason = "r"
        event.seconds = 1.23456
        let line = event.json(at: Date(timeIntervalSince1970: 0.25))
        #expect(
            line == """
                {"time": "1970-01-01T00:00:00.250Z", "event": "host_lost", "attempt": 2, "ranks": 4, \
                "hosts": ["a", "b\\""], "from_step": 7, "step": 9, "rank": 1, "host": "a", "exit_code": 137, \
                "signal": 9, "reason": "r", "seconds": 1.235}
                """)
        let (time, read) = try #require(SupervisorEvent.read(line.utf8))
        event.seconds = 1.235
        #expect(time == "1970-01-01T00:00:00.250Z" && read == event)
        #expect(!SupervisorEvent(.start).json(at: .now).contains("null"))
    }

    @Test(
        "a line that is torn or of an unknown kind is no event of a supervisor",
        arguments: ["", #"{"time": "t", "event": "fail"#, #"{"time": "t", "event": "eclipse"}"#])
    func unknown(line: String) {
        #expect(SupervisorEvent.read(line.utf8) == nil)
    }

    @Test("events of a supervisor are appended to those of earlier supervisors, in a folder that is made")
    func appended() throws {
        let folder = try TemporaryFolder()
        let run = RunFolder(path: folder.path + "/a/b")
        for _ in 0..<2 { try SupervisorLog(folder: run).append(SupervisorEvent(.finished)) }
        let lines = try String(contentsOfFile: run.events, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 2 && lines.allSatisfy { $0.hasSuffix("\"event\": \"finished\"}") })
        #expect(!run.holdsRun)
    }

    @Test("events of a supervisor that cannot be written are an error that names the file")
    func unwritable() throws {
        let folder = try TemporaryFolder()
        try "".write(toFile: folder.path + "/file", atomically: true, encoding: .utf8)
        #expect(throws: RunError.self) { _ = try SupervisorLog(folder: RunFolder(path: folder.path + "/file/run")) }
    }
}

@Suite("Notes of failed ranks") struct FailureNoteTests {
    @Test("notes of failed ranks reach the supervisor's agent, the first of each rank, in the order of ranks")
    func notes() throws {
        let job = SupervisedJob()
        try FileManager.default.createDirectory(atPath: job.memoryFolder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: job.memoryFolder) }
        let notes = [1, 0].map { FailureNote(rank: $0, exitCode: 70, isOwn: $0 == 1, words: "ä\n\"") }
        for note in notes { note.leave(for: job) }
        FailureNote(rank: 0, exitCode: 1, isOwn: true, words: "later").leave(for: job)
        #expect(FailureNote.all(of: job) == notes.reversed())
    }

    @Test("notes of failed ranks are not left where nobody supervises")
    func nobody() {
        let job = SupervisedJob()
        FailureNote(rank: 0, exitCode: 1, isOwn: true, words: "w").leave(for: job)
        #expect(!FileManager.default.fileExists(atPath: job.memoryFolder) && FailureNote.all(of: job).isEmpty)
    }

    @Test(
        "notes of failed ranks belong to a job with a name of 16 hexadecimal digits",
        arguments: ["", "0", "000000000000000g", "00000000000000000"])
    func names(id: String) {
        #expect(SupervisedJob(id: id) == nil)
        let job = SupervisedJob()
        #expect(SupervisedJob(id: job.id) == job && SupervisedJob() != job)
    }
}
