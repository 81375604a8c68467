import Datasets
import Foundation
import Synchronization
import Tensors
import Testing

/// Images of one pixel that hold their own index, and a record of what was drawn.
private final class Probe: DrawnDataset {
    let name = "probe"
    let classNames = ["even", "odd"]
    let channels = 1
    let samples: Int
    /// The sample that cannot be drawn.
    let broken: Int?
    private let drawn = Mutex(0)

    init(samples: Int, broken: Int? = nil) {
        self.samples = samples
        self.broken = broken
    }

    var drawnCount: Int { drawn.withLock { $0 } }

    func count(of split: Split) -> Int { samples }
    func label(at index: Int, in split: Split) -> Int { index % 2 }
    func draw(
        _ index: Int, of split: Split, imageSize: Int, into pixels: inout MutableSpan<Float>
    ) throws(DatasetError) {
        if index == broken { throw .empty(file: "sample \(index)") }
        drawn.withLock { $0 += 1 }
        for pixel in pixels.indices { pixels[pixel] = Float(index) }
    }
}

private func all(_ stream: BatchStream) throws -> [LoadedBatch] {
    var batches: [LoadedBatch] = []
    while let batch = try stream.next() { batches.append(batch) }
    return batches
}

/// Whether `condition` comes true within ten seconds.
private func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<10_000 {
        if condition() { return true }
        Thread.sleep(forTimeInterval: 0.001)
    }
    return false
}

@Suite struct LoaderTests {
    @Test(
        "over all ranks each global batch's samples come once, in shard order", arguments: [1, 2, 3, 4, 8, 11],
        [4, 32, 45])
    func coverage(ranks: Int, batchSize: Int) throws {
        let loader = Loader(dataset: Probe(samples: 100), imageSize: 2)
        let sampler = Sampler(count: 100, batchSize: batchSize, seed: 3)
        let order = sampler.order(ofEpoch: 2)
        let shardings = (0..<ranks).map { Sharding(ranks: ranks, rank: $0) }
        let loaded = try shardings.map { try all(loader.trainingBatches(epoch: 2, sampler: sampler, sharding: $0)) }
        for (rank, batches) in loaded.enumerated() {
            #expect(batches.map(\.step) == Array(0..<order.steps))
            for batch in batches {
                let global = Array(order[batch.step])
                #expect(batch.globalSamples == global.count)
                let ranges = shardings[rank].ownShards.map {
                    shardings[rank].samples(ofShard: $0, batchSize: global.count)
                }
                #expect(batch.batch.sampleIDs == ranges.flatMap { global[$0] })
                #expect(batch.batch.shardSizes == ranges.map(\.count))
                #expect(batch.batch.targets == batch.batch.sampleIDs.map { Target(Int32($0 % 2)) })
                #expect(
                    batch.batch.images.floats
                        == batch.batch.sampleIDs.flatMap { [Float](repeating: Float($0), count: 4) })
            }
        }
        for step in 0..<order.steps {
            #expect(loaded.flatMap { $0[step].batch.sampleIDs }.sorted() == order[step].sorted())
        }
    }

    @Test("starting in the middle of an epoch gives what the whole epoch has from there", arguments: [0, 1, 5, 9, 10])
    func resumption(step: Int) throws {
        let loader = Loader(dataset: Shapes(), imageSize: 4)
        let sampler = Sampler(count: 10_000, batchSize: 1000, seed: 3)
        let sharding = Sharding(ranks: 8, rank: 5)
        let whole = try all(loader.trainingBatches(epoch: 1, sampler: sampler, sharding: sharding))
        let rest = try all(loader.trainingBatches(epoch: 1, from: step, sampler: sampler, sharding: sharding))
        #expect(rest.map(\.step) == Array(step..<10))
        #expect(rest.map(\.batch.sampleIDs) == whole[step...].map(\.batch.sampleIDs))
        #expect(rest.map(\.batch.images.floats) == whole[step...].map(\.batch.images.floats))
    }

    @Test(
        "evaluation counts every sample once, in the same pieces for any number of ranks",
        arguments: [1, 2, 3, 5, 8, 11, 40], [1, 7, 64])
    func evaluation(ranks: Int, batchSize: Int) throws {
        for samples in [0, 5, 101] {
            let loader = Loader(dataset: Probe(samples: samples), imageSize: 1)
            func pieces(_ ranks: Int) throws -> [LoadedBatch] {
                try (0..<ranks).flatMap { rank in
                    try all(loader.evaluationBatches(ranks: ranks, rank: rank, batchSize: batchSize))
                }
            }
            let batches = try pieces(ranks)
            #expect(batches.flatMap(\.batch.sampleIDs).sorted() == (0..<samples).map { UInt32($0) })
            #expect(
                batches.allSatisfy { (1...batchSize).contains($0.batch.count) && $0.globalSamples == $0.batch.count })
            if ranks <= Sharding.defaultShards {
                let alone = Set(try pieces(1).map { [UInt32($0.shard)] + $0.batch.sampleIDs })
                #expect(Set(batches.map { [UInt32($0.shard)] + $0.batch.sampleIDs }) == alone)
            }
        }
    }

    @Test("an error reaches the consumer after the batches before it, once")
    func failure() throws {
        let loader = Loader(dataset: Probe(samples: 40, broken: 25), imageSize: 1)
        let sampler = Sampler(count: 40, batchSize: 10, seed: 0, isShuffled: false)
        let stream = loader.trainingBatches(epoch: 0, sampler: sampler, sharding: Sharding())
        #expect(try stream.next()?.step == 0)
        #expect(try stream.next()?.step == 1)
        #expect(throws: DatasetError.empty(file: "sample 25")) { try stream.next() }
        #expect(try stream.next()?.step == nil)
    }

    @Test("at most two batches are made ahead of the consumer")
    func bound() throws {
        let probe = Probe(samples: 100)
        let stream = Loader(dataset: probe, imageSize: 1).trainingBatches(
            epoch: 0, sampler: Sampler(count: 100, batchSize: 10, seed: 0), sharding: Sharding())
        #expect(eventually { probe.drawnCount == 20 })
        Thread.sleep(forTimeInterval: 0.05)
        #expect(probe.drawnCount == 20)
        _ = try stream.next()
        #expect(eventually { probe.drawnCount == 30 })
        stream.close()
        #expect(try stream.next()?.step == nil)
    }

    @Test("a stream that is let go early ends its thread and lets the dataset go", arguments: [0, 1, 2, 3])
    func abandonment(taken: Int) throws {
        weak var released: Probe?
        do {
            let probe = Probe(samples: 1000)
            released = probe
            let stream = Loader(dataset: probe, imageSize: 1).trainingBatches(
                epoch: 0, sampler: Sampler(count: 1000, batchSize: 10, seed: 0), sharding: Sharding())
            for _ in 0..<taken { #expect(try stream.next() != nil) }
        }
        #expect(eventually { released == nil })
    }
}
