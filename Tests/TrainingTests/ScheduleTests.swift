import Recipes
import Testing

@testable import Training

@Suite struct ScheduleTests {
    private func schedule(
        _ shape: Recipe.Schedule.Shape, warmup: Double = 0, stepsPerEpoch: Int = 10, totalSteps: Int = 100
    ) -> LearningRateSchedule {
        LearningRateSchedule(
            peak: 0.5, shape: shape, warmup: .epochs(warmup), stepsPerEpoch: stepsPerEpoch, totalSteps: totalSteps)
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
        let schedule = schedule(.cosine(final: 0), warmup: 3, totalSteps: 5)
        #expect((0..<5).map { schedule.learningRate(step: $0) } == [0.1, 0.2, 0.3, 0.4, 0.5])
    }

    @Test("the cosine begins at the peak, is half of it half-way, and comes near 0 at the end")
    func cosine() {
        let schedule = schedule(.cosine(final: 0))
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
        let schedule = schedule(.cosine(final: 0), warmup: 2)
        #expect(schedule.learningRate(step: 19) == 0.5)
        #expect(schedule.learningRate(step: 20) == 0.5)
        #expect(schedule.learningRate(step: 60) == 0.25)
    }

    @Test("the cosine never rises after the warm-up", arguments: [1, 2, 7, 313])
    func monotonous(totalSteps: Int) {
        let schedule = schedule(.cosine(final: 0), warmup: 0.5, totalSteps: totalSteps)
        let rates = (5..<max(totalSteps, 6)).map { schedule.learningRate(step: $0) }
        #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 >= $1 })
        #expect(rates.allSatisfy { $0 >= 0 })
    }

    @Test("the staircase drops after every so many epochs, counted in steps")
    func staircase() {
        let schedule = schedule(.step(every: .epochs(3), factor: 0.5))
        let rates = [0, 29, 30, 59, 60, 90].map { schedule.learningRate(step: $0) }
        #expect(rates == [0.5, 0.5, 0.25, 0.25, 0.125, 0.0625])
    }

    /// torch's rates of a peak of 0.5 over 100 steps, 10 an epoch, in float64, at the steps of `places`.
    private static let torchRates: [(shape: Recipe.Schedule.Shape, rates: [Double])] = [
        (
            .multistep(milestones: [.epochs(3), .steps(60)], factor: 0.1),
            [0.5, 0.5, 0.5, 0.5, 0.5, 0.05, 0.05, 0.05, 0.005, 0.005, 0.005, 0.005]
        ),
        (
            .exponential(every: .epochs(1), factor: 0.9),
            [
                0.5, 0.5, 0.5, 0.45, 0.405, 0.3645, 0.32805, 0.295245, 0.2657205, 0.23914845, 0.193710245, 0.193710245,
            ]
        ),
        (
            .polynomial(power: 2, final: 0),
            [0.5, 0.49005, 0.41405, 0.405, 0.25205, 0.245, 0.15125, 0.08405, 0.08, 0.045, 0.0002, 5e-05]
        ),
        (
            .polynomial(power: 1, final: 0.05),
            [0.5, 0.4955, 0.4595, 0.455, 0.3695, 0.365, 0.2975, 0.2345, 0.23, 0.185, 0.059, 0.0545]
        ),
        (
            .cosine(final: 0.01),
            [
                0.5, 0.499879107, 0.490271953, 0.488008846, 0.405162228, 0.399007387, 0.293326444, 0.186647179,
                0.179290836, 0.110992613, 0.0104834515, 0.0101208927,
            ]
        ),
        (
            .restarts(every: .epochs(2), growth: 2, final: 0.01),
            [
                0.5, 0.496983643, 0.293326444, 0.255, 0.441299462, 0.428241161, 0.161242559, 0.0107552532, 0.5,
                0.481350485, 0.274222478, 0.264618655,
            ]
        ),
        (
            .restarts(every: .steps(30), growth: 1, final: 0),
            [
                0.5, 0.498630474, 0.396946313, 0.375, 0.00136952616, 0.5, 0.25, 0.00136952616, 0.5, 0.375, 0.417282652,
                0.396946313,
            ]
        ),
        (
            .oneCycle,
            [
                0.02, 0.0214068903, 0.125315104, 0.147581974, 0.5, 0.499748268, 0.438268113, 0.305631011, 0.294640045,
                0.183492055, 0.000253732358, 2e-06,
            ]
        ),
    ]

    private static let places = [0, 1, 9, 10, 29, 30, 45, 59, 60, 70, 98, 99]

    @Test("every shape of a schedule has torch's rates", arguments: torchRates)
    func torch(shape: Recipe.Schedule.Shape, rates: [Double]) {
        let schedule = schedule(shape)
        for (step, rate) in zip(Self.places, rates) {
            // The table has nine digits, a Float seven.
            let found = Double(schedule.learningRate(step: step))
            #expect((found - rate).magnitude <= 1.2e-7 * rate, "step \(step): \(found) for \(rate)")
        }
    }

    @Test("one cycle rises in the warm-up where there is one")
    func warmCycle() {
        let schedule = schedule(.oneCycle, warmup: 1)
        // torch's pct_start = 0.1.
        for (step, rate) in zip(
            Self.places,
            [
                0.02, 0.034473771, 0.5, 0.499847707, 0.441511345, 0.435786463, 0.32725494, 0.206589129, 0.198023285,
                0.117521714, 0.000154292636, 2e-06,
            ])
        {
            #expect((Double(schedule.learningRate(step: step)) - rate).magnitude <= 1.2e-7 * rate)
        }
    }

    @Test("a warm-up may be counted in steps")
    func warmupSteps() {
        let schedule = LearningRateSchedule(
            peak: 0.5, shape: .constant, warmup: .steps(4), stepsPerEpoch: 10, totalSteps: 100)
        #expect((0..<6).map { schedule.learningRate(step: $0) } == [0.125, 0.25, 0.375, 0.5, 0.5, 0.5])
    }

    @Test("a rate that is meant for another number of images is brought into proportion")
    func scaled() throws {
        var flags = RecipeOverrides()
        (flags.model, flags.learningRate, flags.learningRateBatch) = ("lenet", 0.1, 256)
        (flags.batchSize, flags.accumulate) = (512, 2)
        let recipe = try Recipe.resolve(flags: flags)
        #expect(recipe.learningRate == 0.4)
        // Written and read again, it is not scaled again.
        #expect(try Recipe.resolve(flags: RecipeOverrides(yaml: recipe.yaml(), path: "r")) == recipe)
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
        #expect(made == schedule(.step(every: .epochs(3), factor: 0.25), warmup: 1.5))
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
