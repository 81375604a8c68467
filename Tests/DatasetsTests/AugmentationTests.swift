import Tensors
import Testing

@testable import Datasets

/// Images whose every number is its place, plus 1000 for each sample.
private struct Places: DrawnDataset {
    let name = "places"
    let classNames = ["a", "b"]
    let channels: Int
    let suggestedImageSize: Int? = nil
    func count(of split: Split) -> Int { 64 }
    func label(at index: Int, in split: Split) -> Int { index % 2 }
    func draw(
        _ index: Int, of split: Split, imageSize: Int, into pixels: inout MutableSpan<Float>
    ) throws(DatasetError) {
        for place in pixels.indices { pixels[place] = Float(1000 * index + place) }
    }
}

@Suite struct AugmentationTests {
    private static let all: [Augmentation] = [.cropFlip, .resizedCropFlip]

    private func draws(_ sample: UInt32, epoch: Int = 0, seed: UInt64 = 1) -> AugmentationDraws {
        AugmentationDraws(seed: seed, epoch: epoch, sample: sample)
    }

    private func changed(
        _ augmentation: Augmentation, _ image: [Float], side: Int, _ draws: AugmentationDraws
    ) -> [Float] {
        var image = image
        var span = image.mutableSpan
        augmentation.apply(
            to: &span, side: side, black: Array(repeating: -1, count: span.count / (side * side)), draws: draws)
        return image
    }

    /// 0, 1, 2, …
    private func ramp(_ side: Int, _ channels: Int = 1) -> [Float] { (0..<side * side * channels).map(Float.init) }

    // MARK: What both promise

    @Test("augmentation is a function of seed, epoch and sample, and of each of them", arguments: all)
    func function(augmentation: Augmentation) {
        func images(epoch: Int = 3, seed: UInt64 = 1, from first: UInt32 = 0) -> [[Float]] {
            (first..<first + 20).map { changed(augmentation, ramp(16), side: 16, draws($0, epoch: epoch, seed: seed)) }
        }
        let reference = images()
        #expect(images() == reference)
        #expect(images(epoch: 4) != reference && images(seed: 2) != reference && images(from: 100) != reference)
        #expect(Set(reference).count > 15)
    }

    @Test("augmentation mirrors every other image", arguments: all)
    func mirrors(augmentation: Augmentation) {
        let count = 4000
        let mirrored = (0..<UInt32(count)).filter { sample in
            augmentation == .cropFlip
                ? CropFlip(draws(sample)).isMirrored
                : ResizedCropFlip(draws(sample), height: 64, width: 64).isMirrored
        }.count
        // Five standard deviations of a fair coin.
        #expect((mirrored - count / 2).magnitude < 5 * 32)
    }

    @Test("augmentation keeps a pixel's channels together", arguments: all)
    func channels(augmentation: Augmentation) {
        let grey = ramp(16)
        let colours = grey.flatMap { [$0, 2 * $0, 4 * $0] }
        for sample in 0..<20 as Range<UInt32> {
            let one = changed(augmentation, grey, side: 16, draws(sample))
            let three = changed(augmentation, colours, side: 16, draws(sample))
            for (place, value) in one.enumerated() {
                // Sums of multiples by powers of two round alike; what is missing is black in all.
                let expected = value == -1 ? [-1, -1, -1] : [value, 2 * value, 4 * value]
                #expect(Array(three[3 * place..<3 * place + 3]) == expected)
            }
        }
    }

    // MARK: Crops of the padded image

    @Test("a crop reaches every place of the padded image, each about as often")
    func cropPlaces() {
        var counts: [[Int]: Int] = [:]
        for sample in 0..<8_100 as Range<UInt32> {
            let crop = CropFlip(draws(sample))
            counts[[crop.top, crop.left], default: 0] += 1
        }
        #expect(counts.count == 81 && counts.keys.allSatisfy { $0.allSatisfy { (0...8).contains($0) } })
        // 100 expected, six standard deviations.
        #expect(counts.values.allSatisfy { (40...160).contains($0) })
    }

    @Test("a crop is the padded image's window, mirrored or not", arguments: [4, 5, 9, 32], [false, true])
    func cropWindow(side: Int, isMirrored: Bool) {
        let image = ramp(side)
        for (top, left) in [(4, 4), (0, 0), (8, 8), (0, 8), (3, 6)] {
            var pixels = image
            var span = pixels.mutableSpan
            CropFlip(top: top, left: left, isMirrored: isMirrored).apply(to: &span, side: side, black: [-1])
            let padded = side + 8
            func at(_ row: Int, _ column: Int) -> Float {
                let inside = (4..<padded - 4).contains(row) && (4..<padded - 4).contains(column)
                return inside ? image[(row - 4) * side + column - 4] : -1
            }
            for row in 0..<side {
                let window = (0..<side).map { at(row + top, $0 + left) }
                #expect(Array(pixels[row * side..<(row + 1) * side]) == (isMirrored ? window.reversed() : window))
            }
        }
    }

    // MARK: Resized crops

    @Test(
        "a resized crop lies within the image and has an area and a ratio that are allowed",
        arguments: [(64, 64), (224, 224), (300, 200), (100, 1000), (1, 1), (3, 2)])
    func resizedCropBounds(height: Int, width: Int) {
        for sample in 0..<2000 as Range<UInt32> {
            let crop = ResizedCropFlip(draws(sample), height: height, width: width)
            #expect(crop.top >= 0 && crop.left >= 0 && crop.height > 0 && crop.width > 0)
            #expect(crop.top + crop.height <= height && crop.left + crop.width <= width)
            // Each side is rounded by half a pixel at most.
            let (high, wide) = (Double(crop.height), Double(crop.width))
            #expect((wide + 0.5) / max(high - 0.5, 0.5) >= 0.75 && (wide - 0.5) / (high + 0.5) <= 4 / 3.0)
            let area = Double(height * width)
            if min(height, width) > 50, max(height, width) < 2 * min(height, width) {
                #expect((high + 0.5) * (wide + 0.5) >= 0.08 * area)
            }
        }
    }

    @Test("areas and ratios are spread as torchvision's")
    func resizedCropSpread() {
        let crops = (0..<8000 as Range<UInt32>).map { ResizedCropFlip(draws($0), height: 1000, width: 1000) }
        // Two million draws by the rule of RandomResizedCrop.get_params on a square have a mean area of 0.4780; wide
        // and high are alike.
        let areas = crops.map { Double($0.height * $0.width) / 1e6 }
        let mean = areas.reduce(0, +) / Double(areas.count)
        // Five standard errors of a spread of about 0.25.
        #expect((mean - 0.4780).magnitude < 5 * 0.25 / Double(areas.count).squareRoot(), "\(mean)")
        let wider = crops.filter { $0.width > $0.height }.count
        #expect((wider - 4000).magnitude < 5 * 45, "\(wider)")
        #expect(areas.contains { $0 < 0.1 } && areas.contains { $0 > 0.9 })
    }

    @Test("every place of the image is reached by some resized crop, at its edges too")
    func resizedCropPlaces() {
        var reached = Set<Int>()
        for sample in 0..<2000 as Range<UInt32> {
            let crop = ResizedCropFlip(draws(sample), height: 32, width: 32)
            if crop.top == 0 { reached.insert(0) }
            if crop.left == 0 { reached.insert(1) }
            if crop.top + crop.height == 32 { reached.insert(2) }
            if crop.left + crop.width == 32 { reached.insert(3) }
        }
        #expect(reached == [0, 1, 2, 3])
    }

    @Test("where no try fits, the crop is the largest in the middle whose ratio is allowed")
    func resizedCropFallback() {
        #expect(
            ResizedCropFlip(middleOf: 100, 1000, isMirrored: false)
                == ResizedCropFlip(top: 0, left: 433, height: 100, width: 133, isMirrored: false))
        #expect(
            ResizedCropFlip(middleOf: 900, 300, isMirrored: true)
                == ResizedCropFlip(top: 250, left: 0, height: 400, width: 300, isMirrored: true))
        #expect(
            ResizedCropFlip(middleOf: 50, 50, isMirrored: false)
                == ResizedCropFlip(top: 0, left: 0, height: 50, width: 50, isMirrored: false))
        // An image so flat that no try can fit.
        let flat = ResizedCropFlip(draws(1), height: 1, width: 1000)
        #expect(flat.height == 1 && flat.width == 1 && flat.left == 499)
    }

    @Test("a whole image stays as it is, a part becomes what it is between its pixels")
    func resizing() {
        let image = ramp(8)
        var whole = image
        var span = whole.mutableSpan
        ResizedCropFlip(top: 0, left: 0, height: 8, width: 8, isMirrored: false).apply(to: &span, side: 8, channels: 1)
        #expect(whole == image)
        var mirrored = image
        var other = mirrored.mutableSpan
        ResizedCropFlip(top: 0, left: 0, height: 8, width: 8, isMirrored: true).apply(to: &other, side: 8, channels: 1)
        for row in 0..<8 { #expect(Array(mirrored[8 * row..<8 * row + 8]) == image[8 * row..<8 * row + 8].reversed()) }
        // The quarter from (2, 4) on at twice its size: a ramp stays a ramp, but for repeated edges.
        var part = image
        var third = part.mutableSpan
        ResizedCropFlip(top: 2, left: 4, height: 4, width: 4, isMirrored: false).apply(to: &third, side: 8, channels: 1)
        for row in 0..<8 {
            for column in 0..<8 {
                let down = min(max(Float(row) / 2 - 0.25, 0), 3)
                let across = min(max(Float(column) / 2 - 0.25, 0), 3)
                #expect(part[row * 8 + column] == (2 + down) * 8 + 4 + across)
            }
        }
    }

    // MARK: In batches

    private func images(_ stream: BatchStream) throws -> [[UInt32: [Float]]] {
        var batches: [[UInt32: [Float]]] = []
        while let loaded = try stream.next() {
            var images: [UInt32: [Float]] = [:]
            for pass in loaded.earlierPasses + [loaded] where pass.batch.count > 0 {
                let size = pass.batch.images.sampleCount
                for (place, sample) in pass.batch.sampleIDs.enumerated() {
                    images[sample] = Array(pass.batch.images.floats[place * size..<(place + 1) * size])
                }
            }
            batches.append(images)
        }
        return batches
    }

    @Test("an image is the same for any number of ranks and passes, and from any step on", arguments: all)
    func batches(augmentation: Augmentation) throws {
        let loader = Loader(dataset: Places(channels: 1), imageSize: 12, augmentation: augmentation)
        let sampler = Sampler(count: 64, batchSize: 10, seed: 5)
        let whole = try images(loader.trainingBatches(epoch: 1, sampler: sampler, sharding: Sharding()))
        #expect(whole.count == 7 && whole.flatMap(\.keys).sorted() == Array(0..<64))
        for ranks in [2, 3, 8] {
            for passes in [1, 2] {
                var together = [[UInt32: [Float]]](repeating: [:], count: 4)
                for rank in 0..<ranks {
                    let stream = loader.trainingBatches(
                        epoch: 1, from: 3, sampler: sampler, sharding: Sharding(ranks: ranks, rank: rank),
                        passes: passes)
                    for (step, batch) in try images(stream).enumerated() { together[step].merge(batch) { a, _ in a } }
                }
                let isSame = together == Array(whole[3...])
                #expect(isSame, "\(ranks) ranks, \(passes) passes")
            }
        }
    }

    @Test("images are others in the next epoch, and what no augmentation makes is what the dataset draws")
    func epochs() throws {
        let dataset = Places(channels: 3)
        let sampler = Sampler(count: 64, batchSize: 64, seed: 5)
        func all(_ augmentation: Augmentation, epoch: Int) throws -> [UInt32: [Float]] {
            let loader = Loader(dataset: dataset, imageSize: 8, augmentation: augmentation)
            return try images(loader.trainingBatches(epoch: epoch, sampler: sampler, sharding: Sharding()))[0]
        }
        for augmentation in Self.all {
            let (first, second) = (try all(augmentation, epoch: 0), try all(augmentation, epoch: 1))
            #expect(first.filter { second[$0.key] == $0.value }.count < 8)
        }
        for (sample, image) in try all(.none, epoch: 0) {
            #expect(try image == dataset.image(Int(sample), of: .train, imageSize: 8))
        }
    }

    @Test("evaluation sees images as they are", arguments: all)
    func evaluation(augmentation: Augmentation) throws {
        let plain = Loader(dataset: Places(channels: 1), imageSize: 8)
        let loader = Loader(dataset: Places(channels: 1), imageSize: 8, augmentation: augmentation)
        #expect(
            try images(loader.evaluationBatches(ranks: 1, rank: 0, batchSize: 16))
                == images(plain.evaluationBatches(ranks: 1, rank: 0, batchSize: 16)))
    }

    @Test("the margin of a crop is black as the dataset has it")
    func black() throws {
        let dataset = Shapes()
        let loader = Loader(dataset: dataset, imageSize: 8, augmentation: .cropFlip)
        let sampler = Sampler(count: 10_000, batchSize: 8, seed: 5)
        let stream = loader.trainingBatches(epoch: 0, sampler: sampler, sharding: Sharding())
        let loaded = try #require(try stream.next())
        stream.close()
        // Shapes are drawn as (value - 0.5) * 3.7 with values from 0 on.
        let black = try #require(loaded.batch.images.floats.min())
        #expect((black + 1.85).magnitude < 1e-6)
        #expect(loaded.batch.images.floats.filter { $0 == black }.count > 100)
    }
}
