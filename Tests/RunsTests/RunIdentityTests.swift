import Foundation
import Testing

@testable import Runs

@Suite("The identity of a run") struct RunIdentityTests {
    @Test("the identity of a run is 32 hexadecimal digits, each time others")
    func drawn() {
        let (one, other) = (RunIdentity(), RunIdentity())
        #expect(one != other)
        #expect(RunIdentity(one.text) == one)
    }

    @Test("the identity of a run reads back from the run's folder as it was written")
    func written() throws {
        let folder = try TemporaryFolder()
        let run = RunFolder(path: folder.path)
        #expect(RunIdentity(of: run) == nil)
        let identity = RunIdentity()
        try identity.write(to: run)
        #expect(RunIdentity(of: run) == identity)
    }

    @Test(
        "the identity of a run is not taken from a file that was torn or holds something else",
        arguments: ["", "\n", "0123456789abcdef", String(repeating: "g", count: 32), String(repeating: "0", count: 33)])
    func torn(text: String) throws {
        let folder = try TemporaryFolder()
        let run = RunFolder(path: folder.path)
        try text.write(toFile: run.identity, atomically: true, encoding: .utf8)
        #expect(RunIdentity(of: run) == nil)
    }

    @Test("an identity that cannot be written is an error that names the file")
    func unwritable() throws {
        let folder = try TemporaryFolder()
        let run = RunFolder(path: folder.path + "/missing")
        let error = #expect(throws: RunError.self) { try RunIdentity().write(to: run) }
        #expect("\(try #require(error))".contains(run.identity))
    }
}
