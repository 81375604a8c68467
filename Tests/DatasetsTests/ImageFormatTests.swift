import Datasets
import Foundation
import ImageFaults
import TestRandom
import Testing

@Suite("A picture's format")
struct ImageFormatTests {
    private func failure(_ bytes: [UInt8], path: String = "picture") -> ImageError? {
        do throws(ImageError) {
            _ = try Image(bytes: bytes, path: path)
            return nil
        } catch {
            return error
        }
    }

    private static func box(_ brands: String...) -> [UInt8] {
        let data = Array("ftyp\(brands[0])\0\0\0\0\(brands.dropFirst().joined())".utf8)
        return PictureFiles.big(data.count + 4, 4) + data + [UInt8](repeating: 7, count: 40)
    }

    /// First bytes, and what the message calls them.
    private static let foreignFiles: [([UInt8], String)] = [
        (Array("GIF89a".utf8) + [1, 0, 1, 0], "a GIF picture"),
        (Array("BM".utf8) + [70, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0], "a BMP picture"),
        (Array("II*\0".utf8) + [8, 0, 0, 0], "a TIFF picture"), (Array("MM\0*".utf8) + [0, 0, 0, 8], "a TIFF picture"),
        (box("heic", "mif1", "heic"), "a HEIC picture"), (box("mif1", "heic"), "a HEIC picture"),
        (box("avif", "mif1"), "an AVIF picture"), (box("mif1", "avif"), "an AVIF picture"), (box("isom"), "a film"),
        ([0, 0, 0, 12] + Array("jP  \r\n".utf8) + [0x87, 0x0A], "a JPEG 2000 picture"),
        ([0xFF, 0x4F, 0xFF, 0x51, 0, 47], "a JPEG 2000 picture"), ([0xFF, 0x0A, 0x41], "a JPEG XL picture"),
        ([0, 0, 0, 12] + Array("JXL \r\n".utf8) + [0x87, 0x0A], "a JPEG XL picture"),
        (Array("<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>".utf8), "an SVG drawing"),
        (Array("%PDF-1.7\n%\u{E2}".utf8), "a PDF document"),
        (Array("P6\n1 1\n255\n".utf8) + [1, 2, 3], "a PNM picture"),
        (Array("\r\n<!DOCTYPE html><title>404</title>".utf8), "an HTML page"),
        (Array("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n".utf8), "a Git LFS pointer"),
        (Array("{\"error\": \"no such image\"}".utf8), "text"), ([0, 5, 0x16, 7, 0, 2, 0, 0], "AppleDouble"),
        ([UInt8](repeating: 0, count: 5000), "a file of zeros"), (Array("PK\u{3}\u{4}".utf8), "a zip archive"),
        (Array("RIFF\u{24}\0\0\0WAVEfmt ".utf8), "a sound"),
    ]

    @Test("a picture of a foreign format is refused by the format's name, with what to do", arguments: foreignFiles)
    func foreign(bytes: [UInt8], name: String) throws {
        let error = try #require(failure(bytes))
        guard case .foreign(_, let found, let advice) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(found.contains(name) && !advice.isEmpty && !"\(error)".contains("damaged"))
    }

    @Test("the advice on a foreign format is to convert the folder, or one file whose name says another format")
    func conversion() {
        let gif = Array("GIF89a".utf8)
        #expect(
            failure(gif, path: "my photos/a.b.gif").map { "\($0)" }
                == "my photos/a.b.gif is a GIF picture; JPEG, PNG and WebP pictures are read. "
                + "ImageMagick converts the folder: mogrify -format png 'my photos/*.gif[0]'")
        #expect(
            failure(gif, path: "it's/a.JPG").map { "\($0)" }?.hasSuffix(
                "converts it: mogrify -format png 'it'\\''s/a.JPG[0]'") == true)
    }

    @Test("a JPEG in a form that libjpeg does not decode is not called damaged")
    func unsupported() throws {
        let pixels = Pictures.gradient(width: 8, height: 8, channels: 3)
        let file = Pictures.jpeg(pixels, width: 8, height: 8, channels: 3)
        let frame = try #require(file.indices.dropLast().first { file[$0] == 0xFF && file[$0 + 1] == 0xC0 })
        func changed(_ offset: Int, _ value: UInt8) -> ImageError? {
            var file = file
            file[frame + offset] = value
            return failure(file)
        }
        // Precision, hierarchical coding, JPEG-LS.
        for (offset, value, word) in [(4, 12, "12 bits"), (1, 0xC5, "hierarchical"), (1, 0xF7, "JPEG-LS")] {
            guard case .notSupported(_, "JPEG", let reason)? = changed(offset, UInt8(value)) else {
                Issue.record("\(offset), \(value): \(String(describing: changed(offset, UInt8(value))))")
                continue
            }
            #expect(reason.contains(word))
        }
        guard case .damaged? = changed(4, 0x57) else {
            Issue.record("a precision of 87 bits: \(String(describing: changed(4, 0x57)))")
            return
        }
        // What a phone app for iOS makes of a PNG.
        let png = Pictures.png(pixels, width: 8, height: 8, channels: 3)
        let apple = png[..<8] + PictureFiles.chunk("CgBI", [0x50, 0, 0x20, 2]) + png[8...]
        guard case .notSupported(_, "PNG", _)? = failure(Array(apple)) else {
            Issue.record("CgBI: \(String(describing: failure(Array(apple))))")
            return
        }
    }

    @Test("of a PNG 16 bits become their upper 8, palettes their colours; transparency and gamma change nothing")
    func png() throws {
        let deep: [UInt8] = [0x12, 0xFF, 0x80, 0x00, 0xFF, 0x80]
        let colour = Pictures.png(packed: deep, width: 1, height: 1, depth: 16, colourType: 2)
        #expect(try Image(bytes: colour, path: "p").pixels == [0x12, 0x80, 0xFF])
        let grey = Pictures.png(packed: deep, width: 3, height: 1, depth: 16, colourType: 0)
        #expect(try Image(bytes: grey, path: "p").pixels == [0x12, 0x12, 0x12, 0x80, 0x80, 0x80, 0xFF, 0xFF, 0xFF])
        let opaque = Pictures.png(packed: deep + [0, 0], width: 1, height: 1, depth: 16, colourType: 6)
        #expect(try Image(bytes: opaque, path: "p").pixels == [0x12, 0x80, 0xFF])
        // Four pixels of two bits: 0, 1, 2, 3.
        let greys = Pictures.png(packed: [0b0001_1011], width: 4, height: 1, depth: 2, colourType: 0)
        let spread: [UInt8] = [0, 0, 0, 85, 85, 85, 170, 170, 170, 255, 255, 255]
        #expect(try Image(bytes: greys, path: "p").pixels == spread)
        for isTransparent in [false, true] {
            let palette: [UInt8] = [9, 8, 7, 1, 2, 3, 200, 100, 50, 4, 5, 6]
            let indexed = Pictures.png(
                packed: [0b0001_1011], width: 4, height: 1, depth: 2, colourType: 3, palette: palette,
                isTransparent: isTransparent)
            #expect(try Image(bytes: indexed, path: "p").pixels == palette)
        }
        let plain = Pictures.png([10, 100, 200], width: 1, height: 1, channels: 3)
        let linear = PictureFiles.png(plain, with: PictureFiles.chunk("gAMA", PictureFiles.big(100_000, 4)))
        #expect(try Image(bytes: linear, path: "p").pixels == [10, 100, 200])
    }

    @Test("a WebP keeps lossless pixels, drops opacity, and shows an animation's first frame on black")
    func webp() throws {
        let pixels = Pictures.gradient(width: 5, height: 4, channels: 3)
        let file = Pictures.webp(pixels, width: 5, height: 4, channels: 3, isLossless: true)
        #expect(try Image(bytes: file, path: "p").pixels == pixels)
        // Opacity of 200 and more: libwebp's encoder may change what nobody sees.
        var opaque: [UInt8] = []
        for pixel in 0..<20 { opaque += pixels[3 * pixel..<3 * pixel + 3] + [UInt8(200 + pixel)] }
        let translucent = Pictures.webp(opaque, width: 5, height: 4, channels: 4, isLossless: true)
        #expect(try Image(bytes: translucent, path: "p").pixels == pixels)

        // Left and top in twos, width and height less one, milliseconds, flags.
        let frame: [UInt8] = [1, 0, 0, 2, 0, 0, 4, 0, 0, 3, 0, 0, 100, 0, 0, 0]
        let second = PictureFiles.riff("ANMF", frame + [0, 0, 0, 0])
        let animation = PictureFiles.webp(
            PictureFiles.riff("ANMF", frame + file[12...]), width: 9, height: 10, flags: 2,
            before: PictureFiles.riff("ANIM", [255, 255, 255, 255, 0, 0]), after: second)
        let image = try Image(bytes: animation, path: "p")
        #expect(image.width == 9 && image.height == 10)
        for row in 0..<10 {
            for column in 0..<9 {
                // The frame lies at twice the numbers in its header.
                let isInside = (4..<8).contains(row) && (2..<7).contains(column)
                let inFrame = 3 * ((row - 4) * 5 + column - 2)
                let expected: [UInt8] = isInside ? Array(pixels[inFrame..<inFrame + 3]) : [0, 0, 0]
                let place = 3 * (row * 9 + column)
                #expect(Array(image.pixels[place..<place + 3]) == expected)
            }
        }
        var check = PartCheck()
        var random = SeededRandom(seed: 3)
        #expect(check.check(animation, parts: 100, using: &random) == .decoded)
    }

    @Test("a JPEG may have stray bytes before a marker, but no broken Huffman code")
    func damage() throws {
        let pixels = Pictures.gradient(width: 32, height: 32, channels: 3)
        let file = Pictures.jpeg(pixels, width: 32, height: 32, channels: 3)
        let whole = try Image(bytes: file, path: "p")
        // Before the end of image.
        #expect(try Image(bytes: Array(file.dropLast(2)) + [0, 1, 2] + file.suffix(2), path: "p") == whole)
        // Before the tables, after the beginning and its segment of 18 bytes.
        #expect(try Image(bytes: Array(file[..<20]) + [0, 1, 2] + file[20...], path: "p") == whole)
        // No code consists of ones alone.
        let scan = try #require(file.indices.dropLast().first { file[$0] == 0xFF && file[$0 + 1] == 0xDA })
        var broken = file
        for place in scan + 40..<scan + 60 { broken[place] = 0xFE }
        guard case .damaged(_, "JPEG", _)? = failure(broken) else {
            Issue.record("\(String(describing: failure(broken)))")
            return
        }
    }
}
