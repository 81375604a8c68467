import CommandSupport
import Fitness
import Foundation
import Testing

@Suite("check", .serialized)
struct CheckTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    /// Returns the report of a check of two ranks here, read from its JSON, and its exit code.
    private func report(_ arguments: [String], environment: [String: String] = [:]) throws -> (FitnessReport, Int32) {
        let outcome = try commands.run(["check", "--json"] + arguments, environment: environment)
        #expect(outcome.output.split(separator: "\n").count == 1)
        return (try JSONDecoder().decode(FitnessReport.self, from: Data(outcome.output.utf8)), outcome.status)
    }

    @Test("a machine is looked at in all its parts, and the exit code says whether it is fit")
    func machine() throws {
        let (report, status) = try report(["--data", commands.tinyData(), "--output", "new/run"])
        let names = Set(report.findings.map(\.check))
        #expect(
            names.isSuperset(of: [
                "processor", "memory", "/dev/shm", "open files", "file size", "threads", "mpirun", "ranks here", "data",
                "samples", "output",
            ]))
        #expect(status == (report.isFit ? 0 : 1))
        #expect(report.findings.contains(.ok("ranks here", "2 ranks start and meet")), "\(report.findings)")
        // Nothing of it is left.
        #expect(!FileManager.default.fileExists(atPath: commands.folder + "/new"))
    }

    @Test("check names what is wrong with what to do, and exits with 1")
    func wrong() throws {
        let outcome = try commands.run("check", "--data", "/no/such/folder", "--output", "/proc/runs")
        #expect(outcome.status == 1 && outcome.complaints.count == 1)
        let problems = outcome.output.split(separator: "\n").filter { $0.hasPrefix("problem ") }
        #expect(problems.count >= 2 && problems.allSatisfy { $0.contains("needed: ") }, "\(outcome.output)")
        #expect(outcome.output.contains("\nnot fit for a run"))
    }

    @Test("a machine without mpirun is told to install it")
    func noLauncher() throws {
        let outcome = try commands.run(script: "PATH=/no/such/folder \"$BINARY\" check --json")
        let report = try JSONDecoder().decode(FitnessReport.self, from: Data(outcome.output.utf8))
        #expect(outcome.status == 1)
        #expect(report.findings.contains { $0.check == "mpirun" && $0.verdict == .problem })
    }

    @Test("a host that cannot be reached is a problem of its own")
    func unreachable() throws {
        let (report, status) = try report(
            ["--hosts", "a-host.invalid:1"], environment: ["OMPI_MCA_plm_rsh_agent": "false"])
        #expect(status == 1)
        #expect(report.findings.contains { $0.check == "a-host.invalid" && $0.verdict == .problem })
    }

    @Test("hosts check themselves, and a rank on each meets the others, by whatever remote shell")
    func hosts() throws {
        // In the place of ssh: runs what it is sent on this machine, for a host of another name.
        try commands.write(Array("#!/bin/sh\nexec sh -c \"$2\"\n".utf8), to: "shell")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: commands.folder + "/shell")
        let (report, _) = try report(
            ["--hosts", "played.invalid:1"], environment: ["OMPI_MCA_plm_rsh_agent": commands.folder + "/shell"])
        let own = report.findings.first { $0.check == "played.invalid" }
        #expect(own?.verdict == .ok && own?.found.contains("is there") == true, "\(report.findings)")
    }
}
