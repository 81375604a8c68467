import Foundation
import Testing

/// The outcome of one run of mpirun.
private struct Outcome {
    /// The exit status; 124 where the run hung and had to be stopped.
    let status: Int32
    let output: String
    let errors: String
    let seconds: Double
}

/// Runs `collectives-check` on `ranks` ranks.
private func mpirun(_ ranks: Int, _ arguments: String...) throws -> Outcome {
    try run(["mpirun", "-n", "\(ranks)", try checkPath()] + arguments)
}

/// Returns the path of `collectives-check`, which is built beside this test bundle.
private func checkPath() throws -> String {
    let folder = try #require(Bundle.main.executableURL).deletingLastPathComponent()
    let path = folder.appending(path: "collectives-check").path
    try #require(FileManager.default.isExecutableFile(atPath: path), "\(path) is not built")
    return path
}

private func run(_ command: [String]) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["timeout", "--kill-after=5", "120"] + command
    // The settings are those of launch/env: any number of ranks on any number of cores, as any user.
    process.environment = ProcessInfo.processInfo.environment.merging([
        "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
    ]) { _, ours in ours }
    process.standardInput = FileHandle.nullDevice
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    let start = ContinuousClock.now
    try process.run()
    // Both are small enough for a pipe's buffer, so reading one after the other cannot block the job.
    let outputText = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let errorText = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let elapsed = start.duration(to: .now)
    return Outcome(
        status: process.terminationStatus, output: outputText, errors: errorText, seconds: elapsed / .seconds(1))
}

/// Tests that run one job at a time: a machine has few cores.
@Suite("Ranks that are processes under mpirun", .serialized)
struct MPITests {
    @Test("every collective keeps its promise under mpirun", arguments: [1, 2, 3, 4, 8])
    func collectives(ranks: Int) throws {
        let outcome = try mpirun(ranks, "cases")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output == "all cases hold on \(ranks) ranks\n")
    }

    @Test("MPI's own sums are used where they are asked for", arguments: [2, 3])
    func librarySums(ranks: Int) throws {
        let outcome = try mpirun(ranks, "mpi")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output == "MPI sums on \(ranks) ranks\n")
    }

    @Test("without mpirun a process is a world of one rank")
    func alone() throws {
        let outcome = try run([try checkPath(), "cases"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output == "all cases hold on 1 ranks\n")
    }

    @Test("an error thrown on one rank ends the job on all and names the rank", arguments: [(2, 1), (8, 5), (3, 0)])
    func thrown(ranks: Int, culprit: Int) throws {
        let outcome = try mpirun(ranks, "throw", "\(culprit)")
        #expect(outcome.status == 1)
        #expect(lines(of: outcome.errors, with: "the disk is full") == ["rank \(culprit)/\(ranks): the disk is full"])
        #expect(outcome.seconds < 20)
    }

    @Test("a killed rank ends the job on all ranks", arguments: [(2, 1), (8, 5)])
    func killed(ranks: Int, culprit: Int) throws {
        let outcome = try mpirun(ranks, "die", "\(culprit)")
        #expect(outcome.status == 128 + SIGKILL)
        #expect(outcome.errors.contains("rank \(culprit)"))
        #expect(outcome.seconds < 20)
    }

    @Test("an error that all ranks meet is printed once, and its exit code is that of all", arguments: [1, 2, 8])
    func together(ranks: Int) throws {
        let outcome = try mpirun(ranks, "together")
        #expect(outcome.status == 64)
        #expect(lines(of: outcome.errors, with: "no such model") == ["cnn-train: no such model"])
        #expect(!outcome.errors.contains("MPI_ABORT"))
    }

    @Test("a rank that alone reports an error as common to all ends the job and is named")
    func mistaken() throws {
        let outcome = try mpirun(2, "alone", "1")
        #expect(outcome.status == 1)
        #expect(lines(of: outcome.errors, with: "no such folder") == ["rank 1/2: no such folder"])
        #expect(outcome.seconds < 25)
    }

    @Test("ranks out of step end with an error that names one", arguments: [0, 1])
    func misstep(culprit: Int) throws {
        let outcome = try mpirun(2, "misstep", "\(culprit)")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("rank 0/2: ") || outcome.errors.contains("rank 1/2: "))
        #expect(outcome.seconds < 20)
    }

    @Test("MPI's own errors become messages with the call, the code and MPI's words")
    func refusedCall() throws {
        let outcome = try mpirun(2, "badcall")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("MPI_Isend failed on rank"))
        #expect(outcome.errors.contains("MPI_ERR_RANK: invalid rank"))
    }

    private func lines(of text: String, with words: String) -> [String] {
        text.split(separator: "\n").map(String.init).filter { $0.contains(words) }
    }
}
