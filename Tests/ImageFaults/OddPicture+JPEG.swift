extension OddPicture {
    /// JPEG files that are sound, though programs stumble over them.
    static var jpegs: [OddPicture] {
        let file = jpeg()
        let exif = Array("Exif\0\0".utf8)
        func with(_ segments: [UInt8]...) -> [UInt8] { PictureFiles.jpeg(file, with: segments) }
        func app(_ number: UInt8, _ text: String, _ data: [UInt8] = []) -> [UInt8] {
            PictureFiles.segment(0xE0 + number, Array(text.utf8) + data)
        }
        let end = file.count - 2
        return [
            OddPicture("plain.jpg", file), OddPicture("PLAIN.JPEG", file), OddPicture("plain.jfif", file),
            OddPicture("sampled.jpg", jpeg(sampling: (2, 2))), OddPicture("sampled-4x1.jpg", jpeg(sampling: (4, 1))),
            OddPicture("sampled-1x2.jpg", jpeg(sampling: (1, 2))),
            OddPicture("progressive.jpg", jpeg(isProgressive: true)),
            OddPicture("arithmetic.jpg", jpeg(isArithmetic: true)),
            OddPicture("arithmetic-progressive.jpg", jpeg(isProgressive: true, isArithmetic: true)),
            OddPicture("restarts.jpg", jpeg(restartInterval: 3)), OddPicture("grey.jpg", jpeg(1)),
            OddPicture("cmyk.jpg", jpeg(4)),
            OddPicture("cmyk-without-adobe.jpg", jpeg(4).without(0xEE)),
            OddPicture("adobe-rgb.jpg", with(app(14, "Adobe", [0, 100, 0, 0, 0, 0, 0]))),
            OddPicture("adobe-unknown.jpg", with(app(14, "Adobe", [0, 100, 0, 0, 0, 0, 7]))),
            OddPicture("adobe-short.jpg", with(app(14, "Adobe"))),
            OddPicture("without-jfif.jpg", file.without(0xE0)),
            OddPicture("spiff.jpg", with(app(8, "SPIFF\0", [UInt8](repeating: 1, count: 24)))),
            OddPicture(
                "png-named.jpg", png()), OddPicture("webp-named.jpg", webp()), OddPicture("jpeg-named.png", file),
            OddPicture("jpeg-named.webp", file), OddPicture("heic-ending.heic", file),
            // Default tables, as frames of motion JPEG leave them out.
            OddPicture("without-huffman-tables.jpg", file.without(0xC4)),
            OddPicture("stray-bytes-before-a-marker.jpg", Array(file[..<20]) + [0, 1, 2] + file[20...]),
            OddPicture("stray-bytes-before-the-end.jpg", Array(file[..<end]) + [0x12, 0, 7] + file[end...]),
            OddPicture("fill-bytes.jpg", Array(file[..<20]) + [0xFF, 0xFF, 0xFF] + file[20...]),
            OddPicture("bytes-behind-the-end.jpg", file + Array("some text".utf8)),
            OddPicture("two-ends.jpg", file + [0xFF, 0xD9]),
            OddPicture("film-behind.jpg", file + PictureFiles.big(24, 4) + Array("ftypmp42isommp42".utf8)),
            OddPicture("several-pictures.mpo.jpg", with(app(2, "MPF\0", Array("II*\0\u{8}\0\0\0\0\0".utf8))) + file),
            OddPicture("several-pictures-second-cut.jpg", with(app(2, "MPF\0")) + file.prefix(200)),
            OddPicture("comment.jpg", with(PictureFiles.segment(0xFE, [UInt8](repeating: 0xFF, count: 60_000)))),
            OddPicture("many-segments.jpg", PictureFiles.jpeg(file, with: Array(repeating: app(13, "x"), count: 3000))),
            OddPicture("exif-empty.jpg", with(PictureFiles.segment(0xE1, exif))),
            OddPicture("exif-cut.jpg", with(PictureFiles.segment(0xE1, exif + Array("II*\0".utf8)))),
            OddPicture(
                "exif-far-away.jpg",
                with(PictureFiles.segment(0xE1, exif + Array("II*\0".utf8) + [0xFF, 0xFF, 0xFF, 0x7F]))),
            // The directory's next directory is itself.
            OddPicture(
                "exif-in-circles.jpg",
                with(
                    PictureFiles.segment(
                        0xE1, exif + Array("MM\0*".utf8) + PictureFiles.big(8, 4) + [0, 0] + PictureFiles.big(8, 4)))),
            OddPicture(
                "exif-orientation-9.jpg",
                with(PictureFiles.segment(0xE1, exif + PictureFiles.exif(type: 3, value: [0, 9])))),
            OddPicture(
                "exif-turned.jpg",
                with(PictureFiles.segment(0xE1, exif + PictureFiles.exif(type: 3, value: [0, 6])))),
            OddPicture(
                "exif-million-numbers.jpg",
                with(PictureFiles.segment(0xE1, exif + PictureFiles.exif(type: 3, count: 1 << 30, value: [0, 6])))),
            OddPicture("xmp-cut.jpg", with(app(1, "http://ns.adobe.com/xap/1.0/\0", Array("<x:xmpmeta tiff:Or".utf8)))),
            OddPicture("profile-broken.jpg", with(app(2, "ICC_PROFILE\0", [1, 9, 1, 2, 3]))),
            OddPicture("profile-missing-parts.jpg", with(app(2, "ICC_PROFILE\0", [3, 3]))),
            OddPicture(
                "photoshop-resources.jpg", with(app(13, "Photoshop 3.0\08BIM", [4, 4, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]))),
            OddPicture("jfif-thumbnail.jpg", with(app(0, "JFXX\0", [0x13, 200, 200]))),
            OddPicture("pixel.jpg", Pictures.jpeg([9, 99, 199], width: 1, height: 1, channels: 3)),
            OddPicture("column.jpg", column { Pictures.jpeg($0, width: 1, height: 2000, channels: 3) }),
            OddPicture("row.jpg", column { Pictures.jpeg($0, width: 2000, height: 1, channels: 3) }),
        ]
    }

    private static func column(_ encode: ([UInt8]) -> [UInt8]) -> [UInt8] {
        encode(Pictures.gradient(width: 1, height: 2000, channels: 3))
    }

    /// JPEG files that are damaged, or of a kind that is not decoded.
    static var damagedJPEGs: [OddPicture] {
        let file = jpeg()
        /// The file with a byte changed, counted from a segment's marker.
        func with(_ value: UInt8, at offset: Int, of marker: UInt8) -> [UInt8] {
            var changed = file
            changed[file.segment(marker).lowerBound + offset] = value
            return changed
        }
        func sized(_ height: Int, _ width: Int) -> [UInt8] {
            var changed = file
            let place = file.segment(0xC0).lowerBound + 5
            changed.replaceSubrange(place..<place + 4, with: PictureFiles.big(height, 2) + PictureFiles.big(width, 2))
            return changed
        }
        let scan = file.segment(0xDA)
        let middle = (scan.upperBound + file.count) / 2
        var codes = file
        // No code consists of ones alone.
        for place in scan.upperBound + 20..<scan.upperBound + 40 { codes[place] = 0xFE }
        var marker = file
        marker.replaceSubrange(middle..<middle + 2, with: [0xFF, 0xC9])
        return [
            OddPicture("end-missing.jpg", Array(file.dropLast(2)), .leftOut("cut short")),
            OddPicture("end-too-early.jpg", Array(file[..<middle]) + [0xFF, 0xD9], .leftOut("damaged")),
            OddPicture("rest-zeros.jpg", Array(file[..<middle]) + [UInt8](repeating: 0, count: 4096), .leftOut("")),
            OddPicture("two-beginnings.jpg", Array(file[..<2]) + file, .leftOut("SOI")),
            OddPicture("only-beginning.jpg", Array(file[..<3]), .leftOut("")),
            OddPicture("only-tables.jpg", Array(file[..<scan.lowerBound]) + [0xFF, 0xD9], .leftOut("")),
            OddPicture("without-frame.jpg", file.without(0xC0), .leftOut("")),
            OddPicture("without-quantization.jpg", file.without(0xDB), .leftOut("")),
            OddPicture("without-scan.jpg", file.without(0xDA), .leftOut("")),
            OddPicture("code-broken.jpg", codes, .leftOut("damaged")),
            OddPicture("marker-in-the-scan.jpg", marker, .leftOut("")),
            OddPicture("huffman-table-too-long.jpg", with(0xFF, at: 6, of: 0xC4), .leftOut("")),
            OddPicture("huffman-table-number.jpg", with(0x77, at: 4, of: 0xC4), .leftOut("")),
            OddPicture("quantization-table-number.jpg", with(9, at: 4, of: 0xDB), .leftOut("")),
            OddPicture("12-bits.jpg", with(12, at: 4, of: 0xC0), .leftOut("12 bits")),
            OddPicture("87-bits.jpg", with(87, at: 4, of: 0xC0), .leftOut("")),
            OddPicture("no-components.jpg", with(0, at: 9, of: 0xC0), .leftOut("")),
            OddPicture("five-components.jpg", with(5, at: 9, of: 0xC0), .leftOut("")),
            OddPicture("sampling-0.jpg", with(0, at: 11, of: 0xC0), .leftOut("")),
            OddPicture("sampling-15.jpg", with(0xFF, at: 11, of: 0xC0), .leftOut("")),
            OddPicture("scan-without-components.jpg", with(0, at: 4, of: 0xDA), .leftOut("")),
            OddPicture("scan-of-another-component.jpg", with(77, at: 5, of: 0xDA), .leftOut("")),
            OddPicture("scan-with-other-tables.jpg", with(0x33, at: 6, of: 0xDA), .leftOut("")),
            OddPicture("lossless.jpg", with(0xC3, at: 1, of: 0xC0), .leftOut("not supported")),
            OddPicture("hierarchical.jpg", with(0xC5, at: 1, of: 0xC0), .leftOut("hierarchical")),
            OddPicture("jpeg-ls.jpg", with(0xF7, at: 1, of: 0xC0), .leftOut("JPEG-LS")),
            OddPicture("arithmetic-by-its-marker.jpg", with(0xC9, at: 1, of: 0xC0), .either),
            OddPicture("no-rows.jpg", sized(0, width), .leftOut("")),
            OddPicture("no-columns.jpg", sized(height, 0), .leftOut("")),
            OddPicture("huge.jpg", sized(65_500, 65_500), .leftOut("65500 x 65500 pixels")),
            OddPicture("wider-than-libjpeg.jpg", sized(10, 65_535), .leftOut("")),
            OddPicture("more-rows-than-there-are.jpg", sized(4000, width), .leftOut("")),
            OddPicture("segment-beyond-the-end.jpg", with(0xFF, at: 2, of: 0xE0), .leftOut("")),
            OddPicture("segment-without-length.jpg", with(0, at: 3, of: 0xDB), .leftOut("")),
            OddPicture("frame-too-long.jpg", with(60, at: 3, of: 0xC0), .leftOut("")),
            OddPicture(
                "two-frames.jpg", PictureFiles.jpeg(file, with: [Array(file[file.segment(0xC0)])]), .leftOut("")),
            // As text: line ends and what is no UTF-8 have been replaced.
            OddPicture("as-windows-text.jpg", file.flatMap { $0 == 10 ? [13, 10] : [$0] } + [26], .either),
            OddPicture("as-unicode-text.jpg", file.flatMap { $0 < 128 ? [$0] : [0xEF, 0xBF, 0xBD] }, .leftOut("")),
            OddPicture("line-before.jpg", [10] + file, .leftOut("begins with 0a ff d8 ff")),
            OddPicture("base64.jpg", Array("/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAg".utf8), .leftOut("text")),
        ]
    }
}

extension [UInt8] {
    /// The first segment of a JPEG with this marker.
    fileprivate func segment(_ marker: UInt8) -> Range<Int> {
        var place = 2
        while place + 4 <= count {
            let length = Int(self[place + 2]) << 8 | Int(self[place + 3])
            if self[place + 1] == marker { return place..<place + 2 + length }
            // Behind the scan there is none.
            if self[place + 1] == 0xDA { break }
            place += 2 + length
        }
        preconditionFailure("no segment \(marker)")
    }

    /// A JPEG without its segments of this marker.
    fileprivate func without(_ marker: UInt8) -> [UInt8] {
        var result = Array(prefix(2))
        var place = 2
        while place + 4 <= count {
            let end = place + 2 + (Int(self[place + 2]) << 8 | Int(self[place + 3]))
            if self[place + 1] != marker { result += self[place..<end] }
            let isScan = self[place + 1] == 0xDA
            place = end
            if isScan { break }
        }
        return result + self[place...]
    }
}
