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
import Runs
import Tensors

/// The speed of training steps on this machine, and the speed that the machine could reach.
package struct Benchmark: Sendable {
    package let model: String
    /// The samples of a step over all ranks.
    package let batchSize: Int
    package let imageSize: Int
    package let ranks: Int
    /// The number of threads that each rank computes with.
    package let threads: Int
    package let backend: Backend
    /// The CPU whose kernels OpenBLAS has chosen; nil where our own kernels compute.
    package let openBLASCore: String?
    /// The speed of the median step over all ranks, and below that of the fastest.
    package let medianImagesPerSecond: Double
    package let bestImagesPerSecond: Double
    /// Billions of floating-point operations a second at the median: a training step has six for each multiply-add of
    /// the forward pass (two each for the outputs, the inputs' gradients and the weights' gradients).
    package let gflopsPerSecond: Double
    /// The speed of the register tile on all threads of all ranks, in the same unit.
    package let peakGflopsPerSecond: Double
    /// The seconds from the first call to the end of the first step, including the making of the engine.
    package let firstStepSeconds: Double
    /// The peak of this rank's memory.
    package let peakRSSBytes: Int
    /// The page faults of this rank's timed steps: hardly any, however many steps, as a step takes no new memory.
    package let pageFaults: Int
    /// The communication times of this rank in a step, each at the median.
    package let communication: CommunicationTimes
    /// The measurements of this rank by which more ranks are simulated.
    package let measurement: StepMeasurement
    /// The calls of the timed steps on this rank; nil where not asked for.
    package let recording: StepRecording?
    /// The time of the steps on this rank by kernel and layer; nil where not asked for.
    package let profile: Profile?
    /// The speed of loading images; nil without a dataset.
    package let images: ImageSupply?

    package var fractionOfPeak: Double { gflopsPerSecond / peakGflopsPerSecond }

    /// Measures `steps` steps on synthetic images, after two that do not count, with the same sums over ranks as in
    /// training. Collective.
    ///
    /// - Parameters:
    ///   - images: a recipe whose data are read as well, alone and then with steps on them; nil for none.
    ///   - passes: the passes that rewrite the graph.
    ///   - records: whether the timed steps are recorded call by call.
    ///   - communication: the settings of communication.
    ///   - progress: called between steps, or between batches read, with how many of how many are done.
    ///   - profiles: whether the record is also compared with the limits of memory and arithmetic here.
    /// - Throws: `SharedFailure` on all ranks where any finds an error.
    package init(
        model: ModelChoice, batchSize: Int, imageSize: Int?, threads: Int?, steps: Int,
        instructionSet: Recipe.InstructionSet, convolution: Recipe.Convolution = .winograd,
        passes: Set<GraphPass> = Set(GraphPass.allCases), communication: Communication = Communication(),
        records: Bool = false, profiles: Bool = false, images: Recipe? = nil,
        progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }, world: any Communicator
    ) throws {
        let bench = try BenchmarkRun(
            model: model, batchSize: batchSize, imageSize: imageSize, threads: threads, instructionSet: instructionSet,
            convolution: convolution, passes: passes, communication: communication, images: images, world: world)
        let batchSize = bench.batchSize
        let timed = try TimedSteps(steps, of: bench, records: records || profiles, progress: progress)
        (pageFaults, peakRSSBytes) = (timed.pageFaults, timed.peakRSSBytes)
        try world.barrier()
        let setup = bench.setup
        let middle = median(timed.seconds)
        let threads = setup.threads
        let peak = try measurePeak(
            setup.backend.instructionSet, threads: threads.threads,
            cores: Double(threads.cores) / Double(threads.localRanks))
        recording = bench.recording
        profile = profiles ? try Self.profile(bench, peak: peak, world) : nil

        self.model = setup.model.name
        self.batchSize = batchSize
        self.imageSize = setup.imageSize
        ranks = world.size
        self.threads = threads.threads
        backend = setup.backend
        openBLASCore = bench.openBLASCore
        medianImagesPerSecond = Double(batchSize) / middle
        bestImagesPerSecond = Double(batchSize) / timed.seconds[0]
        gflopsPerSecond = Double(batchSize) / middle * 6 * Double(setup.summary.multiplyAdds) / 1e9
        peakGflopsPerSecond = try world.sum([peak])[0]
        firstStepSeconds = bench.firstStepSeconds
        self.communication = CommunicationTimes(medianOf: bench.communicationTimes)
        measurement = bench.timeline.measurement(
            model: setup.model.name, samples: bench.samples, threads: setup.threads, gradients: bench.gradients)
        self.images = try images.map { recipe in
            try ImageSupply(recipe, steps: steps, alone: Double(batchSize) / middle, of: bench, progress: progress)
        }
    }

    /// Compares a record with the machine's limits. All ranks measure these at once, as in a step: those of one machine
    /// share its memory. Collective.
    ///
    /// - Parameter peak: the speed of the register tile, in billions of floating-point operations a second.
    private static func profile(_ bench: BenchmarkRun, peak: Double, _ world: any Communicator) throws -> Profile? {
        guard let recording = bench.recording else { return nil }
        try world.barrier()
        let backend = bench.setup.backend
        let bandwidth = try measureBandwidth(backend.instructionSet, threads: bench.setup.threads.threads)
        return Profile(recording, limits: Profile.Limits(peak: peak * 1e9, bandwidth: bandwidth * 1e9))
    }

    /// Returns the results as one JSON object on one line.
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
        if let images {
            object.add("data_images_per_second", images.dataImagesPerSecond)
            object.add("step_images_per_second", images.stepImagesPerSecond)
            object.add("together_images_per_second", images.togetherImagesPerSecond)
            object.add("limited_by", images.limit.rawValue)
        }
        if let profile { object.add("profile", json: try profile.json()) }
        return object.text
    }
}

/// The steps that were timed, after two that do not count.
private struct TimedSteps {
    /// The seconds of each, the fastest first.
    let seconds: [Double]
    let pageFaults: Int
    let peakRSSBytes: Int

    /// Runs and times the steps, at least one. Collective.
    init(_ count: Int, of bench: BenchmarkRun, records: Bool, progress: (_ done: Int, _ of: Int) -> Void) throws {
        for _ in 0..<2 {
            progress(0, count)
            _ = try bench.secondsOfStep()
        }
        bench.forgetCommunication()
        bench.timeline.forget()
        if records { bench.startRecording() }
        let before = Self.usage
        seconds = try (0..<max(count, 1)).map { step in
            progress(step, count)
            return try bench.secondsOfStep()
        }.sorted()
        let usage = Self.usage
        pageFaults = usage.ru_minflt + usage.ru_majflt - before.ru_minflt - before.ru_majflt
        // Linux counts in KiB.
        peakRSSBytes = usage.ru_maxrss * 1024
    }

    private static var usage: rusage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage
    }
}
