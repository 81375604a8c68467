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

/// The speed of training steps on this machine, beside the speed that it could reach.
package struct Benchmark: Sendable {
    package let model: String
    /// Samples of a step over all ranks.
    package let batchSize: Int
    package let imageSize: Int
    package let ranks: Int
    /// Threads that each rank computes with.
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
    /// The speed of the register tile on all threads of all ranks.
    package let peakGflopsPerSecond: Double
    /// From the first call to the end of the first step, the engine's making included.
    package let firstStepSeconds: Double
    /// The most memory this rank has had.
    package let peakRSSBytes: Int
    /// Pages that this rank's timed steps found missing: a step takes no new memory, so that there are hardly any
    /// however many steps.
    package let pageFaults: Int
    /// The time that communication took on this rank in a step, at the median.
    package let communication: CommunicationTimes
    /// The measurements of this rank from which more ranks are simulated.
    package let measurement: StepMeasurement
    /// The calls of the timed steps on this rank, where they were asked for.
    package let recording: StepRecording?
    /// The time of these steps on this rank by kernel and layer, where it was asked for.
    package let profile: Profile?
    /// The speed of loading images, where a dataset was named.
    package let images: ImageSupply?

    package var fractionOfPeak: Double { gflopsPerSecond / peakGflopsPerSecond }

    /// Takes `steps` steps on synthetic images, after two that do not count, with the sums over ranks that training
    /// has. Collective.
    ///
    /// - Parameters:
    ///   - images: a recipe whose data are read as well, alone and then with steps on them.
    ///   - passes: what the graph is rewritten by.
    ///   - records: whether the timed steps are recorded call by call.
    ///   - communication: how ranks talk.
    ///   - progress: is told how many of how many steps have been taken, or batches read, between them.
    ///   - profiles: whether the record is also compared with what memory and arithmetic can do here.
    /// - Throws: `SharedFailure` on all ranks where any finds a mistake.
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
        for _ in 0..<2 {
            progress(0, steps)
            _ = try bench.secondsOfStep()
        }
        bench.forgetCommunication()
        bench.timeline.forget()
        if records || profiles { bench.startRecording() }
        let before = Self.usage
        let seconds = try (0..<max(steps, 1)).map { step in
            progress(step, steps)
            return try bench.secondsOfStep()
        }.sorted()
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
        self.images = try images.map { recipe in
            try ImageSupply(recipe, steps: steps, alone: Double(batchSize) / middle, of: bench, progress: progress)
        }
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
