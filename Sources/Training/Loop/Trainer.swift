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
    /// The evaluation with several views of each image; nil where none was asked for.
    package var augmented: Evaluation?
    /// The optimizer steps of the whole run.
    package let step: Int
    /// The seconds of this process, without earlier parts of a resumed run.
    package let seconds: Double
    package let folder: RunFolder
    /// The SHA-256 of all parameters and buffers in canonical order.
    package let parametersSHA256: String
}

/// One rank's part in a training run: the step loop.
///
/// Every rank makes a trainer and calls `run`. Rank 0 also coordinates: it writes the files and prints the lines.
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
    /// Parameters that are trained for only a part of the run.
    var shortTraining: ShortTraining
    /// The number of parameters' elements that are frozen.
    let frozenParameters: Int
    /// The coordinator; on rank 0 only, once the run has begun.
    var coordinator: Coordinator?
    /// Steps of the run so far. Skipped ones, without finite numbers or readable samples, count too.
    var step = 0
    let checkpointSchedule: CheckpointSchedule
    /// The requests that all ranks agreed on in the last step.
    var agreed = StepAgreement.none
    var guarding = NumericalGuard()
    /// The batch norms that see too few values at this batch size; nil where there are none.
    let fewNormValues: FewNormValues?
    /// Samples that this rank has trained on since running statistics were last synchronised over ranks.
    var unsharedSamples = 0
    var window = ReportWindow()
    /// The step of the last report; 0 before the first.
    var reportedStep = 0
    /// The last report of this process; nil before the first.
    private(set) var lastReport: MetricsRecord?
    /// The snapshots of the last steps that this rank keeps in its host's memory; nil where it keeps none.
    var snapshots: StepSnapshots?
    /// Whether any rank keeps snapshots; the same on all ranks.
    var areSnapshotsKept = false
    /// The identity that distinguishes states of this run from those of others; empty before the run has begun.
    var runIdentity = ""
    /// Whether this process has updated the parameters; before that, each phase may take long.
    private(set) var hasStepped = false
    /// The fingerprint that distinguishes the run's data from other data.
    private(set) lazy var dataFingerprint = setup.dataset.fingerprint
    /// The mean loss of a sample in the last report; nil before the first.
    var lastLoss: Double?
    /// The last evaluation of the averaged weights.
    var averagedEvaluation: Evaluation?
    /// The evaluation at the end with several views of each test image.
    var augmentedEvaluation: Evaluation?
    var hooks = TrainerHooks()
    /// The function that makes the observers of the run; called on rank 0 only.
    let observers: RunObservers
    /// Whether a note has been printed that steps wait for images.
    private var isSlowDataTold = false
    var stopRule: StopRule
    var timing = RunTiming()
    var timeAccount = TimeAccount()
    /// The groups of layers whose norms of weights and gradients are recorded.
    private(set) lazy var layerGroups = engine.layerGroups
    /// The norms of the groups' gradients in a step that ends an epoch; nil in others.
    var gradientNorms: [Double]?
    /// The best evaluation on the test split so far, including earlier parts of the run.
    var best: MetricsFile.Evaluated?
    /// The writer of evaluations' details into the run's folder; on rank 0, made at the first evaluation.
    private(set) lazy var detailWriter = makeDetailWriter()
    /// The choices that were made for the run, with their reasons, as text.
    var choices: [String]
    private let averageRule: AverageRule?
    /// The weight of the loss, by class; nil where all are 1.
    private let classWeights: [Float]?
    /// The record of unreadable samples: on rank 0 the list of the whole run's, on other ranks their limit alone.
    var badSamples: BadSamples

    let gradientSum: GradientSum
    /// The accumulation of gradients over the passes of a step; nil where a step is one pass.
    let accumulation: Accumulation?
    var pace = RankPace()
    var stragglers = StragglerWatch()
    private let sampler: Sampler
    private var loader: Loader

    /// Opens the data, builds the network and the engine. Collective.
    ///
    /// - Throws: `SharedFailure` on all ranks where any finds an error.
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

    /// Trains from the beginning, or from a saved state where the recipe says so, to the end. Collective.
    ///
    /// - Throws: `SharedFailure` on all ranks together; any other error on this rank only, and others may be waiting.
    package func run() throws -> TrainingOutcome {
        let start = Date()
        timing.start = clockSeconds
        timeAccount = TimeAccount()
        defer { coordinator?.release() }
        setup.bar = log.console.bar
        defer { log.console.bar?.remove() }
        let isEvaluationMissing = try begin()
        var last = isEvaluationMissing ? try evaluate(isLast: step == sizes.totalSteps) : nil
        while step < sizes.totalSteps && stopRule.reason == nil {
            try trainEpoch()
            last = isEvaluationDue ? try evaluate(isLast: step == sizes.totalSteps) : nil
        }
        // A complete run that is resumed still reports its evaluation.
        let evaluation = try last ?? evaluateWeights()
        return try finish(evaluation, seconds: Date().timeIntervalSince(start))
    }

    /// Sets the presentation of stored images from now on.
    func use(_ presentation: Presentation) {
        setup.use(presentation)
        loader.dataset = setup.dataset
        loader.shorterSide = presentation.shorterSide
    }

    /// The loader of training batches.
    var trainingLoader: Loader { loader }

    /// Returns the epoch's batches that are not yet trained on, and prepares the engine for the size of their images.
    func batches(ofEpoch epoch: Int) -> BatchStream {
        let pixels = trainingSizes.pixels(inEpoch: epoch)
        engine.trainOnImages(ofSize: pixels)
        return loader.sized(pixels).trainingBatches(
            epoch: epoch, from: sizes.stepInEpoch(after: step), sampler: sampler, sharding: setup.sharding,
            passes: recipe.accumulate)
    }

    /// Takes the steps up to the end of the epoch, or of the run where that comes first.
    private func trainEpoch() throws {
        let epoch = sizes.epoch(after: step)
        let batches = batches(ofEpoch: epoch)
        defer { batches.close() }
        pace.begin(world.recorder)
        window.startClock()
        // `fitToTime` may change the number of steps.
        var end: Int { min((epoch + 1) * sizes.stepsPerEpoch, sizes.totalSteps) }
        let first = step
        while step < end {
            // No batch has been prefetched for the first step.
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

    /// Takes a step: forward and backward passes, sums over all ranks, update. Counts the step.
    ///
    /// - Returns: the tally of the global batch's samples; an empty one where the step was not finite and left the
    ///   state unchanged.
    private func takeStep(_ loaded: LoadedBatch, learningRate: Float) throws -> Tally {
        guard loaded.globalSamples > 0 else {
            // No sample of the batch could be read: there is nothing to learn from.
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
        // With class weights PyTorch divides the sum of losses by the sum of the samples' weights. Reports divide it by
        // the number of samples; the factor makes up for that.
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

    /// Returns the batch without the samples that any rank could not read. Collective where samples may be damaged.
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

    /// The sum of batch norms' moments over ranks; nil where each rank keeps its own.
    var sumOverRanks: SumOverRanks? {
        guard recipe.batchNorm == .sync else { return nil }
        return { [world] moments in try world.sum(&moments, as: "batch norm") }
    }

    /// Returns whether a step is reported: at intervals in an epoch, at its end, and the first one as a sign of life.
    func isReported(_ step: Int, end: Int) -> Bool {
        let inEpoch = sizes.stepInEpoch(after: step - 1) + 1
        return inEpoch % recipe.logEvery == 0 || step == end || step == 1
    }

    func report(learningRate: Float) throws {
        // Steps that were skipped have no loss.
        guard window.tally.samples > 0 else { return }
        // Writing the report may have to wait for the disk.
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
