import CommandSupport
import Foundation
import TestSupport
import Testing

/// Runs under mpirun that die without a checkpoint and go on from the memory of their host.
///
/// Faults are ordered by a variable that debug builds alone look at.
@Suite("A run with snapshots", .serialized, .withOurKernels)
struct SnapshotTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    private func flags(_ output: String, samples: Int = 40) throws -> [String] {
        [
            "--model", "lenet", "--data", try commands.tinyData(train: samples), "--batch-size", "16", "--lr", "0.1",
            "--threads", "1", "--log-every", "2", "--epochs", "3", "--checkpoint-every", "1000epochs", "--output",
            output,
        ]
    }

    private var snapshots: [String] { ["--snapshot-every", "1", "--resume"] }

    /// The lines that a finished run reported, but for speeds.
    private func story(_ output: String) throws -> [String] {
        let lines = try reportedLines("\(commands.folder)/\(output)/metrics.jsonl")
        #expect(lines.contains { $0.contains("\"kind\": \"final\"") })
        return lines
    }

    /// The story of a run that nothing happens to.
    private static let calm = Result {
        let tests = try SnapshotTests()
        let outcome = try tests.commands.run(tests.flags("calm"))
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try tests.story("calm")
    }

    /// The file that a run has in this host's memory.
    private func file(_ output: String) throws -> String {
        let identity = try String(contentsOfFile: "\(commands.folder)/\(output)/run.id", encoding: .utf8)
        return "/dev/shm/cnn-train-" + identity.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test(
        "a run with snapshots goes on after the step in which a rank was killed, wherever in it that was",
        arguments: [
            ("compute:1:4", 4), ("snapshot:0:5", 4), ("report:0:6", 6), ("loading:1:7", 7), ("evaluation:0:6", 6),
            ("compute:0:0", 0),
        ])
    func killed(place: String, step: Int) throws {
        let dead = try commands.run(
            flags("dead") + snapshots, ranks: 2, environment: ["CNN_TRAIN_FAULT": "kill:" + place])
        #expect(dead.status != 0, "\(dead.errors)")
        let file = try file("dead")
        #expect(FileManager.default.fileExists(atPath: file))
        let resumed = try commands.run(flags("dead") + snapshots, ranks: 4)
        #expect(resumed.status == 0 && resumed.complaints == [], "\(resumed.errors)")
        let host = ProcessInfo.processInfo.hostName
        #expect(
            resumed.output.contains("going on after step \(step), from the memory of host \(host) (rank 0)")
                == (step > 0), "\(resumed.output)")
        #expect(try story("dead") == Self.calm.get())
        #expect(!FileManager.default.fileExists(atPath: file))
    }

    /// The step that was told last. Asked all the time, so nothing else is read.
    private func step(_ output: String) -> Int {
        struct Record: Decodable { let step: Int }
        let path = "\(commands.folder)/\(output)/metrics.jsonl"
        guard let line = FileManager.default.contents(atPath: path)?.split(separator: UInt8(ascii: "\n")).last,
            let record = try? JSONDecoder().decode(Record.self, from: Data(line))
        else { return 0 }
        return record.step
    }

    @Test("a run killed at any moments, with snapshots and no checkpoint, ends with the bits of one that never was")
    func killedAtRandom() throws {
        let calm = try commands.run(flags("calm", samples: 3200))
        #expect(calm.status == 0, "\(calm.errors)")
        for (ranks, rank, target) in [(4, 2, 40), (2, 0, 110), (4, 1, 190), (2, 1, 300)] {
            let outcome = try commands.run(
                flags("dead", samples: 3200) + snapshots, ranks: ranks, toRank: rank,
                killedWhen: { step("dead") >= target })
            #expect(outcome.status != 0 && outcome.status != 124, "\(outcome.errors)")
            #expect((target..<600).contains(step("dead")))
        }
        let resumed = try commands.run(flags("dead", samples: 3200) + snapshots, ranks: 2)
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(resumed.output.contains("from the memory of host"))
        #expect(try story("dead") == story("calm"))
    }

    @Test("a run that is asked to leave saves its state and leaves no snapshot")
    func left() throws {
        let outcome = try commands.run(
            flags("left", samples: 3200) + ["--snapshot-every", "1"], ranks: 2, signal: SIGUSR1,
            killedWhen: { step("left") >= 30 })
        #expect(outcome.status == 75, "\(outcome.errors)")
        #expect(try !FileManager.default.fileExists(atPath: file("left")))
    }

    /// Whether this process may mount a file system in a name space of its own.
    private static let mayMount =
        (try? Commands().run(script: "unshare -m mount -t tmpfs tmpfs /mnt").status) == 0

    @Test(
        "a run whose host has too little memory for snapshots says so once, and goes on without",
        .enabled(if: mayMount, "only who may mount can try"))
    func noRoom() throws {
        let script = """
            mount -t tmpfs -o size=200k tmpfs /dev/shm
            exec "$BINARY" \(try (flags("small") + snapshots).map { "'\($0)'" }.joined(separator: " "))
            """
        let outcome = try commands.run(script: "unshare -m sh -c '\(script.replacing("'", with: "'\\''"))'")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.complaints.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains("/dev/shm has 204800 bytes left for snapshots, which need"))
        #expect(try story("small") == Self.calm.get())
    }
}
