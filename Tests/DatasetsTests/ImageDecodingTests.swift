import Datasets
import Foundation
import ImageFaults
import Testing

private func failure(_ bytes: [UInt8]) -> ImageError? {
    do throws(ImageError) {
        _ = try Image(bytes: bytes, path: "picture")
        return nil
    } catch {
        return error
    }
}

@Suite("A picture's file")
struct ImageDecodingTests {
    @Test("a PNG gives its bytes back, grey in three equal channels and opacity dropped", arguments: 1...4)
    func png(channels: Int) throws {
        let pixels = Pictures.gradient(width: 7, height: 5, channels: channels)
        let file = Pictures.png(pixels, width: 7, height: 5, channels: channels)
        let image = try Image(bytes: file, path: "p.JPEG")
        #expect(image.width == 7 && image.height == 5)
        let expected = (0..<35).flatMap { pixel in
            (0..<3).map { pixels[pixel * channels + (channels < 3 ? 0 : $0)] }
        }
        #expect(image.pixels == expected)
    }

    /// At quality 95 no coefficient of luma or chroma is further than half its step from the truth; smooth pictures of
    /// this size stay within 6 of 255 (the coarsest steps are 10 and 12, and few coefficients are not 0).
    @Test("a JPEG gives nearly its pixels back, progressive or not", arguments: [1, 3], [false, true])
    func jpeg(channels: Int, isProgressive: Bool) throws {
        let pixels = Pictures.gradient(width: 19, height: 10, channels: channels)
        let file = Pictures.jpeg(pixels, width: 19, height: 10, channels: channels, isProgressive: isProgressive)
        let image = try Image(bytes: file, path: "p.png")
        #expect(image.width == 19 && image.height == 10)
        for place in image.pixels.indices {
            let truth = channels == 3 ? pixels[place] : pixels[place / 3]
            #expect(abs(Int(image.pixels[place]) - Int(truth)) <= 6)
        }
        if channels == 1 { #expect(image.pixels.indices.allSatisfy { image.pixels[$0] == image.pixels[$0 / 3 * 3] }) }
    }

    @Test("a picture in CMYK becomes what its inks would show")
    func cmyk() throws {
        // Inverted, as Adobe writes it: 255 is no ink. One colour in the whole picture is coded exactly or 1 off.
        let colours: [([UInt8], [Int])] = [
            ([255, 255, 255, 255], [255, 255, 255]), ([255, 255, 255, 0], [0, 0, 0]),
            ([0, 255, 255, 255], [0, 255, 255]), ([255, 128, 64, 255], [255, 128, 64]),
            ([128, 255, 64, 128], [64, 128, 32]),
        ]
        for (inks, expected) in colours {
            let pixels = [[UInt8]](repeating: inks, count: 64).flatMap { $0 }
            let image = try Image(bytes: Pictures.jpeg(pixels, width: 8, height: 8, channels: 4), path: "p")
            for pixel in 0..<64 {
                for channel in 0..<3 { #expect(abs(Int(image.pixels[3 * pixel + channel]) - expected[channel]) <= 2) }
            }
        }
    }

    @Test("a JPEG that is cut short anywhere is refused as such, and never has a grey rest", arguments: [false, true])
    func truncatedJPEG(isProgressive: Bool) throws {
        let pixels = Pictures.gradient(width: 40, height: 33, channels: 3)
        let file = Pictures.jpeg(pixels, width: 40, height: 33, channels: 3, isProgressive: isProgressive)
        for count in 3..<file.count {
            let error = failure(Array(file.prefix(count)))
            guard case .truncated(_, "JPEG", count, _)? = error else {
                // Inside of a segment's header libjpeg finds other words for it.
                guard case .damaged? = error else {
                    Issue.record("\(count) of \(file.count) bytes: \(error.map { "\($0)" } ?? "taken for whole")")
                    return
                }
                continue
            }
        }
        #expect(failure(Array(file.prefix(file.count / 2))).map { "\($0)" }?.contains("cut short") == true)
    }

    @Test("a PNG that is cut short before its pixels end is refused")
    func truncatedPNG() {
        let pixels = (0..<30 * 20 * 3).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 >> 3) }
        let file = Pictures.png(pixels, width: 30, height: 20, channels: 3)
        // What follows the pixels: their checksum and IEND, 16 bytes.
        for count in 8..<file.count - 16 { #expect(failure(Array(file.prefix(count))) != nil, "\(count) bytes") }
        guard case .truncated? = failure(Array(file.prefix(file.count / 2))) else {
            Issue.record("half a PNG: \(String(describing: failure(Array(file.prefix(file.count / 2)))))")
            return
        }
    }

    @Test("a PNG with a flipped byte in its pixels is refused by its checksum")
    func damagedPNG() {
        var file = Pictures.png(
            Pictures.gradient(width: 30, height: 20, channels: 3), width: 30, height: 20, channels: 3)
        file[file.count - 30] ^= 0x55
        guard case .damaged(_, "PNG", _)? = failure(file) else {
            Issue.record("\(String(describing: failure(file)))")
            return
        }
    }

    @Test("a picture whose header announces too many pixels is refused before memory is reserved for them")
    func tooLarge() throws {
        var jpeg = Pictures.jpeg(Pictures.gradient(width: 8, height: 8, channels: 3), width: 8, height: 8, channels: 3)
        // The frame's header: marker, length, precision, height, width.
        let frame = try #require(jpeg.indices.dropLast().first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
        #expect(
            failure(jpeg)
                == .tooLarge(file: "picture", height: 65_500, width: 65_500, limit: Image.mostPixels))
    }

    @Test("a file of no known format is refused with its first bytes")
    func unknown() {
        #expect(failure([1, 2, 3]) == .unknownFormat(file: "picture", found: "01 02 03"))
        #expect(failure([]) == .empty(file: "picture"))
        #expect(throws: ImageError.noFile(file: "/nowhere/p.png")) { try Image(contentsOf: "/nowhere/p.png") }
    }

    @Test("a picture is turned upright as Exif says, whichever byte order", arguments: 1...8, [true, false])
    func orientation(value: Int, isLittle: Bool) throws {
        // Letters of the upright picture, a b c over d e f, and where they lie in the file for each orientation.
        let stored = ["abc/def", "cba/fed", "fed/cba", "def/abc", "ad/be/cf", "cf/be/ad", "fc/eb/da", "da/eb/fc"]
        let rows = stored[value - 1].split(separator: "/").map { Array($0.utf8) }
        let pixels = rows.flatMap { $0.flatMap { [$0, $0 + 50, $0 + 100] } }
        var file = Pictures.png(pixels, width: rows[0].count, height: rows.count, channels: 3)
        let exif = Pictures.exif(UInt8(value), isLittle: isLittle)
        // After the signature and IHDR; the checksum of an ancillary chunk may be wrong.
        file.insert(contentsOf: [0, 0, 0, UInt8(exif.count)] + Array("eXIf".utf8) + exif + [0, 0, 0, 0], at: 33)
        let image = try Image(bytes: file, path: "p")
        #expect(image.width == 3 && image.height == 2)
        let letters = stride(from: 0, to: 18, by: 3).map { image.pixels[$0] }
        #expect(String(decoding: letters, as: UTF8.self) == "abcdef")
    }

    @Test("a JPEG is turned upright as Exif says")
    func orientationOfJPEG() throws {
        let pixels = Pictures.gradient(width: 16, height: 8, channels: 3)
        let file = Pictures.jpeg(pixels, width: 16, height: 8, channels: 3)
        let exif = Array("Exif\0\0".utf8) + Pictures.exif(6, isLittle: false)
        let turned = try Image(
            bytes: Array(file.prefix(2)) + [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + file.dropFirst(2), path: "p")
        let plain = try Image(bytes: file, path: "p")
        #expect(turned.width == 8 && turned.height == 16)
        for row in 0..<16 {
            for column in 0..<8 {
                let (there, here) = (3 * ((7 - column) * 16 + row), 3 * (row * 8 + column))
                #expect(turned.pixels[here..<here + 3].elementsEqual(plain.pixels[there..<there + 3]))
            }
        }
    }

    @Test("a picture with Exif data cut anywhere is read without them")
    func brokenExif() throws {
        let pixels = Pictures.gradient(width: 4, height: 2, channels: 3)
        let file = Pictures.png(pixels, width: 4, height: 2, channels: 3)
        let exif = Pictures.exif(6, isLittle: true)
        for count in 0..<20 {
            let chunk = [0, 0, 0, UInt8(count)] + Array("eXIf".utf8) + exif.prefix(count) + [0, 0, 0, 0]
            #expect(try Image(bytes: file.prefix(33) + chunk + file.dropFirst(33), path: "p").width <= 4)
        }
        // A directory far beyond the end.
        let wild: [UInt8] = [0x49, 0x49, 0x2A, 0, 0xFF, 0xFF, 0xFF, 0xFF]
        let chunk = [0, 0, 0, 8] + Array("eXIf".utf8) + wild + [0, 0, 0, 0]
        #expect(try Image(bytes: file.prefix(33) + chunk + file.dropFirst(33), path: "p").width == 4)
    }
}
