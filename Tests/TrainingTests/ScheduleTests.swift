import Recipes
import Testing

@testable import Training

@Suite struct ScheduleTests {
    private func schedule(
        _ decay: LearningRateSchedule.Decay, warmup: Double = 0, stepsPerEpoch: Int = 10, totalSteps: Int = 100
    ) -> LearningRateSchedule {
        LearningRateSchedule(
            peak: 0.5, decay: decay, warmupEpochs: warmup, stepsPerEpoch: stepsPerEpoch, totalSteps: totalSteps)
    }

    @Test("a constant schedule is constant")
    func constant() {
        for step in [0, 1, 50, 99] { #expect(schedule(.constant).learningRate(step: step) == 0.5) }
    }

    @Test("warm-up climbs in equal parts from the first step and reaches the peak with its last")
    func warmup() {
        let schedule = schedule(.constant, warmup: 0.4)
        #expect((0..<6).map { schedule.learningRate(step: $0) } == [0.125, 0.25, 0.375, 0.5, 0.5, 0.5])
    }

    @Test("a warm-up longer than the run ends with the run")
    func longWarmup() {
        let schedule = schedule(.cosine, warmup: 3, totalSteps: 5)
        #expect((0..<5).map { schedule.learningRate(step: $0) } == [0.1, 0.2, 0.3, 0.4, 0.5])
    }

    @Test("the cosine begins at the peak, is half of it half-way, and comes near 0 at the end")
    func cosine() {
        let schedule = schedule(.cosine)
        #expect(schedule.learningRate(step: 0) == 0.5)
        // cos(pi / 2) in double precision is within 1e-16 of 0, far below half a unit of a Float near 0.25.
        #expect(schedule.learningRate(step: 50) == 0.25)
        // 0.5 * 0.5 * (1 + cos(0.99 pi))
        #expect((schedule.learningRate(step: 99) - 0.000123359898).magnitude < 1e-10)
        #expect(schedule.learningRate(step: 100) == 0)
        #expect(schedule.learningRate(step: 1000) == 0)
    }

    @Test("after a warm-up the cosine spans the steps that are left")
    func warmCosine() {
        let schedule = schedule(.cosine, warmup: 2)
        #expect(schedule.learningRate(step: 19) == 0.5)
        #expect(schedule.learningRate(step: 20) == 0.5)
        #expect(schedule.learningRate(step: 60) == 0.25)
    }

    @Test("the cosine never rises after the warm-up", arguments: [1, 2, 7, 313])
    func monotonous(totalSteps: Int) {
        let schedule = schedule(.cosine, warmup: 0.5, totalSteps: totalSteps)
        let rates = (5..<max(totalSteps, 6)).map { schedule.learningRate(step: $0) }
        #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 >= $1 })
        #expect(rates.allSatisfy { $0 >= 0 })
    }

    @Test("the staircase drops after every so many epochs, counted in steps")
    func staircase() {
        let schedule = schedule(.step(epochs: 3, factor: 0.5))
        let rates = [0, 29, 30, 59, 60, 90].map { schedule.learningRate(step: $0) }
        #expect(rates == [0.5, 0.5, 0.25, 0.25, 0.125, 0.0625])
    }

    @Test("a recipe's schedule is this one")
    func recipe() throws {
        var flags = RecipeOverrides()
        flags.model = "lenet"
        flags.learningRate = 0.5
        flags.schedule = .step
        flags.stepEpochs = 3
        flags.stepFactor = 0.25
        flags.warmupEpochs = 1.5
        let made = LearningRateSchedule(try Recipe.resolve(flags: flags), stepsPerEpoch: 10, totalSteps: 100)
        #expect(made == schedule(.step(epochs: 3, factor: 0.25), warmup: 1.5))
    }
}

@Suite struct RunSizesTests {
    @Test("the last batch of an epoch has what is left, and counts as a step")
    func shortBatch() {
        let sizes = RunSizes(trainingSamples: 10, testSamples: 3, batchSize: 4, duration: .epochs(2))
        #expect(sizes.stepsPerEpoch == 3)
        #expect(sizes.totalSteps == 6)
        #expect((0...6).map { sizes.samples(after: $0) } == [0, 4, 8, 10, 14, 18, 20])
        #expect((0...6).map { sizes.epoch(after: $0) } == [0, 0, 0, 1, 1, 1, 2])
        #expect((0...6).map { sizes.epochNumber(ofStep: $0) } == [1, 1, 1, 1, 2, 2, 2])
        #expect((0...6).map { sizes.stepInEpoch(after: $0) } == [0, 1, 2, 0, 1, 2, 0])
    }

    @Test("steps end a run in the middle of an epoch")
    func steps() {
        let sizes = RunSizes(trainingSamples: 10, testSamples: 3, batchSize: 4, duration: .steps(4))
        #expect(sizes.totalSteps == 4)
        #expect(sizes.samples(after: 4) == 14)
    }

    @Test("a batch larger than the data is all of it")
    func largeBatch() {
        let sizes = RunSizes(trainingSamples: 10, testSamples: 3, batchSize: 64, duration: .epochs(3))
        #expect(sizes.totalSteps == 3)
        #expect(sizes.samples(after: 3) == 30)
    }
}
