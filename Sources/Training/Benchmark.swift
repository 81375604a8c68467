package import Collectives
import Datasets
package import Engine
import Foundation
import Glibc
package import Graphs
import Kernels
import Networks
package import Planning
package import Recipes
import Tensors

/// How fast training steps are on this machine, beside how fast it could be.
package struct Benchmark: Sendable {
    package let model: String
    /// Samples of a step over all ranks.
    package let batchSize: Int
    package let imageSize: Int
    package let ranks: Int
    /// Of each rank.
    package let threads: Int
    package let backend: Backend
    /// The CPU whose kernels OpenBLAS has chosen; nil where our own compute.
    package let openBLASCore: String?
    /// Over all ranks.
    package let medianImagesPerSecond: Double
    package let bestImagesPerSecond: Double
    /// Billions of operations a second at the median: a training step is six for each multiply-add of the forward pass
    /// (two each for the outputs, the gradients of the inputs and those of the weights).
    package let gflopsPerSecond: Double
    /// What the register tile reaches on all threads of all ranks.
    package let peakGflopsPerSecond: Double
    /// From the first call to the end of the first step, the engine's making included.
    package let firstStepSeconds: Double
    /// The most memory this rank has had.
    package let peakRSSBytes: Int
    /// Pages that this rank's timed steps found missing: a step takes no new memory, so that there are hardly any however many steps.
    package let pageFaults: Int
    /// What talking to other ranks took on this one, at the median.
    package let communication: CommunicationTimes
    /// What a simulation of more ranks needs to know of this one.
    package let measurement: StepMeasurement
    /// What the timed steps did on this rank, where that was asked for.
    package let recording: StepRecording?
    /// Where their time went on this rank, where that was asked for.
    package let profile: Profile?

    package var fractionOfPeak: Double { gflopsPerSecond / peakGflopsPerSecond }

    /// Takes `steps` steps on synthetic images, after two that do not count, with the sums over ranks that training has.
    /// Collective.
    ///
    /// - Parameters:
    ///   - passes: what the graph is rewritten by.
    ///   - records: whether the timed steps are recorded call by call.
    ///   - communication: how ranks talk.
    ///   - profiles: whether the record is also compared with what memory and arithmetic can do here.
    /// - Throws: `SharedFailure` on all ranks where any finds a mistake.
    package init(
        model: ModelChoice, batchSize: Int, imageSize: Int?, threads: Int?, steps: Int,
        instructionSet: Recipe.InstructionSet, convolution: Recipe.Convolution = .winograd,
        passes: Set<GraphPass> = Set(GraphPass.allCases), communication: Communication = Communication(),
        records: Bool = false, profiles: Bool = false, world: any Communicator
    ) throws {
        let bench = try BenchmarkRun(
            model: model, batchSize: batchSize, imageSize: imageSize, threads: threads, instructionSet: instructionSet,
            convolution: convolution, passes: passes, communication: communication, world: world)
        for _ in 0..<2 { _ = try bench.secondsOfStep() }
        bench.forgetCommunication()
        bench.timeline.forget()
        if records || profiles { bench.startRecording() }
        let before = Self.usage
        let seconds = try (0..<max(steps, 1)).map { _ in try bench.secondsOfStep() }.sorted()
        let usage = Self.usage
        pageFaults = usage.ru_minflt + usage.ru_majflt - before.ru_minflt - before.ru_majflt
        // Linux counts in KiB.
        peakRSSBytes = usage.ru_maxrss * 1024
        try world.barrier()
        let setup = bench.setup
        let middle = median(seconds)
        let threads = setup.threads
        let peak = try measurePeak(
            setup.backend.instructionSet, threads: threads.threads,
            cores: Double(threads.cores) / Double(threads.localRanks))
        recording = bench.recording
        profile =
            try profiles
            ? bench.recording.map { recording in
                // All ranks at once, as in a step: those of one machine share its memory.
                try world.barrier()
                let bandwidth = try measureBandwidth(setup.backend.instructionSet, threads: threads.threads)
                return Profile(recording, limits: Profile.Limits(peak: peak * 1e9, bandwidth: bandwidth * 1e9))
            } : nil

        self.model = setup.model.name
        self.batchSize = batchSize
        self.imageSize = setup.imageSize
        ranks = world.size
        self.threads = threads.threads
        backend = setup.backend
        openBLASCore = bench.openBLASCore
        medianImagesPerSecond = Double(batchSize) / middle
        bestImagesPerSecond = Double(batchSize) / seconds[0]
        gflopsPerSecond = Double(batchSize) / middle * 6 * Double(setup.summary.multiplyAdds) / 1e9
        peakGflopsPerSecond = try world.sum([peak])[0]
        firstStepSeconds = bench.firstStepSeconds
        self.communication = CommunicationTimes(medianOf: bench.communicationTimes)
        measurement = bench.timeline.measurement(
            model: setup.model.name, samples: bench.samples, threads: setup.threads, gradients: bench.gradients)
    }

    private static var usage: rusage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage
    }

    /// One JSON object on one line.
    package func json() throws -> String {
        var object = JSONLine()
        object.add("model", model)
        object.add("batch_size", batchSize)
        object.add("image_size", imageSize)
        object.add("ranks", ranks)
        object.add("threads", threads)
        object.add("isa", backend.rawValue)
        object.add("median_images_per_second", medianImagesPerSecond)
        object.add("best_images_per_second", bestImagesPerSecond)
        object.add("gflops_per_second", gflopsPerSecond)
        object.add("peak_gflops_per_second", peakGflopsPerSecond)
        object.add("fraction_of_peak", fractionOfPeak)
        object.add("compute_seconds", communication.compute)
        object.add("communication_seconds", communication.total)
        object.add("exposed_communication_seconds", communication.exposed)
        object.add("first_step_seconds", firstStepSeconds)
        object.add("peak_rss_bytes", peakRSSBytes)
        object.add("page_faults", pageFaults)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        object.add("measurement", json: String(decoding: try encoder.encode(measurement), as: UTF8.self))
        if let profile { object.add("profile", json: try profile.json()) }
        return object.text
    }
}

/// An engine with one batch that it trains on again and again.
private final class BenchmarkRun {
    let setup: Setup
    private(set) var firstStepSeconds = 0.0
    /// nil until `startRecording`.
    private(set) var recording: StepRecording?
    /// Of each step since they were last forgotten.
    private(set) var communicationTimes: [CommunicationTimes] = []
    let timeline = StepTimeline()
    private let engine: Engine
    private let gradientSum: GradientSum
    private let world: any Communicator
    private let batch: Batch
    private let batchSize: Int
    private let sharesMoments: Bool
    private var step = 0

    init(
        model: ModelChoice, batchSize: Int, imageSize: Int?, threads: Int?, instructionSet: Recipe.InstructionSet,
        convolution: Recipe.Convolution, passes: Set<GraphPass>, communication: Communication,
        world: any Communicator
    ) throws {
        let start = Date()
        let (setup, layout) = try together(world) {
            let classes = try Setup.defaultClasses(ofModel: model.name)
            let setup = try Setup(
                model: model, data: "synthetic", imageSize: imageSize, classes: classes, threads: threads,
                instructionSet: instructionSet, convolution: convolution, world: world)
            let layout = try setup.layout(batchSize: batchSize, seed: 1, passes: passes)
            try setup.needs(toMeasure: layout, batchSize: batchSize).require()
            return (setup, layout)
        }
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

    /// The first batch of the synthetic data; repeated where that has fewer samples.
    private static func batch(_ setup: Setup, batchSize: Int) throws -> Batch {
        let sizes = setup.sharding.ownShards.map { setup.sharding.samples(ofShard: $0, batchSize: batchSize) }
        let count = setup.dataset.count(of: .train)
        let samples = sizes.flatMap { $0 }.map { $0 % count }
        var images: [Float] = []
        images.reserveCapacity(samples.count * setup.dataset.shape(imageSize: setup.imageSize).count)
        for sample in samples { images += try setup.dataset.image(sample, of: .train, imageSize: setup.imageSize) }
        return Batch(
            images: images, labels: samples.map { Int32(setup.dataset.label(at: $0, in: .train)) },
            sampleIDs: samples.map { UInt32($0) }, shardSizes: sizes.map(\.count))
    }

    var openBLASCore: String? { engine.openBLASCore }
    /// Samples of a step on this rank.
    var samples: Int { batch.count }
    /// Floats of its gradients.
    var gradients: Int { engine.withGradients { $0.count } }

    func forgetCommunication() { communicationTimes = [] }

    /// Records the steps from here on.
    func startRecording() {
        recording = StepRecording(engine, batch: batch)
    }

    /// A whole training step, the slowest rank's time.
    func secondsOfStep() throws -> Double {
        try world.barrier()
        let start = monotonicSeconds()
        let before = world.recorder.seconds(on: .main)
        timeline.begin(at: start)
        let calls = try train()
        let trained = monotonicSeconds()
        let exchanged = world.recorder.seconds(on: .main) - before
        let (report, updates) = try sumAndUpdate()
        let updated = monotonicSeconds()
        timeline.end(trained: trained, update: updates.reduce(0) { $0 + $1.end - $1.start })
        let exposed = exchanged + report.waited
        communicationTimes.append(
            CommunicationTimes(
                total: exchanged + report.seconds, exposed: exposed, compute: updated - start - exposed))
        try world.barrier()
        let end = monotonicSeconds()
        step += 1
        recording?.append(
            start: start, calls: calls, trained: trained, updates: updates, end: end, communication: report.timings)
        return end - start
    }

    /// What training does with gradients, and when it moved parameters.
    private func sumAndUpdate() throws -> (GradientSum.Report, [StepRecording.Stretch]) {
        // Small enough that random labels do not blow the weights up.
        engine.beginUpdate(
            SGDStep(learningRate: 1e-3, momentum: 0.9, weightDecay: 1e-4, nesterov: false), keepsWeights: world.size > 1
        )
        var updates: [StepRecording.Stretch] = []
        let report = try gradientSum.wait { [engine] summed in
            let start = monotonicSeconds()
            _ = engine.advanceUpdate(to: summed)
            updates.append(StepRecording.Stretch(start: start, end: monotonicSeconds()))
        }
        // Recordings have the same calls in every step, also where several buckets were there at once.
        if let end = updates.last?.end {
            while updates.count < report.timings.count { updates.append(StepRecording.Stretch(start: end, end: end)) }
        }
        return (report, updates)
    }

    /// One pass forward and backward; its calls, where they are recorded.
    private func train() throws -> [TimedCall] {
        let exchange: StatisticsExchange? =
            sharesMoments
            ? { [world, timeline] moments in
                try timeline.exchanging(moments.count) { try world.sum(&moments, as: "batch norm") }
            } : nil
        let progress: GradientProgress = { [timeline, gradientSum] count in
            timeline.finished(count)
            gradientSum.finished(count)
        }
        guard recording != nil else {
            _ = try engine.train(
                batch, globalSamples: batchSize, step: step, exchange: exchange, progress: progress)
            return []
        }
        return try engine.profile(
            batch, globalSamples: batchSize, step: step, exchange: exchange, progress: progress
        ).calls
    }
}
