import Datasets
import ImageFaults
import TestRandom
import Testing

/// A file of a kind, made by an encoder, and what to call it.
struct PictureSample: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let bytes: [UInt8]

    /// Every kind that decoders treat differently, of several sizes.
    static let all = [(1, 1), (3, 2), (7, 33), (16, 16), (97, 61), (131, 75)].map { all(width: $0.0, height: $0.1) }

    private static func all(width: Int, height: Int) -> [PictureSample] {
        var random = SeededRandom(seed: UInt64(width * 1000 + height))
        // Noise on a gradient: neighbours differ, so that a wrong edge shows.
        func noisy(_ channels: Int) -> [UInt8] {
            Pictures.gradient(width: width, height: height, channels: channels)
                .map { $0 ^ UInt8.random(in: 0..<64, using: &random) }
        }
        func packed(_ bits: Int) -> [UInt8] {
            (0..<(width * bits + 7) / 8 * height).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        var samples: [PictureSample] = []
        let samplings = [(1, 1), (2, 1), (2, 2), (1, 2), (4, 1), (1, 4), (4, 2)]
        for sampling in samplings {
            for isProgressive in [false, true] {
                let name = "\(isProgressive ? "progressive" : "baseline") JPEG \(sampling.0) x \(sampling.1)"
                samples.append(
                    PictureSample(
                        testDescription: name,
                        bytes: Pictures.jpeg(
                            noisy(3), width: width, height: height, channels: 3, isProgressive: isProgressive,
                            sampling: sampling)))
            }
        }
        func jpeg(
            _ name: String, channels: Int, isProgressive: Bool = false, restart: Int = 0, arithmetic: Bool = false
        ) {
            let file = Pictures.jpeg(
                noisy(channels), width: width, height: height, channels: channels, isProgressive: isProgressive,
                sampling: channels == 3 ? (2, 2) : (1, 1), restartInterval: restart, isArithmetic: arithmetic)
            samples.append(PictureSample(testDescription: name, bytes: file))
        }
        jpeg("grey JPEG", channels: 1)
        jpeg("grey progressive JPEG", channels: 1, isProgressive: true)
        jpeg("CMYK JPEG", channels: 4)
        jpeg("JPEG with restart markers", channels: 3, restart: 3)
        jpeg("arithmetic JPEG", channels: 3, arithmetic: true)
        for channels in 1...4 {
            let file = Pictures.png(noisy(channels), width: width, height: height, channels: channels)
            samples.append(PictureSample(testDescription: "PNG of \(channels) channels", bytes: file))
        }
        let palette = (0..<48).map { _ in UInt8.random(in: 0...255, using: &random) }
        for isInterlaced in [false, true] {
            for (depth, colourType, channels) in [(1, 0, 1), (4, 3, 1), (8, 2, 3), (16, 0, 1), (16, 6, 4)] {
                let file = Pictures.png(
                    packed: packed(depth * channels), width: width, height: height, depth: depth,
                    colourType: colourType, isInterlaced: isInterlaced, palette: colourType == 3 ? palette : [])
                let name = "PNG of type \(colourType), \(depth) bits\(isInterlaced ? ", interlaced" : "")"
                samples.append(PictureSample(testDescription: name, bytes: file))
            }
        }
        for channels in [3, 4] {
            for isLossless in [false, true] {
                let file = Pictures.webp(
                    noisy(channels), width: width, height: height, channels: channels, isLossless: isLossless)
                let name = "\(isLossless ? "lossless" : "lossy") WebP of \(channels) channels"
                samples.append(PictureSample(testDescription: name, bytes: file))
            }
        }
        return samples
    }
}

@Suite("A part of a picture")
struct ImagePartTests {
    @Test(
        "a part of a picture has the pixels of the whole, whatever the format, the sampling and the place",
        arguments: PictureSample.all)
    func parts(samples: [PictureSample]) {
        var check = PartCheck()
        var random = SeededRandom(seed: 7)
        for sample in samples {
            #expect(check.check(sample.bytes, parts: 40, using: &random) == .decoded, "\(sample.testDescription)")
        }
    }

    @Test("a part of a JPEG made smaller in its transform has the pixels of the whole made smaller", arguments: 1...7)
    func shrunk(eighths: Int) {
        var check = PartCheck()
        var random = SeededRandom(seed: UInt64(eighths))
        for sample in PictureSample.all.joined() where sample.bytes[0] == 0xFF {
            let outcome = check.check(sample.bytes, parts: 20, eighths: eighths, using: &random)
            #expect(outcome == .decoded, "\(sample.testDescription)")
        }
    }

    @Test("a part of a picture is a part of the upright picture, however the file's lies", arguments: 1...8)
    func turned(orientation: Int) {
        let pixels = Pictures.gradient(width: 45, height: 31, channels: 3)
        let exif = PictureFiles.exif(type: 3, value: [0, UInt8(orientation)])
        let jpeg = PictureFiles.jpeg(
            Pictures.jpeg(pixels, width: 45, height: 31, channels: 3, sampling: (2, 2)),
            with: [PictureFiles.segment(0xE1, Array("Exif\0\0".utf8) + exif)])
        let png = PictureFiles.png(
            Pictures.png(pixels, width: 45, height: 31, channels: 3), with: PictureFiles.chunk("eXIf", exif))
        var check = PartCheck()
        var random = SeededRandom(seed: UInt64(orientation))
        #expect(check.check(jpeg, parts: 60, using: &random) == .decoded)
        #expect(check.check(jpeg, parts: 20, eighths: 3, using: &random) == .decoded)
        #expect(check.check(png, parts: 60, using: &random) == .decoded)
    }

    @Test("a part of a picture of a file without its end is refused, even far above the end")
    func withoutEnd() throws {
        var decoder = ImageDecoder()
        var image = ImageBuffer()
        for sample in PictureSample.all[4] {
            // PNG's last 16 bytes are a checksum and IEND.
            for cut in [17, 40, sample.bytes.count / 3] {
                let file = Array(sample.bytes.dropLast(cut))
                #expect(throws: ImageError.self, "\(sample.testDescription) without \(cut) bytes") {
                    try decoder.decode(file.span, path: "p", into: &image) { header in
                        ImagePart(rows: 0..<min(2, header.height), columns: 0..<1)
                    }
                }
            }
        }
    }

    @Test("a part of a picture does not depend on pictures that were decoded before")
    func independent() throws {
        let pixels = Pictures.gradient(width: 24, height: 16, channels: 3)
        let file = Pictures.jpeg(pixels, width: 24, height: 16, channels: 3)
        // The tables of quantisation, which libjpeg would keep from picture to picture.
        let table = try #require(file.indices.dropLast().first { file[$0] == 0xFF && file[$0 + 1] == 0xDB })
        let length = Int(file[table + 2]) << 8 | Int(file[table + 3])
        let without = Array(file[..<table] + file[(table + 2 + length)...])
        var decoder = ImageDecoder()
        var image = ImageBuffer()
        try decoder.decode(file.span, path: "whole", into: &image)
        #expect(throws: ImageError.self) { try decoder.decode(without.span, path: "part", into: &image) }
        // A smaller picture after a larger one, and the larger one again.
        let small = Pictures.png([1, 2, 3], width: 1, height: 1, channels: 3)
        try decoder.decode(small.span, path: "small", into: &image)
        #expect(image.count == 3 && image.withSpan { [$0[0], $0[1], $0[2]] } == [1, 2, 3])
        try decoder.decode(file.span, path: "whole", into: &image)
        #expect(image.image() == (try Image(bytes: file, path: "whole")))
    }

    @Test("the limit of pixels is held against the header before a part is asked for")
    func limit() throws {
        for sample in PictureSample.all[4] {
            var decoder = ImageDecoder(mostPixels: 97 * 61 - 1)
            var image = ImageBuffer()
            let error = #expect(throws: ImageError.self) {
                try decoder.decode(sample.bytes.span, path: "p", into: &image) { header in
                    Issue.record("asked for a part of \(header)")
                    return header.whole
                }
            }
            #expect(error == .tooLarge(file: "p", height: 61, width: 97, limit: 5916))
            #expect(throws: ImageError.self) { try decoder.header(of: sample.bytes.span, path: "p") }
            decoder.mostPixels += 1
            #expect(try decoder.header(of: sample.bytes.span, path: "p").width == 97)
        }
    }
}
