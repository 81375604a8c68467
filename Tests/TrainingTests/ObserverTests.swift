import Foundation
import Recipes
import Runs
import Synchronization
import Tensors
import Testing

@testable import Training

/// An observer that remembers what it was told.
final class RememberingObserver: RunObserver {
    struct Memory {
        var lines: [String] = []
        var details: [EvaluationDetail] = []
        var weights: [[WeightHistogram]] = []
        var ends = 0
    }

    private let memory = Mutex(Memory())
    /// The events that it has been told of so far.
    var told: Memory { memory.withLock { $0 } }

    func didRecord(_ line: String) { memory.withLock { $0.lines.append(line) } }

    func didEvaluate(_ detail: EvaluationDetail, weights: [WeightHistogram]) {
        memory.withLock { memory in
            memory.details.append(detail)
            memory.weights.append(weights)
        }
    }

    func didEnd() { memory.withLock { $0.ends += 1 } }
}

@Suite("Observers of a run", .serialized, .withOurKernels)
struct ObserverTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    @Test("observers are told every line of the metrics in its order, and the end once", arguments: [1, 2])
    func lines(ranks: Int) throws {
        let observer = RememberingObserver()
        try run.train(ranks: ranks, run.flags("run"), observers: { _ in [observer] })
        let metrics = try String(contentsOfFile: run.path("run") + "/metrics.jsonl", encoding: .utf8)
        #expect(observer.told.lines == metrics.split(separator: "\n").map(String.init))
        #expect(observer.told.ends == 1)
    }

    @Test("observers know where the run is, how long it is, and where it goes on")
    func knowledge() throws {
        let runs = Mutex<[ObservedRun]>([])
        let observers: RunObservers = { run in
            runs.withLock { $0.append(run) }
            return []
        }
        try run.train(run.flags("run") { $0.checkpointEvery = [.steps(4)] }, observers: observers)
        try run.forget("run", after: 4)
        try run.train(run.flags("run") { $0.resume = .auto }, observers: observers)
        let (first, second) = runs.withLock { ($0[0], $0[1]) }
        #expect(first.folder.path == run.path("run") && first.resumedStep == 0 && first.totalSteps == 9)
        #expect(first.stepsPerEpoch == 3 && first.ranks == 1 && first.classes.count == 10)
        #expect(second.resumedStep == 4)
    }

    @Test("a run whose observers cannot be made ends on all ranks, with their words")
    func refused() throws {
        struct PortTaken: Error, CustomStringConvertible { let description = "port 8080 is taken" }
        #expect(throws: (any Error).self) {
            try run.train(ranks: 2, run.flags("run"), observers: { _ in throw PortTaken() })
        }
    }

    @Test("an observer is told the end of a run that is asked to leave")
    func left() throws {
        let observer = RememberingObserver()
        var hooks = TrainerHooks()
        hooks.isStopAsked = { _, step in step == 1 }
        #expect(throws: RunStopped.self) {
            try run.train(run.flags("run"), hooks: hooks, observers: { _ in [observer] })
        }
        #expect(observer.told.ends == 1 && observer.told.lines.last?.contains("\"kind\": \"time\"") == true)
    }
}

@Suite("The audience of a run")
struct AudienceTests {
    @Test("an evaluation that another has overtaken is told nobody, and the newest is")
    func overtaken() throws {
        let observer = RememberingObserver()
        let audience = try RunAudience([observer])
        let isReleased = DispatchSemaphore(value: 0)
        func detail(_ epoch: Int) -> RunAudience.Details {
            { (EvaluationDetail(epoch: epoch, step: 0, samples: 1, loss: 0, accuracy: 1, classes: []), []) }
        }
        let hasBegun = DispatchSemaphore(value: 0)
        audience.tell(evaluation: {
            hasBegun.signal()
            isReleased.wait()
            return nil
        })
        hasBegun.wait()
        for epoch in 1...3 { audience.tell(evaluation: detail(epoch)) }
        isReleased.signal()
        audience.end()
        #expect(observer.told.details.map(\.epoch) == [3])
        #expect(observer.told.ends == 1)
    }

    @Test("an evaluation soon after one that took long to show is shown at the run's end, or not where another follows")
    func paused() throws {
        let observer = RememberingObserver()
        let audience = try RunAudience([observer])
        func tell(_ epoch: Int, processorTime: Double = 0) {
            audience.tell(evaluation: {
                work(processorTime)
                return (EvaluationDetail(epoch: epoch, step: 0, samples: 1, loss: 0, accuracy: 1, classes: []), [])
            })
        }
        // A pause of forty seconds follows.
        tell(1, processorTime: 0.1)
        while observer.told.details.isEmpty { Thread.sleep(forTimeInterval: 0.01) }
        tell(2)
        audience.tell("a line")
        while observer.told.lines.isEmpty { Thread.sleep(forTimeInterval: 0.01) }
        tell(3)
        audience.end()
        #expect(observer.told.details.map(\.epoch) == [1, 3])
    }

    @Test("a pause is that for the processor time that showing an evaluation took, not for the time that it waited")
    func pause() throws {
        func pause(after show: @escaping @Sendable () -> Void) throws -> Double {
            let audience = try RunAudience([RememberingObserver()])
            audience.tell(evaluation: {
                show()
                return (EvaluationDetail(epoch: 1, step: 0, samples: 1, loss: 0, accuracy: 1, classes: []), [])
            })
            audience.end()
            return audience.pause
        }
        let (working, waiting) = try (pause { work(0.1) }, pause { Thread.sleep(forTimeInterval: 0.1) })
        #expect(working >= 40 && waiting < 40)
    }

    /// Takes processor time, in seconds.
    private func work(_ processorTime: Double) {
        let end = processorSeconds() + processorTime
        while processorSeconds() < end {}
    }
}
