import Glibc
import Runs
import Testing

@testable import Launching

@Suite struct RemoteStartTests {
    @Test("a start reaches the job's supervisor as it was asked for, however long its command")
    func roundTrip() throws {
        let job = SupervisedJob()
        let folders = try JobFolders(job, host: hostName())
        defer { folders.remove() }
        let starts = try RemoteStarts(job)
        #expect(starts.next() == nil)
        let asked = [
            RemoteStart(words: ["-l", "me", "b", " orted", "-mca", "x", "\"a  b\"", "b", ""]),
            RemoteStart(words: [String(repeating: "ä", count: 20_000)]),
        ]
        for start in asked { try start.send(to: job) }
        #expect(starts.next() == asked[0] && starts.next() == asked[1] && starts.next() == nil)
        let parts = try #require(asked[0].parts { $0 == "b" })
        #expect(parts.host == "b" && parts.command == " orted -mca x \"a  b\" b ")
        #expect(asked[1].parts { $0 == "b" } == nil)
    }

    @Test("a start that no supervisor waits for is an error")
    func nobody() {
        #expect(throws: LaunchError.self) { try RemoteStart(words: ["b", "x"]).send(to: SupervisedJob()) }
    }
}
