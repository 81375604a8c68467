import CommandSupport
import Foundation
import Testing

/// Runs in which one rank fails: the run ends on all ranks and reports why. A run that did not end would be stopped by
/// `Commands` and have status 124.
///
/// Faults are injected by a variable that only debug builds read.
@Suite("Faults of a rank", .serialized)
struct FaultTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    /// Runs three steps an epoch; `fault` is KIND:PLACE:RANK:STEP.
    private func run(_ fault: String, ranks: Int = 2, _ more: String...) throws -> Outcome {
        try commands.run(
            [
                "--model", "lenet", "--data", try commands.tinyData(), "--batch-size", "16", "--epochs", "3",
                "--threads",
                "1", "--output", "run",
            ] + more, ranks: ranks, environment: ["CNN_TRAIN_FAULT": fault])
    }

    @Test("a killed rank ends the job", arguments: ["compute", "collective", "evaluation"])
    func killed(place: String) throws {
        let outcome = try run("kill:\(place):1:3", ranks: 3)
        #expect(outcome.status == 128 + SIGKILL)
        #expect(outcome.errors.contains("rank 1"))
        #expect(outcome.complaints == [])
    }

    private struct Flight: Decodable {
        struct Collective: Decodable {
            let line: String
            let sequence: Int
            let operation: String
            let seconds: Double?
        }
        let rank: Int
        let phase: String
        let collectives: [Collective]
    }

    private func flight(of rank: Int) throws -> Flight {
        let path = "\(commands.folder)/run/flight-recorder.rank-\(rank).json"
        return try JSONDecoder().decode(Flight.self, from: Data(contentsOf: URL(filePath: path)))
    }

    @Test(
        "a stopped rank ends the job when the others have waited for the timeout, and is named",
        arguments: ["compute", "collective"])
    func stopped(place: String) throws {
        let outcome = try run("stop:\(place):1:4", ranks: 3, "--collective-timeout", "2")
        #expect(outcome.status == 76, "\(outcome.errors)")
        let complaint = try #require(outcome.complaints.first)
        #expect(complaint.hasPrefix("rank 0/3: waited more than 2 s in the sum"))
        #expect(complaint.contains("rank 1/3 does not answer"))
        #expect(!complaint.contains("rank 2/3"))
        #expect(outcome.complaints.count == 1, "\(outcome.complaints)")
        for rank in [0, 2] {
            let flight = try flight(of: rank)
            #expect(flight.rank == rank && !flight.collectives.isEmpty && flight.collectives.count <= 64)
            #expect(flight.collectives.last?.seconds == nil && flight.collectives.first?.seconds != nil)
        }
    }

    @Test("a stopped rank is noticed within a second after a timeout of one second")
    func noticed() throws {
        var stopTime: Date?
        let outcome = try commands.run(
            [
                "--model", "lenet", "--data", try commands.tinyData(train: 3200), "--batch-size", "16", "--epochs",
                "12", "--threads", "1", "--output", "run", "--collective-timeout", "1",
            ], ranks: 3, signal: SIGSTOP, toRank: 1,
            killedWhen: {
                let text = try? String(contentsOfFile: "\(commands.folder)/run/metrics.jsonl", encoding: .utf8)
                guard text?.contains("\"step\": 50,") ?? false else { return false }
                stopTime = stopTime ?? Date()
                return true
            })
        #expect(outcome.status == 76, "\(outcome.errors)")
        #expect(outcome.complaints.count == 1 && outcome.errors.contains("rank 1/3 does not answer"))
        let stopped = try #require(stopTime)
        // The file is written right before the job is ended.
        let attributes = try FileManager.default.attributesOfItem(
            atPath: "\(commands.folder)/run/flight-recorder.rank-0.json")
        let written = try #require(attributes[.modificationDate] as? Date)
        #expect(written.timeIntervalSince(stopped) < 2)
    }

    @Test(
        "a rank that takes four seconds in a phase that may take long goes on, despite a timeout of one second",
        arguments: ["evaluation:1:3", "checkpoint:0:3", "report:0:1", "compute:1:0", "loading:0:0"])
    func longPhase(place: String) throws {
        let outcome = try run("pause:\(place)", ranks: 3, "--collective-timeout", "1")
        #expect(outcome.status == 0 && outcome.complaints == [], "\(outcome.errors)")
    }

    @Test("a rank that takes four seconds for a step ends the job with a timeout of one second")
    func longStep() throws {
        let outcome = try run("pause:compute:1:4", ranks: 3, "--collective-timeout", "1")
        #expect(outcome.status == 76, "\(outcome.errors)")
        #expect(outcome.complaints.count == 1)
        #expect(
            outcome.errors.contains("rank 1/3 has not arrived: it has been in the forward and backward pass of step 5"))
    }

    @Test(
        "a stopped rank is noticed by its heartbeat, whatever others wait for, and is named with its host",
        arguments: [0, 2])
    func heartbeat(victim: Int) throws {
        let outcome = try run("stop:compute:\(victim):4", ranks: 3, "--heartbeat", "2s")
        #expect(outcome.status == 76, "\(outcome.errors)")
        #expect(outcome.complaints.count == 1, "\(outcome.errors)")
        // A rank that stopped before its first beat has no known host.
        let place = "rank \(victim)/3( on \(ProcessInfo.processInfo.hostName))? has not been heard of for 2 s"
        let words = try Regex("^rank \(victim == 0 ? 1 : 0)/3: " + place)
        #expect(outcome.complaints.first?.contains(words) ?? false, "\(outcome.errors)")
    }

    @Test("a job whose ranks were all stopped for a while goes on")
    func allStopped() throws {
        let outcome = try commands.run(
            [
                "--model", "lenet", "--data", try commands.tinyData(train: 3200), "--batch-size", "16", "--epochs",
                "2", "--threads", "1", "--output", "run", "--collective-timeout", "1", "--heartbeat", "2s",
            ], ranks: 3, signal: SIGSTOP, secondSignal: SIGCONT, toRank: Commands.allRanks,
            killedWhen: {
                let text = try? String(contentsOfFile: "\(commands.folder)/run/metrics.jsonl", encoding: .utf8)
                return text?.contains("\"step\": 50,") ?? false
            }, betweenSignals: { Thread.sleep(forTimeInterval: 5) })
        #expect(outcome.status == 0 && outcome.complaints == [], "\(outcome.errors)")
    }

    @Test("a rank that does not arrive is named with its current phase")
    func late() throws {
        let outcome = try run("sleep:loading:0:4", "--collective-timeout", "2")
        #expect(outcome.status == 76, "\(outcome.errors)")
        let complaint = try #require(outcome.complaints.first)
        #expect(complaint.hasPrefix("rank 1/2: waited more than 2 s in the sum"))
        #expect(complaint.contains("rank 0/2 has not arrived: it has been in the data loading of step 5 for"))
        #expect(try flight(of: 0).phase == "data loading of step 5")
        #expect(try flight(of: 1).collectives.last?.seconds == nil)
    }

    @Test("a job with a rank that fails ends with that rank's error")
    func thrown() throws {
        let outcome = try run("throw:loading:1:4", ranks: 3)
        #expect(outcome.status == 1)
        #expect(outcome.complaints == ["rank 1/3: a sample cannot be read, as was ordered"])
    }

    @Test("a rank that computes NaN stops the run before the NaN spreads")
    func notANumber() throws {
        let outcome = try run("nan:compute:1:4")
        #expect(outcome.status == 1)
        #expect(outcome.complaints.count == 1 && outcome.complaints[0].contains("step 5"))
    }

    @Test("a rank with a flipped bit in its parameters is found and named", arguments: [2, 4])
    func flipped(ranks: Int) throws {
        let outcome = try run("flip:update:1:4", ranks: ranks, "--replica-check-every", "2")
        #expect(outcome.status == 70, "\(outcome.errors)")
        #expect(outcome.complaints.count == 1)
        // The first number of the arena belongs to the gradient that the backward pass finishes first.
        #expect(outcome.errors.contains("after step 6") || outcome.errors.contains("after step 5"))
        #expect(outcome.errors.contains("rank 1/\(ranks) differs from rank 0"))
        #expect(outcome.errors.contains("which of them is right cannot be told") == (ranks == 2))
    }
}
