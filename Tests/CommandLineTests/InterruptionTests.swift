import CommandSupport
import Foundation
import Testing

/// Runs that are stopped, killed or started twice, as real processes.
@Suite("A run that is interrupted", .serialized, .withOurKernels)
struct InterruptionTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    /// Returns the flags of a run of 12 epochs of 200 steps, with a checkpoint every 50 steps: it takes a second or
    /// two, so that there is time to interrupt it.
    private func flags(_ output: String) throws -> [String] {
        [
            "--model", "lenet", "--data", try commands.tinyData(train: 3200), "--batch-size", "16", "--lr", "0.1",
            "--threads", "1", "--log-every", "3", "--epochs", "12", "--checkpoint-every", "50steps", "--output", output,
        ]
    }

    private struct Record: Decodable {
        let kind: String
        let step: Int
        let loss: Double
        let parameters_sha256: String?
    }

    private struct Place: Decodable { let step: Int }

    /// Returns the complete lines; the last may still be being written.
    private func records(_ output: String) -> [Record] {
        let text = (try? String(contentsOfFile: "\(commands.folder)/\(output)/metrics.jsonl", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Record.self, from: Data($0.utf8)) }
    }

    /// Returns the last reported step. It is called often, so it reads the end of the file alone.
    private func step(_ output: String) -> Int {
        let path = "\(commands.folder)/\(output)/metrics.jsonl"
        guard let file = FileHandle(forReadingAtPath: path), let length = try? file.seekToEnd(),
            (try? file.seek(toOffset: length - min(length, 1024))) != nil,
            let lines = try? file.readToEnd()?.split(separator: UInt8(ascii: "\n")),
            let line = lines.last, let record = try? JSONDecoder().decode(Place.self, from: Data(line))
        else { return 0 }
        return record.step
    }

    /// Returns when the run last wrote a line of metrics.
    private func lastWritten(_ output: String) -> Date {
        let path = "\(commands.folder)/\(output)/metrics.jsonl"
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.modificationDate] as? Date ?? .distantPast
    }

    /// Returns the run's records and its final result.
    private func story(_ output: String) throws -> [String] {
        #expect(records(output).last?.kind == "final")
        return records(output).map { "\($0.kind) \($0.step) \($0.loss.bitPattern) \($0.parameters_sha256 ?? "")" }
    }

    /// The story of a run that nobody interrupts.
    private static let whole = Result {
        let tests = try InterruptionTests()
        let outcome = try tests.commands.run(tests.flags("whole"))
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try tests.story("whole")
    }

    @Test(
        "a run that is asked to stop saves its state, exits with 75, and resumes to the same bits",
        arguments: [
            (SIGUSR1, nil), (SIGUSR2, nil), (SIGTERM, nil), (SIGINT, nil), (SIGHUP, nil), (SIGUSR1, 2),
        ] as [(Int32, Int?)])
    func leaves(signal: Int32, ranks: Int?) throws {
        let expected = try Self.whole.get()
        let outcome = try commands.run(
            flags("left"), ranks: ranks, signal: signal, killedWhen: { step("left") >= 70 })
        #expect(outcome.status == 75, "\(outcome.errors)")
        #expect(outcome.complaints.count == 1 && outcome.errors.contains("the state is saved"), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: "\(commands.folder)/left/run.lock"))
        let resumed = try commands.run(flags("left") + ["--resume"])
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(resumed.output.contains("going on after step"))
        #expect(try story("left") == expected)
    }

    @Test(
        "a run that ignores a signal from its start goes on to its end after that signal",
        arguments: [("INT", SIGINT), ("HUP", SIGHUP), ("TERM", SIGTERM), ("USR1", SIGUSR1)])
    func ignores(name: String, signal: Int32) throws {
        var isSent = false
        let outcome = try commands.run(
            flags("ignoring") + ["--epochs", "4"], signal: signal, ignoring: name,
            killedWhen: {
                isSent = isSent || step("ignoring") >= 70
                return isSent
            })
        #expect(isSent && outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.complaints == [])
        #expect(records("ignoring").last?.kind == "final")
    }

    @Test("a run that is asked to stop a second time stops at once")
    func leavesAtOnce() throws {
        let outcome = try commands.run(
            flags("left"), signal: SIGUSR1, secondSignal: SIGUSR2, killedWhen: { step("left") >= 70 })
        // The system chooses which of the two comes last.
        #expect([128 + SIGUSR1, 128 + SIGUSR2].contains(outcome.status), "\(outcome.status) \(outcome.errors)")
    }

    @Test("a run killed again and again, as a whole or in one rank, ends with the bits of an uninterrupted one")
    func killed() throws {
        let expected = try Self.whole.get()
        // Between the checkpoints of steps 50, 100, …. Without mpirun the whole run dies at once; ranks outlive
        // mpirun's by up to a second.
        for (ranks, rank, target) in [(4, 2, 30), (4, 1, 180), (2, 0, 380), (nil, nil, 580), (4, 3, 770)]
            as [(Int?, Int?, Int)]
        {
            // The run before may have passed the target already.
            let before = Date()
            let outcome = try commands.run(
                flags("killed") + ["--resume"], ranks: ranks, toRank: rank,
                killedWhen: { lastWritten("killed") > before && step("killed") >= target })
            #expect(outcome.status != 0 && outcome.status != 124, "\(ranks ?? 1) ranks, \(target): \(outcome.errors)")
            #expect(step("killed") >= target && records("killed").last?.kind != "final")
        }
        let resumed = try commands.run(flags("killed") + ["--resume"], ranks: 2)
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try story("killed") == expected)
    }

    @Test("a second run in a folder is refused and told which run owns it, and the first goes on")
    func twice() throws {
        let other = try Commands()
        var second: Outcome?
        // The first run is stopped meanwhile: however fast it is, it cannot end before the second one looks.
        let first = try commands.run(
            flags("run"), signal: SIGSTOP, secondSignal: SIGCONT, killedWhen: { step("run") >= 70 },
            betweenSignals: { second = try other.run(try flags("\(commands.folder)/run") + ["--resume"]) })
        #expect(first.status == 0, "\(first.errors)")
        let refused = try #require(second)
        #expect(refused.status == 1)
        #expect(refused.complaints.count == 1 && refused.errors.contains("is in use by another run (process "))
    }
}
