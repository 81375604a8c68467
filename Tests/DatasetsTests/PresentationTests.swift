import Foundation
import ImageFaults
import Tensors
import Testing

@testable import Datasets

@Suite("Measured moments")
struct MeasuredMomentsTests {
    @Test(
        "measured moments are those of all readable pixels, on any number of threads",
        arguments: [1, 2, 5])
    func measured(threads: Int) throws {
        let source = Ramps(side: 6)
        let moments = try #require(Normalisation.measured(on: source, imageSize: 6, threads: threads))
        for channel in 0..<3 {
            // Ramp i has i + 3 p + channel at pixel p.
            var values: [Double] = []
            for index in 0..<40 where index != 7 {
                for pixel in 0..<36 { values.append(Double(index + 3 * pixel + channel) / 255) }
            }
            let mean = values.reduce(0, +) / Double(values.count)
            let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count)
            #expect((Double(moments.means[channel]) - mean).magnitude < 1e-6)
            #expect((Double(moments.deviations[channel]) - variance.squareRoot()).magnitude < 1e-6)
        }
        #expect(Normalisation.measured(on: source, imageSize: 6, threads: 1) == moments)
        let some = try #require(Normalisation.measured(on: source, most: 6, imageSize: 6, threads: threads))
        #expect(some != moments && (some.means[0] - moments.means[0]).magnitude < 0.02)
    }

    @Test("measured moments are equal for pictures in folders and for those of the right size made from them")
    func pictures() throws {
        let folder = try MadeFolder()
        for index in 0..<20 {
            let name = "\(["train", "val"][index % 2])/\(["a", "b"][index / 2 % 2])/\(index).png"
            try folder.write(picture(index, width: 9, height: 9), to: name)
        }
        let source = try #require(try openDataset(folder.path) as? StoredDataset).source
        let moments = try #require(Normalisation.measured(on: source, imageSize: 9, threads: 2))
        let bytes = (0..<source.count(of: .train)).flatMap { index in
            (0..<243).map { UInt8(truncatingIfNeeded: 5 * $0 + 62 * [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][index]) }
        }
        let reds = stride(from: 0, to: bytes.count, by: 3).map { Double(bytes[$0]) / 255 }
        #expect((Double(moments.means[0]) - reds.reduce(0, +) / Double(reds.count)).magnitude < 1e-6)
    }

    @Test("ImageNet, a thousand classes with WordNet's numbers in any form, needs no measured moments")
    func imageNet() {
        let names = (0..<1000).map { "n" + String(repeating: "0", count: 8 - "\(3 * $0)".count) + "\(3 * $0)" }
        #expect(Ramps(classNames: names, side: 4).normalisation == .photographs)
        #expect(Ramps(classNames: names, channels: 1, side: 4).normalisation == nil)
        for others in [Array(names.dropLast()), names.dropLast() + ["n0000000x"], names.dropLast() + ["00000000n"]] {
            #expect(Ramps(classNames: others, side: 4).normalisation == nil)
        }
    }

    @Test("measured moments do not change a dataset's fingerprint")
    func fingerprint() throws {
        let source = Ramps(side: 6)
        let moments = try #require(Normalisation.measured(on: source, imageSize: 6, threads: 1))
        let plain = StoredDataset(source)
        #expect(plain.normalisation != moments)
        #expect(StoredDataset(source, normalisation: moments).fingerprint == plain.fingerprint)
    }
}

@Suite("A presentation")
struct PresentationTests {
    private let moments = Normalisation(name: "mine", means: [0.1, 0.25, 1 / 3], deviations: [0.2, 0.125, 2 / 7])

    /// Options by which an image is decoded and resized, the default ones first.
    private static let options = [
        ImageOptions(), ImageOptions(filter: .bicubic), ImageOptions(turnsUpright: false),
        ImageOptions(filter: .bicubic, shrinksInDecoder: true, turnsUpright: false, mostPixels: 5000),
    ]

    @Test("a presentation gives a picture's file the same bits as evaluation", arguments: options)
    func floats(options: ImageOptions) throws {
        let folder = try MadeFolder()
        // The picture is turned a quarter: upright it has 70 x 40 pixels. It is large enough to be shrunk while it is
        // decoded.
        let pixels = (0..<70 * 40 * 3).map { UInt8(truncatingIfNeeded: $0 / 11 * 37) }
        let plain = Pictures.jpeg(pixels, width: 70, height: 40, channels: 3)
        let exif = Array("Exif\0\0".utf8) + Pictures.exif(6, isLittle: true)
        let file = PictureFiles.jpeg(plain, with: [PictureFiles.segment(0xE1, exif)])
        for split in ["train", "val"] {
            for name in ["a", "b"] { try folder.write(file, to: "\(split)/\(name)/1.jpg") }
        }
        let dataset = try #require(try openDataset(folder.path) as? StoredDataset).normalised(by: moments)
        let batches = Loader(dataset: dataset, imageSize: 14, images: options).evaluationBatches(
            split: .test, ranks: 1, rank: 0, batchSize: 2)
        defer { batches.close() }
        let shown = try #require(try batches.next()).batch.images.floats
        let presentation = try #require(Presentation(of: dataset, imageSize: 14, images: options))
        #expect(presentation.shorterSide == 16 && presentation.normalisation == moments)
        let own = try presentation.floats(of: file, path: "1.jpg")
        // The arrays themselves are not compared, as a failure would print them.
        let isSame = own.map(\.bitPattern) == shown.prefix(14 * 14 * 3).map(\.bitPattern)
        #expect(isSame)
        // Another presentation gives other bits.
        let upright = Presentation(imageSize: 14, shorterSide: 16, normalisation: moments, images: ImageOptions())
        #expect(try (upright.floats(of: file, path: "1.jpg") == own) == (options == ImageOptions()))
    }

    @Test("a presentation shows all of a picture of one-size sets, and as much of photographs as torchvision does")
    func shorterSides() throws {
        let ramps = StoredDataset(Ramps(side: 6))
        #expect(Presentation(of: ramps, imageSize: 12, images: ImageOptions())?.shorterSide == 12)
        #expect(Presentation(of: Shapes(), imageSize: 64, images: ImageOptions())?.shorterSide == 64)
        #expect(Presentation(of: Shapes(), imageSize: 64, images: ImageOptions())?.normalisation == .shapes)
        let photographs = try #require(Presentation(ofPhotographsWith: 3, imageSize: 224))
        #expect(photographs.shorterSide == 256 && photographs.normalisation == .photographs)
        #expect(Presentation(ofPhotographsWith: 1, imageSize: 28)?.normalisation == .greyPhotographs)
        #expect(Presentation(ofPhotographsWith: 5, imageSize: 28) == nil)
        #expect(Presentation(of: Synthetic(channels: 5), imageSize: 28, images: ImageOptions()) == nil)
    }

    @Test("a presentation that is given for evaluation overrides the one that the source suggests")
    func shorterSideOfLoader() throws {
        let dataset = StoredDataset(Ramps(side: 24))
        func images(shorterSide: Int?) throws -> [Float] {
            let batches = Loader(dataset: dataset, imageSize: 14, shorterSide: shorterSide).evaluationBatches(
                split: .test, ranks: 1, rank: 0, batchSize: 2)
            defer { batches.close() }
            return try #require(try batches.next()).batch.images.floats
        }
        #expect(try images(shorterSide: nil) == images(shorterSide: 14))
        #expect(try images(shorterSide: 16) != images(shorterSide: 14))
    }

    @Test("a presentation is the same to the bit after it is written and read", arguments: options)
    func texts(options: ImageOptions) throws {
        let presentation = Presentation(imageSize: 30, shorterSide: 34, normalisation: moments, images: options)
        #expect(try Presentation(texts: presentation.texts, imageSize: 30, channels: 3) == presentation)
        var more = presentation.texts
        more["later"] = "something"
        #expect(try Presentation(texts: more, imageSize: 30, channels: 3) == presentation)
        #expect(try ImageOptions(texts: options.texts) == options)
    }

    @Test(
        "a presentation with a wrong value is refused by the value's key",
        arguments: [
            ("shorter_side", "0"), ("shorter_side", "x"), ("mean", "1,2"), ("mean", "1,2,nan"), ("mean", "1,,2"),
            ("std", "1,0,1"), ("std", "1,1,1,1"), ("std", "inf,1,1"), ("interpolation", "nearest"), ("decode", ""),
            ("exif_orientation", "true"), ("max_image_pixels", "-1"), ("max_image_pixels", nil), ("mean", nil),
        ])
    func refused(key: String, value: String?) throws {
        var texts = Presentation(imageSize: 30, shorterSide: 34, normalisation: moments, images: ImageOptions()).texts
        texts[key] = value
        let problem = #expect(throws: PresentationProblem.self) {
            try Presentation(texts: texts, imageSize: 30, channels: 3)
        }
        #expect(problem?.key == key && problem?.found == value)
    }

    @Test("a presentation of a file that is not a picture says what is wrong with the file")
    func noPicture() throws {
        let presentation = try #require(Presentation(ofPhotographsWith: 3, imageSize: 8))
        let error = #expect(throws: SampleError.self) { try presentation.floats(of: [1, 2, 3], path: "x.jpg") }
        #expect(error?.description.hasPrefix("x.jpg begins with 01 02 03") == true)
    }
}

@Suite("A dataset with a network's labels")
struct RelabelledDatasetTests {
    @Test("a dataset takes a network's labels by the names of its classes, in any order")
    func names() throws {
        let dataset = StoredDataset(Ramps(side: 4))
        let labelled = try dataset.labelled(as: ["odd", "none", "even"])
        #expect(labelled.classNames == ["odd", "none", "even"])
        #expect((0..<6).map { labelled.label(at: $0, in: .test) } == [2, 0, 2, 0, 2, 0])
        let moments = Normalisation(name: "", means: [0, 0, 0], deviations: [1, 1, 1])
        let batches = Loader(dataset: labelled.normalised(by: moments), imageSize: 4).evaluationBatches(
            split: .test, ranks: 1, rank: 0, batchSize: 5)
        defer { batches.close() }
        let batch = try #require(try batches.next()).batch
        #expect(batch.targets.map(\.label) == [2, 0, 2, 0, 2])
        #expect(batch.images.floats[1] == Float(1) / 255)
    }

    @Test("a dataset with the network's names and order is unchanged")
    func same() throws {
        let dataset = StoredDataset(Ramps(side: 4))
        #expect(try dataset.labelled(as: ["even", "odd"]) is StoredDataset)
        #expect(try !(dataset.labelled(as: ["even", "odd", "more"]) is StoredDataset))
    }

    @Test("a dataset with a class that the network does not know is refused; names are compared byte by byte")
    func unknown() throws {
        let dataset = StoredDataset(Ramps(classNames: ["cafe\u{301}", "odd"], side: 4))
        #expect(
            throws: DatasetError.otherClasses(
                dataset: "ramps", found: ["cafe\u{301}"], expected: ["caf\u{E9}", "odd"])
        ) { try dataset.labelled(as: ["caf\u{E9}", "odd"]) }
    }
}
