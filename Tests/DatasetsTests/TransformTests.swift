import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite("Transforms of stored images")
struct TransformTests {
    private func draws(_ sample: UInt32, _ name: String = "a test") -> AugmentationDraws {
        AugmentationDraws(CounterRandom(seed: 5, stream: name), sample: sample)
    }

    private func look(
        _ augmentation: Augmentation, side: Int = 12, epoch: Int = 0, images: ImageOptions = ImageOptions()
    ) -> SampleLook {
        SampleLook(
            imageSize: side,
            training: SampleLook.Training(augmentation: augmentation, mixing: Mixing(), seed: 3, epoch: epoch),
            images: images)
    }

    private func images(_ source: some Source, _ look: SampleLook, count: Int = 40) throws -> [[Float]] {
        let dataset = StoredDataset(
            source,
            normalisation: Normalisation(
                name: "bytes", means: Array(repeating: 0, count: source.channels),
                deviations: Array(repeating: 1 / 255, count: source.channels)))
        let batch = dataset.batch(of: (0..<UInt32(count)).map { $0 }, in: .train, as: look)
        let scratch = LoaderScratch()
        for position in 0..<count { try batch.prepare(position, with: scratch) }
        let floats = batch.images(at: Array(0..<count)).floats
        let size = floats.count / count
        return (0..<count).map { Array(floats[$0 * size..<($0 + 1) * size]) }
    }

    // MARK: Cuts and flips

    @Test("a crop with a reflected margin shows numpy's reflect, mirrored or not", arguments: [1, 3], [4, 7, 30])
    func reflection(channels: Int, padding: Int) throws {
        let side = 12
        let augmentation = Augmentation(geometry: .crop(padding: padding, margin: .reflected), flip: .random(0.5))
        let look = look(augmentation, side: side)
        let shown = try images(Ramps(channels: channels, side: side, gone: nil), look)
        for (index, image) in shown.enumerated() {
            let draws = AugmentationDraws(seed: 3, epoch: 0, sample: UInt32(index))
            let crop = CropFlip(draws, padding: padding)
            // Bouncing between 0 and side - 1.
            func bounced(_ place: Int) -> Int {
                var (place, step) = (place, place < 0 ? 1 : -1)
                var rest = 0
                if place < 0 {
                    (rest, place) = (-place, 0)
                } else if place >= side {
                    (rest, place) = (place - side + 1, side - 1)
                }
                for _ in 0..<rest {
                    if place + step < 0 || place + step >= side { step = -step }
                    place += step
                }
                return place
            }
            for row in 0..<side {
                for column in 0..<side {
                    let across = crop.isMirrored ? side - 1 - column : column
                    let from = bounced(row + crop.top - padding) * side + bounced(across + crop.left - padding)
                    for channel in 0..<channels {
                        let byte = UInt8(truncatingIfNeeded: index + from * channels + channel)
                        let value = image[(row * side + column) * channels + channel]
                        #expect((value - Float(byte)).magnitude < 0.01)
                    }
                }
            }
        }
    }

    @Test("alternating flips show half of the images mirrored, and each the other way in the next epoch")
    func alternating() throws {
        let source = Ramps(channels: 1, side: 8, gone: nil)
        let plain = try images(source, look(.none, side: 8))
        var isMirrored: [[Bool]] = []
        for epoch in 0..<3 {
            isMirrored.append(
                zip(try images(source, look(Augmentation(flip: .alternating), side: 8, epoch: epoch)), plain).map {
                    $0 != $1
                })
        }
        #expect((10...30).contains(isMirrored[0].filter { $0 }.count))
        #expect(isMirrored[1] == isMirrored[0].map { !$0 } && isMirrored[2] == isMirrored[0])
    }

    @Test("a flip has the probability that is asked for", arguments: [0.0, 0.2, 0.5, 1.0])
    func flips(probability: Double) {
        let look = look(Augmentation(flip: .random(probability)))
        let count = (0..<4000 as Range<UInt32>).filter {
            Framing(of: 12, 12, index: $0, as: look, shorter: 12).isMirrored
        }.count
        #expect(
            (Double(count) - 4000 * probability).magnitude <= 5 * 32 * (probability * (1 - probability)).squareRoot()
                * 2)
    }

    @Test("the old names are abbreviations: the same crops, the same flips")
    func abbreviations() {
        for sample in 0..<200 as Range<UInt32> {
            let draws = AugmentationDraws(seed: 3, epoch: 0, sample: sample)
            let crop = CropFlip(draws)
            let framing = Framing(of: 12, 12, index: sample, as: look(.cropFlip), shorter: 12)
            #expect(
                framing.top == crop.top - 4 && framing.left == crop.left - 4 && framing.isMirrored == crop.isMirrored)
            let resized = ResizedCropFlip(draws, height: 40, width: 60)
            let other = Framing(of: 40, 60, index: sample, as: look(.resizedCropFlip), shorter: 14)
            #expect(other.rows == resized.top..<resized.top + resized.height && other.isMirrored == resized.isMirrored)
        }
    }

    // MARK: Colours and policies

    @Test("colour jitter draws factors from its ranges, in every order")
    func jitter() {
        let jitter = ColourJitter(brightness: 0.4, contrast: 2, saturation: 0.1, hue: 0.2)
        var orders = Set<[Int]>()
        for sample in 0..<2000 as Range<UInt32> {
            let operations = jitter.operations(draws(sample))
            orders.insert(
                operations.map { operation in
                    switch operation {
                    case .brightness(let factor):
                        #expect((0.6...1.4).contains(factor))
                        return 0
                    case .contrast(let factor):
                        #expect((0...3).contains(factor))
                        return 1
                    case .saturation(let factor):
                        #expect((0.9...1.1).contains(factor))
                        return 2
                    case .hue(let turn):
                        #expect((-0.2...0.2).contains(turn))
                        return 3
                    default: return 4
                    }
                })
        }
        #expect(orders.count == 24 && orders.allSatisfy { $0.sorted() == [0, 1, 2, 3] })
        #expect(ColourJitter(contrast: 0.5).operations(draws(1)).count == 1)
    }

    /// From `_augmentation_space` of torchvision 0.29, for images of 192 x 224.
    private static let strengths: [(OperationKind.Space, Int, Bool, [ImageOperation])] = [
        (
            .randAugment, 9, false,
            [
                .identity,
                .affine(.shearX(0.09000000357627869)),
                .affine(.shearY(0.09000000357627869)),
                .affine(.translation(x: 26)),
                .affine(.translation(y: 30)),
                .affine(.rotation(degrees: 9.0, height: 224, width: 192)),
                .brightness(1 + 0.26999998092651367),
                .saturation(1 + 0.26999998092651367),
                .contrast(1 + 0.26999998092651367),
                .sharpness(1 + 0.26999998092651367),
                .posterize(bits: 7),
                .solarize(threshold: 178.5),
                .autoContrast,
                .equalize,
            ]
        ),
        (
            .randAugment, 22, true,
            [
                .identity,
                .affine(.shearX(-0.2199999988079071)),
                .affine(.shearY(-0.2199999988079071)),
                .affine(.translation(x: -63)),
                .affine(.translation(y: -74)),
                .affine(.rotation(degrees: -22.0, height: 224, width: 192)),
                .brightness(1 + -0.6599999666213989),
                .saturation(1 + -0.6599999666213989),
                .contrast(1 + -0.6599999666213989),
                .sharpness(1 + -0.6599999666213989),
                .posterize(bits: 5),
                .solarize(threshold: 68.0),
                .autoContrast,
                .equalize,
            ]
        ),
        (
            .trivialAugment, 14, false,
            [
                .identity,
                .affine(.shearX(0.4620000123977661)),
                .affine(.shearY(0.4620000123977661)),
                .affine(.translation(x: 14)),
                .affine(.translation(y: 14)),
                .affine(.rotation(degrees: 63.0, height: 224, width: 192)),
                .brightness(1 + 0.4620000123977661),
                .saturation(1 + 0.4620000123977661),
                .contrast(1 + 0.4620000123977661),
                .sharpness(1 + 0.4620000123977661),
                .posterize(bits: 5),
                .solarize(threshold: 136.0),
                .autoContrast,
                .equalize,
            ]
        ),
        (
            .trivialAugment, 23, true,
            [
                .identity,
                .affine(.shearX(-0.7590000033378601)),
                .affine(.shearY(-0.7590000033378601)),
                .affine(.translation(x: -24)),
                .affine(.translation(y: -24)),
                .affine(.rotation(degrees: -103.5, height: 224, width: 192)),
                .brightness(1 + -0.7590000033378601),
                .saturation(1 + -0.7590000033378601),
                .contrast(1 + -0.7590000033378601),
                .sharpness(1 + -0.7590000033378601),
                .posterize(bits: 3),
                .solarize(threshold: 59.5),
                .autoContrast,
                .equalize,
            ]
        ),
    ]

    @Test("policies' operations have torchvision's strengths, to the bit", arguments: 0..<4)
    func strengths(case number: Int) {
        let (space, magnitude, isNegative, expected) = Self.strengths[number]
        for (kind, operation) in zip(OperationKind.allCases, expected) {
            #expect(
                kind.operation(space, magnitude: magnitude, isNegative: isNegative, height: 224, width: 192)
                    == operation)
        }
    }

    @Test("policies draw every operation, as many as are asked for")
    func policies() {
        let all = (0..<3000 as Range<UInt32>).map {
            RandAugment(operations: 3).operations(draws($0), height: 9, width: 9)
        }
        #expect(all.allSatisfy { $0.count == 3 })
        func names(_ operations: [ImageOperation]) -> Set<String> {
            Set(operations.map { String("\($0)".prefix { $0 != "(" }) })
        }
        #expect(names(all.flatMap { $0 }).count == 10)
        #expect(
            names((0..<3000 as Range<UInt32>).map { TrivialAugment.operation(draws($0), height: 9, width: 9) }).count
                == 10)
    }

    @Test("an erased part has torchvision's areas and shapes, and the mean colour; others are as they were")
    func erasing() throws {
        var (count, area) = (0, 0.0)
        for sample in 0..<4000 as Range<UInt32> {
            guard let part = RandomErasing.rectangle(draws(sample), probability: 0.25, side: 100) else { continue }
            count += 1
            area += Double(part.area) / 10_000
            #expect(part.rows.lowerBound >= 0 && part.rows.upperBound <= 100)
            #expect(part.columns.lowerBound >= 0 && part.columns.upperBound <= 100)
            #expect(part.rows.count < 100 && part.columns.count < 100 && part.area >= 150 && part.area <= 3400)
        }
        #expect((count - 1000).magnitude < 5 * 28)
        // Evenly between 0.02 and 0.33, but for those that did not fit.
        #expect((area / Double(count) - 0.17).magnitude < 0.02)
        let source = Ramps(channels: 3, side: 20, gone: nil)
        let erased = try images(source, look(Augmentation(erasing: 1), side: 20))
        for (image, plain) in zip(erased, try images(source, look(.none, side: 20))) {
            let changed = zip(image, plain).filter { $0 != $1 }
            #expect(changed.allSatisfy { $0.0 == 0 } && changed.count > 10 && changed.count < 3 * 200)
        }
    }

    @Test("changes are a function of seed, epoch and sample, and change in each epoch")
    func function() throws {
        let augmentation = Augmentation(
            geometry: .resizedCrop(areas: 0.3...1), flip: .random(0.5),
            jitter: ColourJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1),
            policy: .randAugment(RandAugment()), erasing: 0.5)
        let source = Ramps(channels: 3, side: 32, gone: nil)
        let first = try images(source, look(augmentation, side: 24))
        #expect(try images(source, look(augmentation, side: 24)) == first)
        let second = try images(source, look(augmentation, side: 24, epoch: 1))
        #expect(zip(first, second).filter { $0 == $1 }.isEmpty)
        // One thread has had other samples before.
        #expect(try images(source, look(augmentation, side: 24), count: 3) == Array(first[..<3]))
    }
}

@Suite("Drawn images")
struct DrawnImageTests {
    @Test("drawn images refuse transforms of bytes, and take the two that they can have")
    func drawn() throws {
        for augmentation in Augmentation.ofDrawnImages { try Shapes().require(augmentation) }
        #expect(throws: DatasetError.drawnImages(dataset: "shapes")) {
            try Shapes().require(Augmentation(policy: .trivialAugment))
        }
        try StoredDataset(Ramps(channels: 1, side: 4, gone: nil)).require(Augmentation(policy: .trivialAugment))
    }
}

@Suite("Mixing")
struct MixingTests {
    private func mixed(_ mixing: Mixing, shards: [Int], ids: [UInt32], side: Int = 8) -> (
        FloatImages, any BatchImages, [Target]
    ) {
        let images = FloatImages(
            ids.flatMap { id in (0..<side * side).map { Float(1000 * Int(id) + $0) } }, samples: ids.count)
        let result = mixing.mix(
            images, ids.map { Target(Int32($0 % 10)) }, shards: shards, sampleIDs: ids, seed: 9, epoch: 2, side: side)
        return (images, result.images, result.targets)
    }

    @Test("mixup adds shares of a sample and of the next in its shard, and labels have the same shares")
    func mixup() {
        let ids: [UInt32] = [5, 17, 23, 2, 41]
        let (plain, images, targets) = mixed(Mixing(mixup: 0.4), shards: [3, 2], ids: ids)
        let (before, after) = (plain.floats, images.floats)
        for (place, partner) in [1, 2, 0, 4, 3].enumerated() {
            let target = targets[place]
            #expect(target.label == Int32(ids[place] % 10) && target.second == Int32(ids[partner] % 10))
            #expect((0...1).contains(target.weight))
            for pixel in 0..<64 {
                let expected =
                    target.weight * before[64 * place + pixel] + (1 - target.weight) * before[64 * partner + pixel]
                #expect(after[64 * place + pixel] == expected)
            }
        }
    }

    @Test("cutmix shows a rectangle of the next sample, and labels have the shares of the areas")
    func cutMix() {
        let ids = (0..<20).map { UInt32($0) }
        let (plain, images, targets) = mixed(Mixing(cutMix: 1), shards: [20], ids: ids)
        let (before, after) = (plain.floats, images.floats)
        for place in 0..<20 {
            let partner = (place + 1) % 20
            let foreign = (0..<64).filter { after[64 * place + $0] != before[64 * place + $0] }
            #expect(foreign.allSatisfy { after[64 * place + $0] == before[64 * partner + $0] })
            #expect(targets[place].weight == 1 - Float(foreign.count) / 64)
            let (rows, columns) = (Set(foreign.map { $0 / 8 }), Set(foreign.map { $0 % 8 }))
            #expect(foreign.count == rows.count * columns.count)
        }
        #expect(Set(targets.map(\.weight)).count > 5)
    }

    @Test("a sample alone in its shard stays as it is, and a mixture does not depend on other shards")
    func shards() {
        let mixing = Mixing(mixup: 0.2, cutMix: 1)
        let (plain, images, targets) = mixed(mixing, shards: [1], ids: [4])
        #expect(images.floats == plain.floats && targets == [Target(4)])
        let (_, alone, _) = mixed(mixing, shards: [3], ids: [7, 8, 9])
        let (_, together, _) = mixed(mixing, shards: [2, 3], ids: [1, 2, 7, 8, 9])
        #expect(Array(together.floats[128...]) == alone.floats)
    }

    @Test("shares follow the Beta distribution", arguments: [0.2, 1, 3])
    func shares(concentration: Double) {
        let random = CounterRandom(seed: 1, stream: "beta")
        let count = 4000
        let shares = (0..<count).map {
            CounterRandom(seed: random.bits(UInt64($0)), stream: "x").beta(concentration, from: 0)
        }
        let mean = shares.reduce(0, +) / Double(count)
        let variance = shares.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(count)
        // Beta(a, a): mean 1/2, variance 1 / (4 (2 a + 1)).
        let expected = 1 / (4 * (2 * concentration + 1))
        #expect((mean - 0.5).magnitude < 5 * (expected / Double(count)).squareRoot())
        #expect((variance - expected).magnitude < 0.1 * expected)
        #expect(shares.allSatisfy { (0...1).contains($0) })
    }
}
