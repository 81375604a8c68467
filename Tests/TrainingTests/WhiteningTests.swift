import Checkpoints
import Collectives
import Datasets
import Networks
import Recipes
import Tensors
import Testing

@testable import Training

@Suite("A whitening first layer")
struct WhiteningTests {
    /// Symmetric numbers without a pattern.
    private func symmetric(_ size: Int) -> [Double] {
        let random = CounterRandom(seed: 3, stream: "matrix")
        var matrix = [Double](repeating: 0, count: size * size)
        for i in 0..<size {
            for j in i..<size {
                let number = 2 * Double(random.uniform(UInt64(i * size + j))) - 1
                (matrix[i * size + j], matrix[j * size + i]) = (number, number)
            }
        }
        return matrix
    }

    @Test("eigenvectors are of length 1, at right angles, and keep their direction", arguments: [1, 2, 3, 12, 27])
    func eigenvectors(size: Int) {
        let matrix = symmetric(size)
        let (values, vectors) = symmetricEigenvectors(of: matrix, size: size)
        let rounding = 0x1p-52 * Double(size * size)
        for p in 0..<size {
            let vector = Array(vectors[p * size..<(p + 1) * size])
            for q in 0..<size {
                let product = zip(vector, vectors[q * size..<(q + 1) * size]).reduce(0) { $0 + $1.0 * $1.1 }
                #expect(abs(product - (p == q ? 1 : 0)) < rounding)
                let image = (0..<size).reduce(0) { $0 + matrix[q * size + $1] * vector[$1] }
                #expect(abs(image - values[p] * vector[q]) < rounding)
            }
        }
    }

    @Test(
        "outputs over the images' patches are uncorrelated and of size 1, and the second half are the first's opposites"
    )
    func whitens() throws {
        let random = CounterRandom(seed: 9, stream: "images")
        let network = try Zoo.model(named: "airbench94").network()
        let whitening = try #require(Whitening(of: network))
        #expect(whitening.parameter == "whiten.weight")
        // Neighbours and channels that have much in common.
        let (samples, side) = (24, 8)
        let images: [[Float]] = (0..<samples).map { sample in
            let noise: [Float] = (0..<(side + 1) * (side + 1) * 3).map {
                random.uniform(UInt64(sample * 1000 + $0)) - 0.4
            }
            return (0..<side * side * 3).map { (place: Int) -> Float in
                let (row, column, channel) = (place / 3 / side, place / 3 % side, place % 3)
                func at(_ r: Int, _ c: Int, _ k: Int) -> Float { noise[(r * (side + 1) + c) * 3 + k] }
                return at(row, column, channel) + 0.7 * at(row, column + 1, channel) + 0.5 * at(row, column, 0)
            }
        }
        let data = FixedImages(images: images, side: side)
        let look = SampleLook(imageSize: side)
        let weight = try #require(try whitening.weight(from: data, most: samples, as: look, threads: 2))
        #expect(weight == (try whitening.weight(from: data, most: samples, as: look, threads: 1)))
        let opposites: [Float] = weight[..<144].map { -$0 }
        #expect(Array(weight[144...]) == opposites)
        // The outputs' second moments.
        var moments = [Double](repeating: 0, count: 144)
        var patches = 0.0
        for image in images {
            for row in 0..<side - 1 {
                for column in 0..<side - 1 {
                    let outputs: [Double] = (0..<12).map { (output: Int) -> Double in
                        (0..<12).reduce(0.0) { (sum: Double, place: Int) -> Double in
                            let (channel, y, x) = (place / 4, place / 2 % 2, place % 2)
                            let pixel = image[((row + y) * side + column + x) * 3 + channel]
                            return sum + Double(weight[output * 12 + place]) * Double(pixel)
                        }
                    }
                    for i in 0..<12 { for j in 0..<12 { moments[i * 12 + j] += outputs[i] * outputs[j] } }
                    patches += 1
                }
            }
        }
        for i in 0..<12 {
            for j in 0..<12 {
                let moment = moments[i * 12 + j] / patches
                // Epsilon takes a little of the small ones; weights are rounded to float32.
                #expect(i == j ? moment > 0.9 && moment <= 1.000_01 : abs(moment) < 1e-5, "\(i) \(j): \(moment)")
            }
        }
    }

    @Test("a direction of small moment is divided by the root of the moment and 5e-4")
    func small() throws {
        let whitening = try #require(Whitening(of: Zoo.model(named: "airbench94").network()))
        let moment = 5e-4
        let moments = (0..<144).map { $0 / 12 == $0 % 12 ? moment : 0 }
        let weight = whitening.weight(ofMoments: moments)
        for output in 0..<24 {
            let length = weight[output * 12..<(output + 1) * 12].reduce(0) { $0 + Double($1) * Double($1) }
            // Weights are rounded to float32.
            #expect(abs(length - 1 / (moment + 5e-4)) < length * 0x1p-22)
        }
    }

    @Test("a whitening layer looks at all of few images, and of more at some, spread over all")
    func spread() throws {
        let whitening = try #require(Whitening(of: Zoo.model(named: "airbench94").network(inputChannels: 1)))
        let images: [[Float]] = (0..<6).map { sample in (0..<16).map { Float((sample * 31 + $0 * 17) % 23) / 23 } }
        func weight(_ images: [[Float]], _ most: Int) throws -> [Float]? {
            let data = FixedImages(images: images, side: 4)
            return try whitening.weight(from: data, most: most, as: SampleLook(imageSize: 4), threads: 1)
        }
        #expect(try weight(images, 100) == weight(images, 6))
        #expect(try weight(images, 3) == weight([images[0], images[2], images[4]], 3))
        #expect(try weight(images, 3) != weight(images, 6))
    }

    @Test(
        "a run keeps its whitening layer and norms' scales at 1, and has the same bits on any ranks, resumed too",
        .withOurKernels)
    func run() throws {
        let run = try TinyRun()
        func flags(_ output: String, _ change: (inout RecipeOverrides) -> Void = { _ in }) -> RecipeOverrides {
            run.flags(output) { flags in
                flags.model = "airbench94"
                flags.learningRate = 0.1
                flags.trainingLengths = ["whiten.bias": .epochs(1)]
                flags.checkpointEvery = [.steps(1)]
                flags.keepLast = 20
                change(&flags)
            }
        }
        let whole = try run.train(flags("whole"))
        let first = try run.checkpoint("whole", step: 1)
        let last = try run.checkpoint("whole", step: 9)
        func floats(_ name: String, _ checkpoint: Checkpoint) -> [Float]? {
            checkpoint.tensors.first { $0.name == name }?.floats
        }
        let setup = try Setup(
            model: ModelChoice("airbench94"), data: run.data.specification, imageSize: nil, classes: nil, threads: 1,
            instructionSet: .auto, world: InProcessCommunicator())
        let whitening = try #require(Whitening(of: setup.network))
        let expected = try whitening.weight(
            from: setup.dataset, most: 5000,
            as: SampleLook(imageSize: setup.imageSize, shorterSide: setup.presentation?.shorterSide), threads: 1)
        #expect(floats("whiten.weight", first) == expected)
        #expect(floats("whiten.weight", last) == expected)
        #expect(floats("layers.2.norm1.weight", last)?.allSatisfy { $0 == 1 } == true)
        #expect(floats("layers.2.norm1.bias", last)?.contains { $0 != 0 } == true)
        #expect(try floats("whiten.bias", first) != floats("whiten.bias", run.checkpoint("whole", step: 2)))
        #expect(try floats("whiten.bias", run.checkpoint("whole", step: 3)) == floats("whiten.bias", last))
        #expect(try run.train(ranks: 4, flags("ranks")).parametersSHA256 == whole.parametersSHA256)
        try run.forget("whole", after: 2)
        let resumed = flags("whole") { $0.resume = .auto }
        #expect(try run.train(ranks: 2, resumed).parametersSHA256 == whole.parametersSHA256)
        #expect(
            try run.train(flags("fewer") { $0.whiteningImages = 3 }).parametersSHA256 != whole.parametersSHA256)
    }
}

/// Training images that are there already.
struct FixedImages: Dataset {
    let images: [[Float]]
    let side: Int

    var name: String { "fixed" }
    var classNames: [String] { ["a"] }
    var channels: Int { (images.first?.count ?? 0) / (side * side) }
    func count(of split: Split) -> Int { images.count }
    func label(at index: Int, in split: Split) -> Int { 0 }
    func batch(of samples: [UInt32], in split: Split, as look: SampleLook) -> any BatchInMaking {
        FixedBatch(images: samples.map { images[Int($0)] })
    }
}

private final class FixedBatch: BatchInMaking {
    let images: [[Float]]
    let samplesAtOnce = 1

    init(images: [[Float]]) { self.images = images }
    func prepare(_ position: Int, with scratch: LoaderScratch) throws(DatasetError) {}
    func images(at positions: [Int]) -> any BatchImages {
        FloatImages(positions.flatMap { images[$0] }, samples: positions.count)
    }
}
