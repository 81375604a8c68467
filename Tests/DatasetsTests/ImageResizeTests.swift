import Datasets
import ImageFaults
import Testing

@Suite("A resized picture")
struct ImageResizeTests {
    /// Returns a grey picture of one row.
    private func row(_ values: [UInt8]) -> Image {
        Image(height: 1, width: values.count, pixels: values.flatMap { [$0, $0, $0] })
    }

    private func reds(_ image: Image) -> [UInt8] {
        stride(from: 0, to: image.pixels.count, by: 3).map { image.pixels[$0] }
    }

    @Test("a picture halved in size weighs four pixels 1, 3, 3, 1, without those outside its edges")
    func half() {
        // At the edges: (3 a + 3 b + c) / 7. 7 a: weights over 0, 70, 140 and so on.
        let image = row([0, 70, 140, 210])
        #expect(reds(image.resized(rows: 1, columns: 2)) == [50, 160])
        // Inside: (a + 3 b + 3 c + d) / 8.
        #expect(reds(row([0, 0, 8, 16, 24, 0, 0, 0]).resized(rows: 1, columns: 4))[1] == 12)
    }

    @Test("a picture doubled in size mixes neighbours 3 to 1, and repeats edges")
    func twice() {
        #expect(reds(row([0, 100, 200]).resized(rows: 1, columns: 6)) == [0, 25, 75, 125, 175, 200])
    }

    @Test("a picture resized to its own size is the same")
    func same() {
        let image = Image(height: 5, width: 7, pixels: (0..<105).map { UInt8($0 * 2) })
        #expect(image.resized(rows: 5, columns: 7) == image)
    }

    @Test("a resized picture of one colour keeps it", arguments: [1, 2, 3, 7, 31, 64], [1, 15, 16, 33])
    func constant(from: Int, to: Int) {
        let image = Image(height: from, width: 2 * from, pixels: [UInt8](repeating: 201, count: 6 * from * from))
        let resized = image.resized(rows: to, columns: to + 1)
        #expect(resized.pixels == [UInt8](repeating: 201, count: 3 * to * (to + 1)))
    }

    @Test("a picture that is turned and then resized equals one that is resized and then turned")
    func turned() {
        let values = (0..<23).map { UInt8($0 * $0 % 251) }
        let down = Image(height: 23, width: 1, pixels: values.flatMap { [$0, $0, $0] }).resized(rows: 9, columns: 1)
        #expect(down.pixels == row(values).resized(rows: 1, columns: 9).pixels)
    }

    @Test(
        "a picture resized to cover a square is the middle of the whole one resized",
        arguments: [(9, 20), (20, 9), (8, 8), (33, 5)])
    func covering(height: Int, width: Int) {
        let image = Image(
            height: height, width: width, pixels: (0..<height * width * 3).map { UInt8($0 * 37 % 256) })
        let shorter = min(height, width)
        let (rows, columns) = (8 * height / shorter, 8 * width / shorter)
        let whole = image.resized(rows: rows, columns: columns)
        let covering = image.covering(side: 8)
        // The rows above are half of the rest, rounded to an even number where the rest is odd.
        let top = Int((Double(rows - 8) / 2).rounded(.toNearestOrEven))
        let left = Int((Double(columns - 8) / 2).rounded(.toNearestOrEven))
        for y in 0..<8 {
            for x in 0..<24 {
                #expect(covering.pixels[y * 24 + x] == whole.pixels[((y + top) * columns + left) * 3 + x])
            }
        }
    }

    @Test("resizing a picture of an extreme shape needs no more memory than its square")
    func sliver() {
        let image = Image(height: 1, width: 60_000, pixels: [UInt8](repeating: 9, count: 180_000))
        #expect(image.covering(side: 32).pixels == [UInt8](repeating: 9, count: 3072))
    }
}

@Suite("A picture that a network is shown")
struct ImageNormalisationTests {
    @Test("a picture that is predicted is normalised like the images of its dataset")
    func datasets() throws {
        let grey = try #require(Normalisation.of(dataset: "fashion-mnist:/some/folder", channels: 1))
        #expect(grey.means == [0.2860] && grey.deviations == [0.3530])
        #expect(Normalisation.of(dataset: "shapes", channels: 3)?.means == [0.5, 0.5, 0.5])
        #expect(Normalisation.of(dataset: "synthetic", channels: 3) == .photographs)
        #expect(Normalisation.of(dataset: nil, channels: 1) == .greyPhotographs)
        #expect(Normalisation.of(dataset: "shapes", channels: 1) == .greyPhotographs)
        #expect(Normalisation.of(dataset: "shapes", channels: 5) == nil)
    }

    /// Returns the network's input for a picture that already has its size.
    private func shown(_ pixels: [UInt8], side: Int, as normalisation: Normalisation) throws -> [Float] {
        let presentation = Presentation(
            imageSize: side, shorterSide: side, normalisation: normalisation, images: ImageOptions())
        return try presentation.floats(
            of: Pictures.png(pixels, width: side, height: side, channels: 3), path: "a picture")
    }

    /// The tolerance follows from rounding to bytes: at most half a step of 1/255, in units of the deviation 3.7 / 510,
    /// and a few roundings.
    @Test("a picture of a drawn dataset is predicted as the dataset drew it")
    func shapes() throws {
        let drawn = try Shapes().image(3, of: .test, imageSize: 32)
        let bytes = drawn.map { UInt8((($0 / 3.7 + 0.5) * 255).rounded()) }
        let tolerance: Float = 3.7 / 510 + 1e-5
        #expect(try zip(shown(bytes, side: 32, as: .shapes), drawn).allSatisfy { abs($0 - $1) <= tolerance })
    }

    @Test("a picture becomes one channel of luma for a grey network")
    func luma() throws {
        // 255 x 0.299 = 76.2
        #expect(try shown([255, 0, 0], side: 1, as: .fashionMNIST) == [(76.0 / 255 - 0.2860) / 0.3530])
        #expect(try shown([133, 133, 133], side: 1, as: .fashionMNIST) == [(133.0 / 255 - 0.2860) / 0.3530])
    }
}
