import Foundation
import Launching
import Testing

@testable import Fitness

@Suite("The check of other hosts") struct HostCheckTests {
    private let check = HostCheck(version: "cnn-train 1.0", program: "/usr/bin/cnn-train")

    private func findings(
        _ ending: ProgramRun.Ending?, output: String = "", errors: String = ""
    ) -> [Finding] {
        check.findings(of: "b", ending, output: output, errors: errors, asked: 1000...1010)
    }

    private func answer(version: String = "cnn-train 1.0", time: Double = 1005, _ findings: [Finding]) throws -> String
    {
        let report = FitnessReport(version: version, host: "b", unixTime: time, findings: findings)
        return String(decoding: try JSONEncoder().encode(report), as: UTF8.self)
    }

    @Test("a host that is fit is one line, whatever its login says before")
    func fit() throws {
        let output = "Welcome to b!\n" + (try answer([.ok("memory", "enough"), .ok("mpirun", "there")])) + "\n"
        let found = findings(.code(0), output: output)
        #expect(found.count == 1 && found[0].verdict == .ok && found[0].check == "b")
        #expect(found[0].found.contains("2 of 2 checks are fine there"))
    }

    @Test("what is wrong on a host is named with it")
    func unfit() throws {
        let problem = Finding.problem("/dev/shm", "64 MiB", needed: "1 GiB", remedy: "Make it larger")
        let found = findings(.code(1), output: try answer([.ok("memory", "enough"), problem]))
        #expect(found.map(\.check) == ["b", "b /dev/shm"] && found.map(\.verdict) == [.ok, .problem])
    }

    @Test("another version on a host is a problem, and nothing else of that host is said")
    func version() throws {
        let found = findings(.code(0), output: try answer(version: "cnn-train 0.9", [.ok("memory", "enough")]))
        #expect(found.map(\.verdict) == [.problem] && found[0].needed == "cnn-train 1.0")
    }

    @Test(
        "a clock is warned of where it was surely wrong, and not where the answer took its time",
        arguments: [(1000.0, false), (998.5, false), (1011.9, false), (997.0, true), (1013.0, true), (0, true)])
    func clock(time: Double, isWarned: Bool) throws {
        let found = findings(.code(0), output: try answer(time: time, []))
        #expect(found.contains { $0.check == "b clock" && $0.verdict == .warning } == isWarned)
    }

    @Test(
        "a host that does not answer is a problem with what to do",
        arguments: [
            (.code(255), "ssh-copy-id b"), (.code(127), "under the same path"), (.code(64), "same version"),
            (.signal(9), "ssh b true"), (.timeout, "ssh b true"), (nil, "ssh b true"),
        ] as [(ProgramRun.Ending?, String)])
    func silent(ending: ProgramRun.Ending?, remedy: String) {
        let found = findings(ending, errors: "\u{1b}[31mb: Permission denied (publickey).\n\n")
        #expect(found.map(\.verdict) == [.problem])
        #expect(found[0].remedy?.contains(remedy) == true)
        #expect(!found[0].found.contains("\u{1b}"))
    }

    @Test("hosts are asked at once, by any remote shell, each with the check's own arguments")
    func asked() throws {
        // In the place of ssh: says where it was sent and what it was to do.
        let script = FileManager.default.temporaryDirectory.appending(path: "shell-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: script) }
        let text = """
            #!/bin/sh
            [ "$1" = a ] && { echo "{\\"version\\":\\"cnn-train 1.0\\",\\"host\\":\\"a\\",\
            \\"unix_time\\":$(date +%s),\\"findings\\":[]}"; exit 0; }
            echo "$2" >&2
            exit 255
            """
        try Data(text.utf8).write(to: script)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path)
        let shell = RemoteShell(agent: script.path, arguments: nil)
        let found = check.findings(
            of: [Launching.Host("a"), Launching.Host("b")], by: shell, arguments: ["check", "--json"],
            variables: [(name: "A", value: "b c")])
        #expect(found.answering.map(\.name) == ["a"])
        #expect(found.findings.map(\.verdict) == [.ok, .problem])
        #expect(found.findings.last?.found.contains("env 'A=b c' /usr/bin/cnn-train check --json") == true)
    }
}

@Suite("Programs that are asked") struct ProgramRunTests {
    @Test("what a program says on both streams is kept, and how it ends")
    func says() throws {
        let run = try ProgramRun(["sh", "-c", "echo a; echo b >&2; exit 3"])
        ProgramRun.wait(for: [run], seconds: 60)
        #expect(run.ending == .code(3) && run.output == "a\n" && run.errors == "b\n")
    }

    @Test("one that takes too long is ended, and what it has left its streams to is not waited for")
    func slow() throws {
        let slow = try ProgramRun(["sh", "-c", "echo a; exec sleep 1000"])
        let left = try ProgramRun(["sh", "-c", "sleep 1000 & echo $!"])
        ProgramRun.wait(for: [left], seconds: 60)
        #expect(left.ending == .code(0))
        let sleeper = try #require(pid_t(left.output.dropLast()), "\(left.output)")
        #expect(kill(sleeper, SIGKILL) == 0)
        ProgramRun.wait(for: [slow], seconds: 0.3)
        #expect(slow.ending == .timeout)
    }

    @Test("one that says more than a pipe holds comes to its end")
    func long() throws {
        let run = try ProgramRun(["sh", "-c", "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"])
        ProgramRun.wait(for: [run], seconds: 60)
        #expect(run.ending == .code(0) && run.output.utf8.count >= 1 << 20)
    }

    @Test("a program that there is not is an error") func missing() {
        #expect(throws: LaunchError.self) { try ProgramRun(["no-such-program-\(UInt64.max)"]) }
    }
}
