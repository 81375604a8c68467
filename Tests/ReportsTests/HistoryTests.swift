import Foundation
import Runs
import Testing

@testable import Reports

@Suite struct HistoryTests {
    @Test("a run's folder tells curves, evaluations, norms, time, events and its end")
    func everything() throws {
        let run = try MadeRun()
        try run.fill()
        let history = try run.history()
        #expect(history.training.steps == Array(1...30))
        let losses = (1...30).map { step -> Double in 2 / Double(step) }
        #expect(history.training.loss == losses)
        #expect(history.training.learningRate.allSatisfy { $0 == 0.1 })
        #expect(history.training.imagesPerSecond[6] == 1000)
        #expect(history.training.waitedForImages[0] == 0.25)
        #expect(history.training.seconds.last == 30)
        #expect(history.evaluations.map(\.step) == [10, 20, 30])
        #expect(history.best?.epoch == 3)
        #expect(history.norms.map(\.step) == [10, 20, 30])
        #expect(history.norms[1].groups.map(\.name) == ["features.0", "features.3", "classifier"])
        #expect(history.norms[1].groups[2].weights == 3)
        #expect(history.time?.split.total == 100)
        #expect(history.time?.peakMemory == 1 << 20)
        #expect(history.state == .finished)
        #expect(history.parametersSHA256 == "0af3")
        #expect(history.events.map(\.step) == [12, nil])
        #expect(history.events[0].words == "the loss is not finite, first on rank 1: the step was skipped")
        #expect(history.badSamples.map(\.path) == ["a.jpg"])
        #expect(history.detail?.classAccuracy[1] == nil)
        #expect(history.facts?.machine.processor == "EPYC")
        #expect(history.setting("model") == "lenet")
        #expect(history.notes.isEmpty)
    }

    @Test("an event of a supervisor stands at the step that was saved, when the job began as when it ended")
    func supervisor() throws {
        let run = try MadeRun()
        try run.fill()
        try FileManager.default.removeItem(atPath: run.folder.events)
        var (start, failure) = (SupervisorEvent(.start), SupervisorEvent(.failure))
        (start.fromStep, failure.step) = (7, 9)
        let log = try SupervisorLog(folder: run.folder)
        for event in [start, failure] { try log.append(event) }
        #expect(try run.history().events.map(\.step) == [12, 7, 9])
    }

    @Test("a torn last line says nothing, and a damaged one inside is counted")
    func tornLines() throws {
        let run = try MadeRun()
        let (first, second) = (MadeRun.train(1, loss: 2), MadeRun.train(2, loss: 1))
        for end in 1..<second.utf8.count {
            try run.write(first + "\n" + second.prefix(end), to: "metrics.jsonl")
            let history = try run.history()
            #expect(history.training.steps == [1], "\(second.prefix(end))")
            #expect(history.notes.isEmpty)
        }
        try run.write(first + "\nnothing\n{\"kind\": \"train\"}\n" + second + "\n", to: "metrics.jsonl")
        let history = try run.history()
        #expect(history.training.steps == [1, 2])
        #expect(history.notes == ["metrics.jsonl: 2 lines are damaged and left out"])
    }

    @Test("a loss that was not finite is a gap")
    func gap() throws {
        let run = try MadeRun()
        try run.write(MadeRun.train(1, loss: .nan) + "\n" + MadeRun.train(2, loss: 1) + "\n", to: "metrics.jsonl")
        let history = try run.history()
        #expect(history.training.loss[0].isNaN)
        #expect(history.training.loss[1] == 1)
    }

    @Test("what a run went back behind counts no longer")
    func rewound() throws {
        let run = try MadeRun()
        let lines = [
            MadeRun.train(1, loss: 4), MadeRun.train(2, loss: 3), MadeRun.train(3, loss: 9),
            "{\"kind\": \"rewound\", \"back_to\": 1, \"step\": 3, \"rank\": 0, \"reason\": \"the loss is infinite\"}",
            MadeRun.train(2, loss: 2),
        ]
        try run.write(lines.joined(separator: "\n") + "\n", to: "metrics.jsonl")
        let history = try run.history()
        #expect(history.training.steps == [1, 2])
        #expect(history.training.loss == [4, 2])
        #expect(history.events.count == 1)
    }

    @Test("files that cannot be read are named, and the rest is told")
    func damagedFiles() throws {
        let run = try MadeRun()
        try run.fill()
        for file in ["evaluation.json", "facts.json"] { try run.write("{\"epoch\": 3", to: file) }
        try run.write("model: [", to: "config.yaml")
        let history = try run.history()
        #expect(history.detail == nil)
        #expect(history.evaluations.count == 3)
        #expect(history.notes.count == 3)
        #expect(try run.page().contains("evaluation.json is left out"))
    }

    @Test("a folder without a run is refused by name")
    func noRun() throws {
        let run = try MadeRun()
        #expect(throws: ReportError.noRun(path: run.path)) { try run.history() }
    }

    @Test(
        "numbers are those that Foundation reads from the same line",
        arguments: [0.1 + 0.2, 1.0 / 3, 2.5e-8, 12345678.25, 7])
    func numbers(loss: Double) throws {
        let run = try MadeRun()
        try run.write(MadeRun.train(1, loss: loss) + "\n", to: "metrics.jsonl")
        #expect(try run.history().training.loss == [loss])
    }
}
