import Foundation
import ImageFaults
import Tensors
import Testing

@testable import Datasets

@Suite("Pictures that stay decoded in memory")
struct PictureCacheTests {
    /// 12 pictures to train with and 4 to test with, one of which is damaged near its lower edge.
    private func made() throws -> MadeFolder {
        let folder = try MadeFolder()
        for index in 0..<12 {
            let (width, height) = (20 + index, 34 - index)
            let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 &* (index + 3) >> 1) }
            let file =
                index % 2 == 0
                ? Pictures.png(pixels, width: width, height: height, channels: 3)
                : Pictures.jpeg(pixels, width: width, height: height, channels: 3, sampling: (2, 2))
            try folder.write(file, to: "train/\(index % 3 == 0 ? "a" : "b")/\(index).jpg")
            if index < 4 { try folder.write(file, to: "val/\(index % 3 == 0 ? "a" : "b")/\(index).jpg") }
        }
        // Sound above its lower edge, as decoders find out that see no more than the upper part.
        let pixels = (0..<64 * 64 * 3).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
        var file = Pictures.png(pixels, width: 64, height: 64, channels: 3)
        file[file.count - 400] ^= 1
        try folder.write(file, to: "train/a/edge.jpg")
        try folder.write(Array(file.prefix(file.count / 2)), to: "train/b/cut.jpg")
        return folder
    }

    private func dataset(_ folder: MadeFolder) throws -> StoredDataset {
        try #require(try openDataset(folder.path) as? StoredDataset)
    }

    /// The floats and the damage of two epochs and two evaluations.
    private func shown(
        _ dataset: StoredDataset, _ images: ImageOptions = ImageOptions(), threads: Int
    ) throws -> [String] {
        let loader = Loader(
            dataset: dataset, imageSize: 12, augmentation: .resizedCropFlip, images: images,
            limits: PrefetchLimits(threads: threads, batches: 3))
        let sampler = Sampler(count: dataset.count(of: .train), batchSize: 5, seed: 3)
        var shown: [String] = []
        func add(_ stream: BatchStream) throws {
            while let loaded = try stream.next() {
                shown.append("\(loaded.batch.sampleIDs) \(loaded.batch.images.floats) \(loaded.bad)")
            }
        }
        for epoch in 0..<3 {
            try add(loader.trainingBatches(epoch: epoch, sampler: sampler, sharding: Sharding()))
            try add(loader.evaluationBatches(ranks: 1, rank: 0, batchSize: 3))
        }
        return shown
    }

    @Test(
        "kept pictures are shown as those decoded each time, to the byte, and damage is found no sooner",
        arguments: [1, 3])
    func bits(threads: Int) throws {
        let folder = try made()
        let plain = try dataset(folder)
        let cache = try #require(PictureCache(of: plain.source, as: ImageOptions(), capacity: 1 << 20))
        let expected = try shown(plain, threads: threads)
        #expect(try shown(plain.keeping(cache), threads: threads) == expected)
        // All but the two that are damaged.
        let sizes = (0..<12).map { (20 + $0) * (34 - $0) * 3 }
        let pixels = sizes.reduce(0, +) + sizes.prefix(4).reduce(0, +)
        #expect(cache.bytes > pixels && cache.bytes < pixels + 16 * 200)
        // From memory alone.
        for split in Split.allCases {
            for path in (0..<plain.count(of: split)).map({ plain.source.path(of: $0, in: split) }) {
                if !path.hasSuffix("edge.jpg") && !path.hasSuffix("cut.jpg") { #expect(unlink(path) == 0) }
            }
        }
        #expect(try shown(plain.keeping(cache), threads: threads) == expected)
    }

    @Test("kept pictures take no more memory than they may: all of them, or none from the beginning")
    func capacity() throws {
        let pictures = try made()
        let plain = try dataset(pictures)
        let cache = try #require(PictureCache(of: plain.source, as: ImageOptions(), capacity: 1 << 20))
        #expect(cache.capacity <= 1 << 20)
        #expect(PictureCache(of: plain.source, as: ImageOptions(), capacity: cache.capacity - 1) == nil)
        // Every second picture is looked at, and the others are larger: they fill it early, and the rest is decoded
        // each time.
        let folder = try MadeFolder()
        for index in 0..<64 {
            let side = index % 2 == 0 ? 8 : 40
            let file = picture(index, width: side, height: side)
            try folder.write(file, to: "train/\(index < 32 ? "a" : "b")/\(index + 100).png")
            if index < 2 { try folder.write(file, to: "val/\("ab".dropFirst(index).prefix(1))/1.png") }
        }
        let uneven = try dataset(folder)
        let small = try #require(PictureCache(of: uneven.source, as: ImageOptions(), capacity: 1 << 20))
        #expect(small.capacity < 32 * 40 * 40 * 3)
        #expect(try shown(uneven.keeping(small), threads: 2) == shown(uneven, threads: 1))
        #expect(small.bytes <= small.capacity && small.bytes > small.capacity / 2)
        withExtendedLifetime((pictures, folder)) {}
    }

    @Test("no picture is kept where decoding depends on what is shown, or where no file is decoded")
    func needless() throws {
        let folder = try made()
        let plain = try dataset(folder)
        #expect(PictureCache(of: plain.source, as: ImageOptions(shrinksInDecoder: true), capacity: .max) == nil)
        let idx = try IDXFolder()
        let digits = try #require(try openDataset("mnist:" + idx.path) as? StoredDataset)
        #expect(PictureCache(of: digits.source, as: ImageOptions(), capacity: .max) == nil)
        // Pictures are kept as one way of decoding has them.
        let cache = try #require(PictureCache(of: plain.source, as: ImageOptions(), capacity: 1 << 20))
        let lying = ImageOptions(turnsUpright: false)
        #expect(try shown(plain.keeping(cache), lying, threads: 1) == shown(plain, lying, threads: 1))
        #expect(cache.bytes == 0)
    }
}
