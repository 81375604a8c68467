import Datasets
import ImageFaults
import Testing

@Suite("A picture's orientation")
struct ImageOrientationTests {
    private static let pixels = Pictures.gradient(width: 16, height: 8, channels: 3)
    private static let jpeg = Pictures.jpeg(pixels, width: 16, height: 8, channels: 3)
    private static let png = Pictures.png(pixels, width: 16, height: 8, channels: 3)
    private static let webp = Pictures.webp(pixels, width: 16, height: 8, channels: 3, isLossless: true)
    /// A quarter turn right, as a number of 16 bits.
    private static let turn = PictureFiles.exif(type: 3, value: [0, 6])

    /// Whether the picture came out turned to the right: 8 x 16, and the file's lower left pixel first.
    private func isTurned(_ file: [UInt8]) throws -> Bool {
        let image = try Image(bytes: file, path: "p")
        guard image.width == 8 else { return false }
        try #require(image.height == 16)
        let plain = try Image(bytes: plainOf(file), path: "p")
        return image.pixels[..<3] == plain.pixels[(7 * 16 * 3)..<(7 * 16 * 3 + 3)]
    }

    private func plainOf(_ file: [UInt8]) -> [UInt8] {
        file[0] == 0xFF ? Self.jpeg : file[0] == 0x89 ? Self.png : Self.webp
    }

    private func jpeg(exif: [UInt8]) -> [UInt8] {
        PictureFiles.jpeg(Self.jpeg, with: [PictureFiles.segment(0xE1, Array("Exif\0\0".utf8) + exif)])
    }

    /// TIFF's type, bytes of the value, and whether Pillow turns the picture.
    private static let numbers: [(type: Int, value: [UInt8], isNumber: Bool)] = [
        (1, [6], false), (2, Array("6\0".utf8), false), (3, [0, 6], true), (4, [0, 0, 0, 6], true),
        (5, [0, 0, 0, 12, 0, 0, 0, 2], true), (6, [6], true), (7, [6], false), (8, [0, 6], true),
        (9, [0, 0, 0, 6], true), (10, [0xFF, 0xFF, 0xFF, 0xFA, 0xFF, 0xFF, 0xFF, 0xFF], true),
        (11, [0x40, 0xC0, 0, 0], true), (12, [0x40, 0x18, 0, 0, 0, 0, 0, 0], true), (13, [0, 0, 0, 6], true),
        (16, [0, 0, 0, 0, 0, 0, 0, 6], true), (17, [0, 0, 0, 6], false), (5, [0, 0, 0, 6, 0, 0, 0, 0], false),
        (11, [0x40, 0xC8, 0, 0], false), (4, [0, 6, 0, 6], false), (9, [0xFF, 0xFF, 0xFF, 0xFA], false),
    ]

    @Test("a picture's orientation is read from numbers of every type that Pillow takes for one", arguments: numbers)
    func types(type: Int, value: [UInt8], isNumber: Bool) throws {
        #expect(try isTurned(jpeg(exif: PictureFiles.exif(type: type, value: value))) == isNumber)
    }

    @Test("a picture's orientation is the first of several numbers, and of several tags")
    func several() throws {
        #expect(try isTurned(jpeg(exif: PictureFiles.exif(type: 3, count: 2, value: [0, 6, 0, 1]))))
        #expect(try isTurned(jpeg(exif: PictureFiles.exif(type: 3, count: 3, value: [0, 6, 0, 1, 0, 1]))))
        #expect(try !isTurned(jpeg(exif: PictureFiles.exif(type: 3, count: 0, value: [0, 6]))))
        let turned: [UInt8] = [1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]
        #expect(try isTurned(jpeg(exif: PictureFiles.exif(type: 3, value: [0, 1], before: turned))))
        let nothing: [UInt8] = [1, 0x12, 0, 3, 0, 0, 0, 0, 0, 1, 0, 0]
        #expect(try isTurned(jpeg(exif: PictureFiles.exif(type: 3, value: [0, 6], before: nothing))))
        // Behind an entry whose value lies beyond the end nothing is read, as Pillow has it.
        let broken: [UInt8] = [1, 0x0F, 0, 2, 0, 0, 0, 20, 0, 0, 0x40, 0]
        #expect(try !isTurned(jpeg(exif: PictureFiles.exif(type: 3, value: [0, 6], before: broken))))
        let larger: [UInt8] = [1, 0x0F, 0, 2, 0, 0, 1, 0, 0, 0, 0, 8]
        #expect(try isTurned(jpeg(exif: PictureFiles.exif(type: 3, value: [0, 6], before: larger))))
    }

    @Test("a picture's orientation is read behind other segments, in two segments, and behind a doubled name")
    func jpegSegments() throws {
        let name = Array("Exif\0\0".utf8)
        let others = [
            PictureFiles.segment(0xE2, Array("ICC_PROFILE\0".utf8)), PictureFiles.segment(0xFE, [1, 2, 3]),
            PictureFiles.segment(0xE1, Array("http://ns.adobe.com/xap/1.0/\0".utf8)), [0xFF],
        ]
        #expect(
            try isTurned(PictureFiles.jpeg(Self.jpeg, with: others + [PictureFiles.segment(0xE1, name + Self.turn)])))
        let halves = [Array(Self.turn[..<12]), Array(Self.turn[12...])]
        #expect(
            try isTurned(PictureFiles.jpeg(Self.jpeg, with: halves.map { PictureFiles.segment(0xE1, name + $0) })))
        #expect(try isTurned(jpeg(exif: name + Self.turn)))
    }

    @Test("a picture's orientation is read from XMP data where Exif data have none", arguments: [false, true])
    func xmp(isElement: Bool) throws {
        let xmp = PictureFiles.xmp(6, isElement: isElement)
        let adobe = PictureFiles.segment(0xE1, Array("http://ns.adobe.com/xap/1.0/\0".utf8) + xmp)
        #expect(try isTurned(PictureFiles.jpeg(Self.jpeg, with: [adobe])))
        // Exif data without the tag leave it to XMP; with a tag they win.
        let name = Array("Exif\0\0".utf8)
        let none = PictureFiles.segment(0xE1, name + Array("MM\0\u{2A}".utf8) + [0, 0, 0, 8, 0, 0, 0, 0, 0, 0])
        #expect(try isTurned(PictureFiles.jpeg(Self.jpeg, with: [none, adobe])))
        let upright = PictureFiles.segment(0xE1, name + PictureFiles.exif(type: 3, value: [0, 1]))
        #expect(try !isTurned(PictureFiles.jpeg(Self.jpeg, with: [upright, adobe])))

        let text = Array("XML:com.adobe.xmp\0\0\0\0\0".utf8) + xmp
        for isLate in [false, true] {
            #expect(
                try isTurned(
                    PictureFiles.png(Self.png, with: PictureFiles.chunk("iTXt", text), isLate: isLate)))
        }
        let chunks = Array(Self.webp[12...])
        #expect(
            try isTurned(
                PictureFiles.webp(chunks, width: 16, height: 8, flags: 4, after: PictureFiles.riff("XMP ", xmp))))
    }

    @Test("a picture's orientation is read from a PNG's chunk before or behind its pixels, or ImageMagick's text")
    func pngChunks() throws {
        for isLate in [false, true] {
            let chunk = PictureFiles.chunk("eXIf", Self.turn)
            #expect(try isTurned(PictureFiles.png(Self.png, with: chunk, isLate: isLate)))
        }
        let digits = Self.turn.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let wrapped = "\nexif\n      \(Self.turn.count)\n\(digits.prefix(20))\n\(digits.dropFirst(20))\n"
        let plain = Array("Raw profile type exif\0\(wrapped)".utf8)
        #expect(try isTurned(PictureFiles.png(Self.png, with: PictureFiles.chunk("tEXt", plain))))
        // A zlib stream of one stored block, with its checksum. (RFC 1950, RFC 1951.)
        let letters = Array(wrapped.utf8)
        var (a, b) = (1, 0)
        for letter in letters { (a, b) = ((a + Int(letter)) % 65_521, (b + a + Int(letter)) % 65_521) }
        var stored: [UInt8] = [0x78, 0x01, 0x01]
        stored += PictureFiles.little(letters.count, 2) + PictureFiles.little(~letters.count & 0xFFFF, 2)
        stored += letters + PictureFiles.big(b << 16 | a, 4)
        let compressed = PictureFiles.chunk("zTXt", Array("Raw profile type exif\0\0".utf8) + stored)
        #expect(try isTurned(PictureFiles.png(Self.png, with: compressed)))
    }

    @Test("a picture's orientation is read from a WebP's chunk if its header announces one")
    func webpChunks() throws {
        let chunks = Array(Self.webp[12...])
        let exif = PictureFiles.riff("EXIF", Self.turn)
        #expect(try isTurned(PictureFiles.webp(chunks, width: 16, height: 8, flags: 8, after: exif)))
        #expect(try isTurned(PictureFiles.webp(chunks, width: 16, height: 8, flags: 8, before: exif)))
        #expect(try !isTurned(PictureFiles.webp(chunks, width: 16, height: 8, flags: 0, after: exif)))
    }

    @Test("a picture's orientation is left alone by a decoder that is told to")
    func leftAlone() throws {
        var decoder = ImageDecoder(turnsUpright: false)
        let header = try decoder.header(of: jpeg(exif: Self.turn).span, path: "p")
        #expect(header.width == 16 && header.height == 8)
        var image = ImageBuffer()
        try decoder.decode(jpeg(exif: Self.turn).span, path: "p", into: &image)
        #expect(image.image() == (try Image(bytes: Self.jpeg, path: "p")))
    }
}
