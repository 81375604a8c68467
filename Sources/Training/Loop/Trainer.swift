import Checkpoints
package import Collectives
import Datasets
import Engine
import Foundation
import Graphs
import Networks
package import Recipes
package import Runs
import Tensors
import Terminal

/// The results of a finished run.
package struct TrainingOutcome: Sendable {
    package let evaluation: Evaluation
    /// The same with several views of the images; nil where none were asked for.
    package var augmented: Evaluation?
    /// Optimizer steps of the whole run.
    package let step: Int
    /// Seconds of this process; an earlier part of a resumed run does not count.
    package let seconds: Double
    package let folder: RunFolder
    /// SHA-256 of all parameters and buffers in canonical order.
    package let parametersSHA256: String
}

/// One rank's part in a training run: the step loop.
///
/// Every rank makes one and calls `run`; rank 0 also coordinates: it writes what is kept and says what is seen.
package final class Trainer {
    var recipe: Recipe
    let world: any Communicator
    private(set) var setup: Setup
    var sizes: RunSizes
    let trainingSizes: TrainingSizes
    let engine: Engine
    var schedule: LearningRateSchedule
    let optimizer: any OptimizerRule
    let log: RunLog
    /// Parameters that training moves for a part of the run.
    var shortTraining: ShortTraining
    /// Numbers among the parameters that training does not move.
    let frozenParameters: Int
    /// On rank 0 once the run has begun.
    var coordinator: Coordinator?
    /// Optimizer steps taken since the beginning of the run.
    var step = 0
    let checkpointSchedule: CheckpointSchedule
    /// The requests that all ranks know of after the last step.
    var agreed = StepAgreement.none
    var guarding = NumericalGuard()
    /// The batch norms that see too few values at batches as small as these, if there are any.
    let fewNormValues: FewNormValues?
    /// Samples that this rank has trained on since ranks last had the same running statistics.
    var unsharedSamples = 0
    var window = ReportWindow()
    /// The step of the last report; 0 before that.
    var reportedStep = 0
    /// The last report of this process; nil before that.
    private(set) var lastReport: MetricsRecord?
    /// The snapshots of the last steps that this rank keeps in its host's memory; nil where it keeps none.
    var snapshots: StepSnapshots?
    /// Whether any rank keeps some; the same on all ranks.
    var areSnapshotsKept = false
    /// Tells states of this run from those of others; empty before the run has begun.
    var runIdentity = ""
    /// Whether this process has taken a step, after which steps are not to take long.
    private(set) var hasStepped = false
    /// The fingerprint that tells the run's data from other data.
    private(set) lazy var dataFingerprint = setup.dataset.fingerprint
    /// The mean loss of a sample as it was last reported; nil before that.
    var lastLoss: Double?
    /// The results of the averaged weights when they were last measured.
    var averagedEvaluation: Evaluation?
    /// The result of averages over several views of test images at the end.
    var augmentedEvaluation: Evaluation?
    var hooks = TrainerHooks()
    /// Makes those that show the run to people; called on rank 0 alone.
    let observers: RunObservers
    /// Whether people know that steps wait for images.
    private var isSlowDataTold = false
    var stopRule: StopRule
    var timing = RunTiming()
    var timeAccount = TimeAccount()
    /// Groups of layers whose weights and gradients are told of.
    private(set) lazy var layerGroups = engine.layerGroups
    /// The lengths of the groups' gradients in the step that ends an epoch; nil in others.
    var gradientNorms: [Double]?
    /// The best evaluation on the test split so far, that of earlier parts of the run counted in.
    var best: MetricsFile.Evaluated?
    /// Brings evaluations' details into the run's folder; on rank 0 once there has been one.
    private(set) lazy var detailWriter = makeDetailWriter()
    /// The choices that were made for the run and their reasons, to be read.
    var choices: [String]
    private let averageRule: AverageRule?
    /// By class, what its losses are multiplied with; nil for 1.
    private let classWeights: [Float]?
    /// The samples that could not be read so far; on rank 0 from the beginning of the run on.
    var badSamples: BadSamples

    let gradientSum: GradientSum
    /// The accumulation of gradients over the passes of a step; nil where a step is one pass.
    let accumulation: Accumulation?
    var pace = RankPace()
    var stragglers = StragglerWatch()
    private let sampler: Sampler
    private var loader: Loader

    /// Opens data, builds the network and the engine. Collective.
    ///
    /// - Throws: `SharedFailure` on all ranks where any finds a mistake.
    package init(
        recipe: Recipe, world: any Communicator, console: Console, observers: @escaping RunObservers = { _ in [] }
    ) throws {
        self.world = world
        self.observers = observers
        log = RunLog(console: console, lossPrecision: recipe.lossPrecision)
        let prepared = try RunPreparation(recipe, world: world, console: console)
        let (recipe, fitted, setup, sizes) = (prepared.recipe, prepared.fitted, prepared.setup, prepared.sizes)
        trainingSizes = prepared.trainingSizes
        self.recipe = fitted
        self.setup = setup
        self.sizes = sizes
        choices = prepared.choices
        optimizer = prepared.optimizer
        classWeights = prepared.classWeights
        stopRule = StopRule(fitted)
        averageRule = AverageRule(fitted)
        (engine, frozenParameters, gradientSum, fewNormValues) = try together(world) {
            let engine = try Engine(prepared.layout)
            let frozen = try engine.setRates(ParameterRates(recipe, head: setup.network.headName))
            let graph = try Graph(
                network: setup.network, imageSize: prepared.trainingSizes.smallest, purpose: .training)
            let few = FewNormValues(graph, recipe: fitted, sizes: sizes, ranks: world.size)
            return (engine, frozen, try engine.gradientSum(recipe, world: world), few)
        }
        world.allReduce = AllReduce(recipe.allReduce)
        // The first step also touches memory for the first time.
        world.recorder.allow(seconds: recipe.collectiveTimeout, factor: FlightRecorder.firstStepFactor)
        world.recorder.heartbeat = recipe.heartbeat
        checkpointSchedule = CheckpointSchedule(recipe.checkpoints.every, stepsPerEpoch: sizes.stepsPerEpoch)
        try setup.requireAgreement(in: world)
        world.recorder.doAllBeat = true
        schedule = LearningRateSchedule(fitted, stepsPerEpoch: sizes.stepsPerEpoch, totalSteps: sizes.totalSteps)
        shortTraining = ShortTraining(fitted, of: setup.network, parameters: engine.parameters, sizes: sizes)
        sampler = prepared.sampler
        accumulation = recipe.accumulate > 1 ? Accumulation(of: engine.lendGradients()) : nil
        badSamples = BadSamples(
            limit: recipe.maxBadSamples, samples: sizes.trainingSamples + sizes.testSamples, isStrict: recipe.isStrict,
            say: { console.warn($0) })
        loader = prepared.loader
    }

    /// Trains from the beginning, or from the newest checkpoint where the recipe says so, to the end. Collective.
    ///
    /// - Throws: `SharedFailure` where all ranks know of it; any other error is this rank's alone, and others may be
    ///   waiting.
    package func run() throws -> TrainingOutcome {
        let start = Date()
        timing.start = clockSeconds
        timeAccount = TimeAccount()
        defer { coordinator?.release() }
        setup.bar = log.console.bar
        defer { log.console.bar?.remove() }
        var last = try begin() ? evaluate(isLast: step == sizes.totalSteps) : nil
        while step < sizes.totalSteps && stopRule.reason == nil {
            try trainEpoch()
            last = isEvaluationDue ? try evaluate(isLast: step == sizes.totalSteps) : nil
        }
        // A run that was complete when it was resumed still says what it reached.
        let evaluation = try last ?? evaluated()
        return try finish(evaluation, seconds: Date().timeIntervalSince(start))
    }

    /// Shows stored images so from here on.
    func show(as presentation: Presentation) {
        setup.show(as: presentation)
        loader.dataset = setup.dataset
        loader.shorterSide = presentation.shorterSide
    }

    /// The training batches as they come to the network.
    var trainingLoader: Loader { loader }

    /// The batches of an epoch that follow the step in it that has been taken last. The engine is made ready for them.
    func batches(ofEpoch epoch: Int) -> BatchStream {
        let pixels = trainingSizes.pixels(inEpoch: epoch)
        engine.trainOnImages(ofSize: pixels)
        return loader.sized(pixels).trainingBatches(
            epoch: epoch, from: sizes.stepInEpoch(after: step), sampler: sampler, sharding: setup.sharding,
            passes: recipe.accumulate)
    }

    /// Steps to the end of the epoch, or of the run where that comes first.
    private func trainEpoch() throws {
        let epoch = sizes.epoch(after: step)
        let batches = batches(ofEpoch: epoch)
        defer { batches.close() }
        pace.begin(world.recorder)
        window.startClock()
        // Steps may be found to be fewer meanwhile.
        var end: Int { min((epoch + 1) * sizes.stepsPerEpoch, sizes.totalSteps) }
        let first = step
        while step < end {
            // Nothing has been read ahead when it begins.
            try enter("data loading", .data, fault: .loading, mayTakeLong: step == first)
            let waited = batches.waited
            guard let loaded = try batches.next() else {
                preconditionFailure("the data of epoch \(epoch) ended before step \(end)")
            }
            let rate = schedule.learningRate(step: step)
            let sound = try withoutBadSamples(loaded)
            window.add(
                try takeStep(hooks.batch(world.rank, step, sound), learningRate: rate), waited: batches.waited - waited)
            recordNorms()
            try keepSnapshot()
            timeStep()
            showProgress()
            if agreed.isFitDue { try fitToTime() }
            if isReported(step, end: end) {
                try report(learningRate: rate)
            }
            try checkReplicasNow()
            try betweenSteps(isEvaluated: isEvaluationDue)
        }
    }

    /// Forward, backward, sums over all ranks, update. Counts the step.
    ///
    /// - Returns: what the samples of the global batch added up to; nothing where the step was not sound and left no
    ///   trace.
    private func takeStep(_ loaded: LoadedBatch, learningRate: Float) throws -> Tally {
        guard loaded.globalSamples > 0 else {
            // None of the batch can be had: there is nothing to learn from it.
            step += 1
            return Tally()
        }
        if recipe.onNonFinite == .skip { guarding.remember(engine) }
        try enter("forward and backward pass", .computing, fault: .compute)
        let own = try trainPasses(of: loaded)
        try enter("sum of gradients", .computing, fault: .collective)
        let areGradientsFinite = try sumGradients()
        let sums = try world.sum([own.lossSum, Double(own.correct), Double(own.samples)] + ownAgreement.numbers)
        agreed = StepAgreement(sums: sums.dropFirst(3))
        // A mean loss is told as torch tells it.
        let scale = loaded.lossDivisor.map { Double(loaded.globalSamples) / $0 } ?? 1
        let tally = Tally(lossSum: sums[0] * scale, correct: Int(sums[1]), samples: Int(sums[2]))
        precondition(
            tally.samples == loaded.globalSamples, "\(tally.samples) of \(loaded.globalSamples) samples trained")
        guard
            try isSound(tally, areGradientsFinite: areGradientsFinite, loaded, learningRate: learningRate)
        else { return Tally() }
        try enter("update", .computing, fault: .update)
        measureGradients()
        shortTraining.setRates(of: engine, step: step, learningRate: learningRate)
        engine.clipGradients(recipe)
        engine.update(optimizer, learningRate: learningRate)
        if let share = averageRule?.share(ofStep: step + 1) { engine.average(keeping: share) }
        step += 1
        unsharedSamples += own.samples
        if !hasStepped { world.recorder.allow(seconds: recipe.collectiveTimeout) }
        hasStepped = true
        return tally
    }

    /// The batch without the samples that any rank could not read. Collective where there may be such.
    func withoutBadSamples(_ loaded: LoadedBatch) throws -> LoadedBatch {
        guard setup.dataset.mayBeDamaged else { return loaded }
        let counts = try badSamples.count(loaded.badByPass, in: world)
        let left = loaded.without(counts)
        guard let classWeights, loaded.lossDivisor != nil, counts.contains(where: { $0 > 0 }) else { return left }
        var byClass = [Double](repeating: 0, count: classWeights.count)
        for sample in loaded.badByPass.joined() {
            byClass[setup.dataset.label(at: sample.index, in: sample.split)] += 1
        }
        return left.withoutWeights(of: try world.sum(byClass), classWeights)
    }

    /// The sum of batch-norm means and variances over ranks; nil where each rank keeps its own.
    var statisticsExchange: StatisticsExchange? {
        guard recipe.batchNorm == .sync else { return nil }
        return { [world] moments in try world.sum(&moments, as: "batch norm") }
    }

    /// Whether step number `step` is told: every so many of an epoch, its last, and the first of all as a sign of life.
    func isReported(_ step: Int, end: Int) -> Bool {
        let inEpoch = sizes.stepInEpoch(after: step - 1) + 1
        return inEpoch % recipe.logEvery == 0 || step == end || step == 1
    }

    func report(learningRate: Float) throws {
        // Nothing is known of steps that were skipped.
        guard window.tally.samples > 0 else { return }
        // The disk that it is written to may have to be waited for.
        try enter("report", fault: .report, mayTakeLong: true)
        var record = MetricsRecord(
            .train, epoch: sizes.epochNumber(ofStep: step), step: step, samples: sizes.samples(after: step),
            loss: window.tally.lossSum / Double(window.tally.samples),
            accuracy: Double(window.tally.correct) / Double(window.tally.samples), learningRate: learningRate,
            imagesPerSecond: window.imagesPerSecond)
        record.seconds = timeAccount.seconds
        let left = secondsLeft(imagesPerSecond: record.imagesPerSecond)
        lastLoss = record.loss
        record.waitedForImages = window.waitedForImages
        record.pace = try comparePaces()
        coordinator?.record(record)
        lastReport = record
        log.training(record, secondsLeft: left, endsEpoch: isEpochEnd)
        if window.shareWaited > 0.05, !isSlowDataTold {
            isSlowDataTold = true
            log.waitsForImages(share: window.shareWaited)
        }
        window = ReportWindow()
        reportedStep = step
    }
}
