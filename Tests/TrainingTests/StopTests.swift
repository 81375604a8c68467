import Checkpoints
import Foundation
import Recipes
import Synchronization
import Testing

@testable import Training

/// Runs that end before their last step, or when their time is over.
@Suite(.serialized, .withOurKernels)
struct StopTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    private func recipe(_ change: (inout RecipeOverrides) -> Void) throws -> Recipe {
        try Recipe.resolve(flags: run.flags("unused", change))
    }

    // MARK: Evaluations

    @Test("patience counts evaluations since the best, of which an equal one is none")
    func patience() throws {
        var rule = StopRule(try recipe { $0.patience = 2 })
        let reasons = [0.5, 0.4, 0.6, 0.6, 0.5].map { accuracy in
            rule.add(accuracy)
            return rule.reason
        }
        #expect(reasons == [nil, nil, nil, nil, .patience])
        #expect(rule.best == 0.6 && rule.evaluationsSinceBest == 2)
        var patient = StopRule(try recipe { _ in })
        for _ in 0..<100 { patient.add(0.1) }
        #expect(patient.reason == nil)
    }

    @Test("an accuracy that is asked for is reached when it is equalled")
    func accuracy() throws {
        var rule = StopRule(try recipe { $0.stopAtAccuracy = 0.5 })
        rule.add(0.49)
        #expect(rule.reason == nil)
        rule.add(0.5)
        #expect(rule.reason == .accuracy)
    }

    /// Nothing is learned, so that no evaluation is better than the first.
    private func stuck(_ flags: inout RecipeOverrides) {
        flags.learningRate = 1e-30
        flags.epochs = 9
        flags.patience = 2
        flags.checkpointEvery = [.epochs(100)]
        flags.keepLast = 40
    }

    private func stuckAndSaved(_ flags: inout RecipeOverrides) {
        stuck(&flags)
        flags.checkpointEvery = [.steps(1)]
    }

    @Test("a run that evaluates every other epoch evaluates its end too, and learns the same, resumed or not")
    func evaluatingNow() throws {
        func rare(_ flags: inout RecipeOverrides) {
            flags.epochs = 5
            flags.evaluateEvery = 2
            flags.checkpointEvery = [.epochs(1)]
            flags.keepLast = 40
        }
        let outcome = try run.train(run.flags("rare", rare))
        let often = try run.train(run.flags("often") { flags in flags.epochs = 5 })
        #expect(outcome.parametersSHA256 == often.parametersSHA256)
        let story = try run.story("rare")
        #expect(story.filter { $0.contains("\"kind\": \"evaluation\"") }.count == 3)
        // An epoch that is not evaluated is saved nevertheless.
        #expect(try run.steps("rare") == (1...5).map { $0 * outcome.step / 5 })
    }

    @Test("a run without progress ends when patience does, on any number of ranks, and saves its state")
    func impatient() throws {
        let outcome = try run.train(run.flags("one", stuck))
        // The first evaluation is the best; two more of three steps each.
        #expect(outcome.step == 9)
        #expect(try run.steps("one").last == 9)
        let story = try run.story("one")
        #expect(story.last?.contains("\"stopped_by\": \"patience\"") == true)
        #expect(try run.train(ranks: 2, run.flags("two", stuck)).parametersSHA256 == outcome.parametersSHA256)
        #expect(try run.story("two") == story)
    }

    @Test("a run that goes on has the patience that is left", arguments: [2, 3, 7])
    func resumed(stop: Int) throws {
        try run.train(run.flags("whole", stuck))
        try run.train(run.flags("broken", stuckAndSaved))
        try run.forget("broken", after: stop)
        let outcome = try run.train(
            ranks: 2,
            run.flags("broken") { flags in
                stuck(&flags)
                flags.resume = .auto
            })
        #expect(outcome.step == 9)
        #expect(try run.story("broken") == run.story("whole"))
    }

    @Test("a run that has stopped is over when it is resumed, and goes on with more patience")
    func again() throws {
        try run.train(run.flags("run", stuck))
        let story = try run.story("run")
        func resume(patience: Int) throws -> Int {
            try run.train(
                run.flags("run") { flags in
                    stuck(&flags)
                    flags.patience = patience
                    flags.resume = .auto
                }
            ).step
        }
        #expect(try resume(patience: 2) == 9)
        #expect(try run.story("run") == story)
        #expect(try resume(patience: 4) == 15)
    }

    @Test("a run ends at the accuracy that is asked for, and says so")
    func enough() throws {
        func asked(_ flags: inout RecipeOverrides) { flags.stopAtAccuracy = 1e-9 }
        let outcome = try run.train(run.flags("plain"))
        let first = try run.train(
            run.flags("asked") { flags in
                asked(&flags)
                flags.learningRate = 1e-30
            })
        #expect(outcome.step == 9)
        // Where no test sample at all is right, nothing is reached.
        #expect(first.evaluation.correct > 0 ? first.step == 3 : first.step == 9)
        if first.evaluation.correct > 0 {
            #expect(try run.story("asked").last?.contains("\"stopped_by\": \"accuracy\"") == true)
        }
        #expect(try run.story("plain").last?.contains("stopped_by") == false)
    }

    // MARK: Time

    @Test("the steps that fit are counted from what steps and evaluations take")
    func budget() {
        let budget = TimeBudget(seconds: 100)
        func steps(_ step: Int, _ elapsed: Double, _ perStep: Double, _ evaluation: Double, epoch: Int = 1000) -> Int {
            budget.totalSteps(
                after: step, elapsed: elapsed,
                pace: TimeBudget.Pace(steps: 10, seconds: 10 * perStep, evaluationSeconds: evaluation),
                stepsPerEvaluation: epoch)
        }
        // 98 seconds count.
        #expect(steps(10, 10, 1, 0) == 98)
        // One evaluation at the end.
        #expect(steps(10, 10, 1, 8) == 90)
        // One after each 10 steps: 8 epochs of 11 seconds are 88, and none of the next.
        #expect(steps(10, 10, 1, 1, epoch: 10) == 90)
        #expect(steps(10, 10, 0.5, 0) == 186)
        // Nothing is left.
        #expect(steps(10, 98, 1, 0) == 10)
        #expect(steps(0, 200, 1, 0) == 1)
        #expect(!budget.isDue(afterSeconds: 2.9, timedSteps: 100))
        #expect(budget.isDue(afterSeconds: 3, timedSteps: 3))
        #expect(!budget.isDue(afterSeconds: 40, timedSteps: 2))
        #expect(budget.isDue(afterSeconds: 60, timedSteps: 1))
    }

    /// A clock by which each step takes a second.
    private final class StepClock: Sendable {
        private let seconds: Mutex<Double>
        init(at start: Double = 0) { seconds = Mutex(start) }

        var hooks: TrainerHooks {
            var hooks = TrainerHooks()
            hooks.clock = { self.seconds.withLock { $0 } }
            hooks.batch = { rank, step, batch in
                if rank == 0 { self.seconds.withLock { $0 += 1 } }
                return batch
            }
            return hooks
        }
    }

    private func timed(_ flags: inout RecipeOverrides) {
        flags.epochs = nil
        flags.time = 30
        flags.learningRate = 0.1
        flags.checkpointEvery = [.steps(5)]
        flags.keepLast = 40
    }

    @Test("a run lasts as many steps as fit into its time, over which the learning rate falls", arguments: [1, 2])
    func time(ranks: Int) throws {
        let outcome = try run.train(ranks: ranks, run.flags("run", timed), hooks: StepClock().hooks)
        // 0.98 x 30 seconds.
        #expect(outcome.step == 29)
        let story = try run.story("run")
        #expect(story.contains { $0.contains("\"kind\": \"fitted\"") && $0.contains("\"total_steps\": 29") })
        #expect(story.last?.contains("\"stopped_by\": \"time\"") == true)
        struct Line: Decodable { let kind: String, step: Int, lr: Double? }
        let lines = try String(contentsOfFile: run.path("run") + "/metrics.jsonl", encoding: .utf8).split(
            separator: "\n")
        let rates = try lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
            .filter { $0.kind == "train" }.compactMap(\.lr)
        #expect(rates.count == 29 && rates[0] == 0.1)
        #expect(try #require(rates.last) < 0.001)
    }

    @Test("a run that goes on keeps the number of steps that it was fitted to, and the bits", arguments: [5, 20])
    func timeResumed(stop: Int) throws {
        let whole = try run.train(run.flags("whole", timed), hooks: StepClock().hooks)
        try run.train(run.flags("broken", timed), hooks: StepClock().hooks)
        try run.forget("broken", after: stop)
        // The time that has passed meanwhile does not matter.
        let outcome = try run.train(
            ranks: 2,
            run.flags("broken") { flags in
                timed(&flags)
                flags.resume = .auto
            }, hooks: StepClock(at: 1000).hooks)
        #expect(outcome.parametersSHA256 == whole.parametersSHA256)
        #expect(try run.story("broken") == run.story("whole"))
        // A checkpoint alone says it too.
        let about = try run.checkpoint("whole", step: 20).about(path: "a")
        #expect(about.metrics["fitted_steps"] == 29)
    }

    @Test("another time makes another number of steps of a run that goes on")
    func moreTime() throws {
        try run.train(run.flags("run", timed), hooks: StepClock().hooks)
        try run.forget("run", after: 10)
        let outcome = try run.train(
            run.flags("run") { flags in
                timed(&flags)
                flags.time = 60
                flags.resume = .auto
            }, hooks: StepClock().hooks)
        // 10 steps that are there, and as many as fit into 0.98 x 60 seconds.
        #expect(outcome.step == 68)
    }

    // MARK: Averages

    @Test("averages keep what they are asked to keep, less at first with a warm-up, and only every so many steps")
    func averages() throws {
        func shares(_ change: (inout RecipeOverrides) -> Void) throws -> [Float?] {
            let rule = try #require(AverageRule(try recipe(change)))
            return [1, 2, 3, 4, 20, 81, 1000].map { rule.share(ofStep: $0) }
        }
        func floats(_ numbers: [Double?]) -> [Float?] { numbers.map { $0.map { Float($0) } } }
        #expect(try shares { $0.averageWeights = 0.9 } == floats(Array(repeating: 0.9, count: 7)))
        #expect(
            try shares { flags in
                flags.averageWeights = 0.9
                flags.averageWarmup = true
            } == floats([2.0 / 11, 3.0 / 12, 4.0 / 13, 5.0 / 14, 21.0 / 30, 0.9, 0.9]))
        #expect(
            try shares { flags in
                flags.averageWeights = 0.9
                flags.averageWarmup = true
                flags.averageEvery = 2
            } == floats([nil, 2.0 / 11, nil, 3.0 / 12, 11.0 / 20, nil, 0.9]))
        #expect(try AverageRule(recipe { _ in }) == nil)
    }

    @Test("averages with a warm-up are those of one that never stopped, on any number of ranks")
    func averagesResumed() throws {
        func keep(_ flags: inout RecipeOverrides) {
            flags.averageWeights = 0.99
            flags.averageWarmup = true
            flags.averageEvery = 2
            flags.checkpointEvery = [.steps(1)]
            flags.keepLast = 20
        }
        try run.train(run.flags("whole", keep))
        try run.train(ranks: 2, run.flags("broken", keep))
        try run.forget("broken", after: 5)
        try run.train(
            ranks: 4,
            run.flags("broken") { flags in
                keep(&flags)
                flags.resume = .auto
            })
        let (one, other) = (try run.checkpoint("whole", step: 9), try run.checkpoint("broken", step: 9))
        #expect(one.averaged == other.averaged && !one.averaged.isEmpty)
        #expect(try run.story("broken") == run.story("whole"))
        // Every second step: the averages of step 9 are those of step 8.
        #expect(try run.checkpoint("whole", step: 8).averaged == one.averaged)
        // By the formula, from the parameters of the steps.
        let begun = try run.checkpoint("whole", step: 2)
        let after = try run.checkpoint("whole", step: 4)
        for (index, tensor) in after.averaged.enumerated() {
            let before = try #require(begun.averaged[index].floats)
            let value = try #require(after.tensors[index].floats)
            let share = Float(3.0 / 12)
            #expect(tensor.floats == zip(before, value).map { $0 + (1 - share) * ($1 - $0) })
        }
    }
}
