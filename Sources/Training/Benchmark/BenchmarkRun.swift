import Collectives
import Datasets
import Engine
import Foundation
import Graphs
import Networks
import Recipes
import Tensors

/// An engine, and one batch that it trains on again and again.
final class BenchmarkRun {
    let setup: Setup
    private(set) var firstStepSeconds = 0.0
    /// The record of steps; nil before `startRecording`.
    private(set) var recording: StepRecording?
    /// The communication times of each step since `forgetCommunication`.
    private(set) var communicationTimes: [CommunicationTimes] = []
    let timeline = StepTimeline()
    private let engine: Engine
    private let gradientSum: GradientSum
    let world: any Communicator
    private let batch: Batch
    /// The samples of a step over all ranks.
    let batchSize: Int
    private let sharesMoments: Bool
    private var step = 0

    convenience init(
        model: ModelChoice, batchSize: Int, imageSize: Int?, threads: Int?, instructionSet: Recipe.InstructionSet,
        convolution: Recipe.Convolution, passes: Set<GraphPass>, communication: Communication, images: Recipe? = nil,
        world: any Communicator
    ) throws {
        let start = Date()
        let (setup, layout, batchSize) = try together(world) {
            let classes = try images == nil ? Setup.defaultClasses(ofModel: model.name) : nil
            let setup = try Setup(
                model: model, data: images?.data ?? "synthetic",
                validationFraction: images?.validationFraction ?? DatasetOptions().validationFraction,
                imageSize: imageSize, classes: classes, threads: threads, instructionSet: instructionSet,
                convolution: convolution, images: images.map { ImageOptions($0) } ?? ImageOptions(),
                prefetchMegabytes: images?.prefetchMegabytes ?? Recipe.Default.prefetchMegabytes, world: world)
            var batchSize = batchSize
            if let images {
                try setup.dataset.require(Augmentation(images.augmentation))
                batchSize = min(batchSize, setup.dataset.count(of: .train))
            }
            let layout = try setup.layout(batchSize: batchSize, seed: 1, passes: passes)
            try setup.needs(toMeasure: layout, batchSize: batchSize, readsImages: images != nil).require()
            return (setup, layout, batchSize)
        }
        if images != nil { try setup.requireAgreement(in: world) }
        try self.init(
            setup, layout, batchSize: batchSize, communication: communication, world: world, start: start)
    }

    /// Makes an engine of that layout. Collective.
    ///
    /// - Parameter start: the time at which its making began.
    init(
        _ setup: Setup, _ layout: EngineLayout, batchSize: Int, communication: Communication,
        world: any Communicator, start: Date = Date()
    ) throws {
        self.setup = setup
        (engine, batch, gradientSum) = try together(world) {
            let engine = try Engine(layout)
            engine.initialize(seed: 1)
            let sum = try GradientSum(
                of: engine.lendGradients(), world: world, bucketBytes: communication.bucketMegabytes << 20,
                wire: WireFormat(communication.gradientType))
            return (engine, try Self.batch(setup, batchSize: batchSize), sum)
        }
        self.world = world
        self.batchSize = batchSize
        world.allReduce = AllReduce(communication.allReduce)
        sharesMoments = communication.batchNorm == .sync
        _ = try secondsOfStep()
        firstStepSeconds = Date().timeIntervalSince(start)
    }

    /// Returns the first batch of synthetic data of the setup's shape; samples repeat where the data have fewer.
    private static func batch(_ setup: Setup, batchSize: Int) throws -> Batch {
        let sizes = setup.sharding.ownShards.map { setup.sharding.samples(ofShard: $0, batchSize: batchSize) }
        let dataset = Synthetic(channels: setup.dataset.channels, classes: setup.network.classes)
        let count = dataset.count(of: .train)
        let samples = sizes.flatMap { $0 }.map { $0 % count }
        var images: [Float] = []
        images.reserveCapacity(samples.count * dataset.shape(imageSize: setup.imageSize).count)
        for sample in samples { images += try dataset.image(sample, of: .train, imageSize: setup.imageSize) }
        return Batch(
            images: images, labels: samples.map { Int32(dataset.label(at: $0, in: .train)) },
            sampleIDs: samples.map { UInt32($0) }, shardSizes: sizes.map(\.count))
    }

    var openBLASCore: String? { engine.openBLASCore }
    /// The samples of a step on this rank.
    var samples: Int { batch.count }
    /// The number of gradients, in floats.
    var gradients: Int { engine.withGradients { $0.count } }

    func forgetCommunication() { communicationTimes = [] }

    /// Records the steps from now on.
    func startRecording() {
        recording = StepRecording(engine, batch: batch)
    }

    /// Takes a whole training step, and returns the seconds of the slowest rank.
    func secondsOfStep() throws -> Double {
        try world.barrier()
        let start = monotonicSeconds()
        let before = world.recorder.seconds(on: .main)
        timeline.begin(at: start)
        let calls = try train()
        let trained = monotonicSeconds()
        let communicated = world.recorder.seconds(on: .main) - before
        let (report, summed) = try sumAndUpdate()
        let updated = monotonicSeconds()
        timeline.end(trained: trained, update: updated - summed)
        let exposed = communicated + report.waited
        communicationTimes.append(
            CommunicationTimes(
                total: communicated + report.seconds, exposed: exposed, compute: updated - start - exposed))
        try world.barrier()
        let end = monotonicSeconds()
        step += 1
        recording?.append(
            start: start, calls: calls, trained: trained, summed: summed, updated: updated, end: end,
            communication: report.timings)
        return end - start
    }

    /// Takes a whole training step on a loaded batch, without recording it.
    func step(on loaded: LoadedBatch) throws {
        let sumOverRanks: SumOverRanks? =
            sharesMoments ? { [world] moments in try world.sum(&moments, as: "batch norm") } : nil
        _ = try engine.train(
            loaded.batch, globalSamples: loaded.globalSamples, step: step, sumOverRanks: sumOverRanks,
            momentSamples: loaded.momentSamples, progress: gradientSum.finished)
        _ = try sumAndUpdate()
        step += 1
    }

    /// Takes the sum and the update of a training step; also returns the time at which the update began.
    private func sumAndUpdate() throws -> (report: GradientSum.Report, summed: Double) {
        let report = try gradientSum.wait()
        let summed = monotonicSeconds()
        _ = engine.gradientsAreFinite()
        // The learning rate is so small that random labels do not make the weights diverge.
        engine.update(SGD(momentum: 0.9, weightDecay: 1e-4), learningRate: 1e-3)
        return (report, summed)
    }

    /// Takes one forward and backward pass; returns its calls where they are recorded.
    private func train() throws -> [TimedCall] {
        let sumOverRanks: SumOverRanks? =
            sharesMoments
            ? { [world, timeline] moments in
                try timeline.summing(moments.count) { try world.sum(&moments, as: "batch norm") }
            } : nil
        let progress: GradientProgress = { [timeline, gradientSum] count in
            timeline.finished(count)
            gradientSum.finished(count)
        }
        guard recording != nil else {
            _ = try engine.train(
                batch, globalSamples: batchSize, step: step, sumOverRanks: sumOverRanks, progress: progress)
            return []
        }
        return try engine.profile(
            batch, globalSamples: batchSize, step: step, sumOverRanks: sumOverRanks, progress: progress
        ).calls
    }
}
