import Collectives
import Datasets
import Engine
import Recipes
import Tensors

/// The speed at which a dataset's images are loaded, compared with that of training steps. All numbers are over all
/// ranks.
package struct ImageSupply: Sendable {
    /// The bottleneck of training.
    package enum Limit: String, Sendable {
        /// Images are loaded as fast as steps take them.
        case steps
        /// Steps wait for images.
        case images
        /// Both are fast enough alone: the loader's threads take cores from the computing ones.
        case cores
    }

    /// The speed of reading, decoding and transforming images while nothing else runs.
    package let dataImagesPerSecond: Double
    /// The speed of steps on synthetic images of the same shape.
    package let stepImagesPerSecond: Double
    /// The speed of steps on the dataset's images as they are loaded.
    package let togetherImagesPerSecond: Double
    /// The share of time for which rank 0's steps waited for images, in 0...1.
    package let shareWaited: Double
    /// The dataset.
    package let data: String
    /// The loader threads of each rank.
    package let threads: Int

    /// The seconds of reading alone: long enough that the batches loaded before the start hardly count.
    private static let leastSeconds = 2.0
    /// The steps that are enough, however short they are.
    private static let mostSteps = 10_000
    /// The ratio of speeds from which the lower one counts as the same.
    private static let tolerance = 0.95

    package var limit: Limit {
        if togetherImagesPerSecond >= Self.tolerance * stepImagesPerSecond { return .steps }
        return togetherImagesPerSecond >= Self.tolerance * dataImagesPerSecond
            || dataImagesPerSecond < stepImagesPerSecond
            ? .images : .cores
    }
}

extension ImageSupply {
    /// Reads batches for some seconds, and then takes steps on loaded batches: at least `steps`, and at least as many
    /// as take a second. Collective.
    ///
    /// - Parameters:
    ///   - recipe: the data, and how they are read.
    ///   - stepSpeed: images a second of steps alone.
    ///   - bench: an engine that has taken its first steps.
    ///   - progress: called with how many of how many batches have been read, and steps taken.
    init(
        _ recipe: Recipe, steps: Int, alone stepSpeed: Double, of bench: BenchmarkRun,
        progress: (_ done: Int, _ of: Int) -> Void
    ) throws {
        let world = bench.world
        let setup = bench.setup
        let limits = setup.prefetchLimits(batchSize: bench.batchSize)
        let loader = Loader(
            dataset: setup.dataset, imageSize: setup.imageSize, augmentation: Augmentation(recipe.augmentation),
            mixing: Mixing(recipe), images: setup.images, limits: limits)
        let sampler = Sampler(
            count: setup.dataset.count(of: .train), batchSize: bench.batchSize, seed: recipe.seed,
            isShuffled: recipe.shuffle)
        func supply() -> Supply { Supply(loader, sampler, setup.sharding) }
        let count = try world.broadcast(max(steps, min(Int(stepSpeed / Double(bench.batchSize)), Self.mostSteps)))

        // Time counts from the first batch on, when the threads are as far ahead as they are at the end.
        var images = supply()
        _ = try images.next()
        var samples = 0
        var start = monotonicSeconds()
        var batches = 0
        while batches < count || monotonicSeconds() - start < Self.leastSeconds {
            progress(min(batches, count), count)
            let loaded = try images.next()
            samples += loaded.batch.count + loaded.bad.count
            batches += 1
        }
        let data = try world.speed(samples: samples, seconds: monotonicSeconds() - start)

        let console = Console(isQuiet: world.rank != 0)
        var bad = BadSamples(
            limit: recipe.maxBadSamples, samples: sampler.count, isStrict: recipe.isStrict, say: { console.warn($0) })
        images = supply()
        samples = 0
        try world.barrier()
        start = monotonicSeconds()
        for step in 0..<count {
            progress(step, count)
            var loaded = try images.next()
            samples += loaded.batch.count + loaded.bad.count
            if setup.dataset.mayBeDamaged { loaded = loaded.without(try bad.count([loaded.bad], in: world)) }
            if loaded.globalSamples > 0 { try bench.step(on: loaded) }
        }
        let seconds = monotonicSeconds() - start
        self.init(
            dataImagesPerSecond: data, stepImagesPerSecond: stepSpeed,
            togetherImagesPerSecond: try world.speed(samples: samples, seconds: seconds),
            shareWaited: images.waited / seconds, data: setup.dataset.name, threads: limits.threads)
    }
}

/// The batches of a rank, epoch after epoch.
private struct Supply {
    private let loader: Loader
    private let sampler: Sampler
    private let sharding: Sharding
    private var epoch = 0
    private var stream: BatchStream
    private var waitedBefore = 0.0

    init(_ loader: Loader, _ sampler: Sampler, _ sharding: Sharding) {
        self.loader = loader
        self.sampler = sampler
        self.sharding = sharding
        stream = loader.trainingBatches(epoch: 0, sampler: sampler, sharding: sharding)
    }

    /// The seconds that were waited for batches.
    var waited: Double { waitedBefore + stream.waited }

    mutating func next() throws -> LoadedBatch {
        while true {
            if let loaded = try stream.next() { return loaded }
            epoch += 1
            waitedBefore += stream.waited
            stream = loader.trainingBatches(epoch: epoch, sampler: sampler, sharding: sharding)
        }
    }
}

extension Communicator {
    /// Returns the images a second of all ranks together, by the time of the slowest. Collective.
    fileprivate func speed(samples: Int, seconds: Double) throws -> Double {
        var numbers = [Double](repeating: 0, count: size + 1)
        numbers[rank] = seconds
        numbers[size] = Double(samples)
        let sums = try sum(numbers)
        return sums[size] / max(sums.dropLast().max() ?? 0, 1e-9)
    }
}
