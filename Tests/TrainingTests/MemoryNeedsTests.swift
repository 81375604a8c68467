import Checkpoints
import Collectives
import Engine
import Foundation
import Machine
import Recipes
import Testing

@testable import Datasets
@testable import Training

/// The memory of a run is computed, and compared with the machine's, before any of it is reserved.
@Suite("Memory needs")
struct MemoryNeedsTests {
    /// Returns a machine that has this much memory.
    private func capacity(_ bytes: Int) throws -> (MemoryCapacity, TemporaryFolder) {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path + "/proc", withIntermediateDirectories: true)
        try Data("MemAvailable: \(bytes >> 10) kB\n".utf8).write(
            to: URL(fileURLWithPath: folder.path + "/proc/meminfo"))
        return (MemoryCapacity(root: folder.path), folder)
    }

    private func needs(
        _ model: String, batch: Int, accumulate: Int = 1, samples: Int = 1_000_000, snapshots: SnapshotFolder? = nil,
        _ change: (inout RecipeOverrides) -> Void = { _ in }
    ) throws -> MemoryNeeds {
        var flags = RecipeOverrides()
        flags.model = model
        flags.batchSize = batch
        flags.accumulate = accumulate
        change(&flags)
        let recipe = try Recipe.resolve(flags: flags)
        let setup = try Setup(
            model: ModelChoice(model), data: "synthetic", imageSize: nil, classes: nil, threads: 1,
            instructionSet: .auto, world: InProcessCommunicator())
        let layout = try setup.layout(
            batchSize: min(recipe.globalBatchSize, samples), seed: 1, accumulate: recipe.accumulate,
            keepsAverages: recipe.averageWeights != nil)
        return setup.needs(toTrain: recipe, layout, samples: samples, isCoordinator: true, snapshots: snapshots)
    }

    /// Returns the message of the refusal; nil where there is none.
    private func refusal(_ needs: MemoryNeeds, of bytes: Int) throws -> String? {
        let (capacity, folder) = try capacity(bytes)
        defer { _ = folder }
        do {
            try needs.require(of: capacity)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("a run that fits into memory is not refused, and with one page less it is")
    func edge() throws {
        let needs = try needs("lenet", batch: 32)
        let snapshot = 3 << 20
        #expect(try refusal(needs, of: needs.bytes + snapshot) == nil)
        #expect(try refusal(needs, of: needs.bytes - 4096) != nil)
    }

    @Test("the first rank of a machine takes two more states for snapshots, unless they are in memory already")
    func snapshots() throws {
        let memory = try TemporaryFolder()
        let folder = SnapshotFolder(path: memory.path)
        let without = try needs("resnet18", batch: 8)
        let with = try needs("resnet18", batch: 8, snapshots: folder)
        // These are the values and the momentum of its parameters for ten classes, twice.
        let room = Double(16 * 11_181_642)
        let enough = 1 << 40
        func left(_ needs: MemoryNeeds) throws -> Double {
            let (capacity, folder) = try capacity(enough)
            defer { _ = folder }
            return Double(needs.left(of: capacity))
        }
        let taken = try left(without) - left(with)
        #expect(taken > room && taken < 1.01 * room)
        let file = folder.file(ofRun: String(repeating: "a", count: 32))
        FileManager.default.createFile(atPath: file, contents: nil)
        try #require(truncate(file, Int(taken) + 4096) == 0)
        #expect(try left(without) == left(needs("resnet18", batch: 8, snapshots: folder)))
    }

    @Test("a refusal names the bytes, the limit, and a batch that fits, in as many passes as make the same step")
    func parts() throws {
        let whole = try needs("resnet50", batch: 4096)
        let words = try #require(try refusal(whole, of: 20 << 30))
        #expect(words.contains("a batch of 4,096 images of 224x224") && words.contains("20.0 GiB"))
        #expect(words.contains("MemAvailable"))
        let numbers = words.matches(of: /--batch-size (\d+) --accumulate (\d+)/)
        let found = try #require(numbers.first)
        let (batch, passes) = (try #require(Int(found.1)), try #require(Int(found.2)))
        #expect(batch * passes == 4096 && batch > 16)
        // That batch fits, and twice as many samples would not.
        #expect(try refusal(needs("resnet50", batch: batch, accumulate: passes), of: 20 << 30) == nil)
        #expect(try refusal(needs("resnet50", batch: 4 * batch, accumulate: passes / 4), of: 20 << 30) != nil)
    }

    @Test("a refusal proposes no smaller batch where not even one image fits")
    func nothingFits() throws {
        let words = try #require(try refusal(try needs("vgg16", batch: 8), of: 1 << 30))
        #expect(words.contains("does not help") && !words.contains("--accumulate"))
    }

    @Test("the memory of averages, passes and resumed files is counted")
    func state() throws {
        let plain = try needs("lenet", batch: 32).bytes
        #expect(try needs("lenet", batch: 32) { $0.averageWeights = 0.9 }.bytes > plain)
        // Two sums wait in memory, of one pass and of two.
        let parts = try needs("alexnet", batch: 1, accumulate: 4).bytes - needs("alexnet", batch: 4).bytes
        #expect(parts > 0)
    }

    @Test("a batch that the data cannot fill takes memory for its samples only")
    func filled() throws {
        let small = try needs("lenet", batch: 17, samples: 17)
        let large = try needs("lenet", batch: 1_000_000, samples: 17)
        #expect(small.bytes == large.bytes)
    }

    @Test("a batch that the data cannot fill raises no learning rate, unless it was asked for")
    func learningRate() throws {
        let run = try TinyRun()
        func rate(_ change: (inout RecipeOverrides) -> Void) throws -> Double {
            let recipe = try Recipe.resolve(flags: run.flags("rate", change))
            return try Trainer(recipe: recipe, world: InProcessCommunicator(), console: Console(isQuiet: true)).recipe
                .learningRate
        }
        #expect(
            try rate {
                $0.learningRate = nil
                $0.batchSize = 1_000_000
            } == 0.1 * 40 / 256)
        #expect(try rate { $0.batchSize = 1_000_000 } == 0.5)
        #expect(try rate { $0.learningRate = nil } == 0.1 * 16 / 256)
    }
}

/// The memory of a loader keeps to its limit, and is known before it is reserved.
@Suite("Memory of the loader")
struct LoaderMemoryTests {
    private func setup(_ photos: MadePhotos, imageSize: Int, megabytes: Int) throws -> Setup {
        try Setup(
            model: ModelChoice("resnet18"), data: photos.path, imageSize: imageSize, classes: nil, threads: 2,
            instructionSet: .auto, prefetchMegabytes: megabytes, world: InProcessCommunicator())
    }

    private func needs(_ setup: Setup, batch: Int) throws -> MemoryNeeds {
        var flags = RecipeOverrides()
        flags.model = "resnet18"
        flags.batchSize = batch
        return setup.needs(
            toTrain: try Recipe.resolve(flags: flags), try setup.layout(batchSize: batch, seed: 1), samples: 100_000,
            isCoordinator: false)
    }

    @Test("prepared batches and the one in use fit into the megabytes, or there is one of each")
    func limits() throws {
        let photos = try MadePhotos()
        for megabytes in [1, 8, 64, 256, 4096] {
            let setup = try setup(photos, imageSize: 224, megabytes: megabytes)
            for batch in [1, 16, 64, 256, 1000] {
                let limits = setup.prefetchLimits(batchSize: batch)
                #expect(limits.threads == 2 && (1...16).contains(limits.batches))
                let bytes = (limits.batches + 1) * batch * 224 * 224 * 3
                #expect(limits.batches == 1 || bytes <= megabytes << 20, "\(megabytes) MB, \(batch) samples")
                // One more batch would not fit.
                #expect(limits.batches == 16 || bytes + batch * (224 * 224 * 3 + 8) > megabytes << 20)
            }
        }
    }

    @Test("a run that may prepare more samples needs as much more memory")
    func counted() throws {
        let photos = try MadePhotos()
        let small = try setup(photos, imageSize: 64, megabytes: 1)
        let large = try setup(photos, imageSize: 64, megabytes: 100)
        let (few, many) = (small.prefetchLimits(batchSize: 64), large.prefetchLimits(batchSize: 64))
        let sample = 64 * 64 * 3 + 8
        #expect(few.batches == 1 && many.batches == 16)
        let more = try needs(large, batch: 64).bytes - needs(small, batch: 64).bytes
        // Evaluation has its own batches, of as many bytes.
        #expect(more > 0 && more <= (many.batches - few.batches) * 64 * sample)
        #expect(large.loaderBytes(own: 64, limits: many) - small.loaderBytes(own: 64, limits: few) == 15 * 64 * sample)
    }

    @Test("pictures stay in memory where they fit into a quarter of what is left, and are needed again")
    func cache() throws {
        let photos = try MadePhotos()
        func isKept(_ choice: Recipe.ImageCache, epochs: Int, left: Int) throws -> Bool {
            var kept = try setup(photos, imageSize: 64, megabytes: 1)
            kept.keepPictures(choice, epochs: epochs, left: left)
            return (kept.dataset as? StoredDataset)?.cache != nil
        }
        #expect(try isKept(.auto, epochs: 2, left: 1 << 24))
        #expect(try !isKept(.off, epochs: 2, left: 1 << 24))
        #expect(try !isKept(.auto, epochs: 1, left: 1 << 24))
        // 52 pictures of some 3,000 bytes.
        #expect(try !isKept(.auto, epochs: 2, left: 4 * 52 * 2700))
        #expect(try !isKept(.auto, epochs: 2, left: 0))
        // The memory that is left is the memory that nothing else needs.
        let needs = try needs(setup(photos, imageSize: 64, megabytes: 1), batch: 8)
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path + "/proc", withIntermediateDirectories: true)
        func left(_ bytes: Int) throws -> Int {
            try Data("MemAvailable: \(bytes >> 10) kB\n".utf8).write(
                to: URL(fileURLWithPath: folder.path + "/proc/meminfo"))
            return needs.left(of: MemoryCapacity(root: folder.path))
        }
        #expect(try left(needs.bytes / 2) == 0)
        let (some, more) = (try left(needs.bytes + (1 << 20)), try left(needs.bytes + (3 << 20)))
        #expect(more > some && more - some <= 1 << 21)
    }
}
