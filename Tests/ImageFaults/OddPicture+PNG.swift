extension OddPicture {
    /// PNG files that are sound, though some programs fail on them.
    static var pngs: [OddPicture] {
        let file = png()
        let (rows, columns) = (height, width)
        func chunk(_ kind: String, _ data: [UInt8] = []) -> [UInt8] { PictureFiles.chunk(kind, data) }
        func with(_ chunk: [UInt8], isLate: Bool = false) -> [UInt8] {
            PictureFiles.png(file, with: chunk, isLate: isLate)
        }
        func packed(_ depth: Int, _ colourType: Int, channels: Int, colours: Int = 0, isTransparent: Bool = false)
            -> [UInt8]
        {
            let bytes = [UInt8](
                repeating: depth < 8 ? 0x1B : 0x35, count: rows * ((columns * channels * depth + 7) / 8))
            return Pictures.png(
                packed: bytes, width: columns, height: rows, depth: depth, colourType: colourType,
                palette: (0..<3 * colours).map { UInt8(truncatingIfNeeded: 7 * $0) }, isTransparent: isTransparent)
        }
        var falseSum = with(chunk("tEXt", Array("Title\0x".utf8)))
        falseSum[33 + 8 + 7] ^= 1
        let data = PNGData(file)
        let text = Array("Comment\0".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20)
        return [
            OddPicture("plain.png", file), OddPicture("grey.png", png(1)), OddPicture("grey-opacity.png", png(2)),
            OddPicture("opacity.png", png(4)), OddPicture("interlaced.png", interlaced),
            OddPicture("1-bit.png", packed(1, 0, channels: 1)), OddPicture("2-bit.png", packed(2, 0, channels: 1)),
            OddPicture("4-bit.png", packed(4, 0, channels: 1)),
            OddPicture("16-bit-grey.png", packed(16, 0, channels: 1)),
            OddPicture("16-bit.png", packed(16, 2, channels: 3)),
            OddPicture("16-bit-opacity.png", packed(16, 6, channels: 4)),
            OddPicture("palette-1-bit.png", packed(1, 3, channels: 1, colours: 2)),
            OddPicture("palette.png", packed(8, 3, channels: 1, colours: 256)),
            OddPicture("palette-transparent.png", packed(8, 3, channels: 1, colours: 256, isTransparent: true)),
            OddPicture("grey-transparent.png", PictureFiles.png(png(1), with: chunk("tRNS", [0, 9]))),
            OddPicture("colour-transparent.png", with(chunk("tRNS", [0, 9, 0, 8, 0, 7]))),
            OddPicture("text-huge.png", with(chunk("tEXt", text))),
            OddPicture("text-huge-behind.png", with(chunk("tEXt", text), isLate: true)),
            OddPicture(
                "text-compressed-broken.png", with(chunk("zTXt", Array("a\0\0".utf8) + [0x78, 0x9C, 0xFF, 0xFF]))),
            OddPicture("text-with-false-sum.png", falseSum),
            OddPicture("profile-broken.png", with(chunk("iCCP", Array("x\0\0".utf8) + [1, 2, 3]))),
            OddPicture("gamma-short.png", with(chunk("gAMA", [1]))),
            OddPicture("time-of-month-99.png", with(chunk("tIME", [7, 0xE0, 99, 99, 99, 99, 99]))),
            OddPicture("exif-broken.png", with(chunk("eXIf", [0xFF, 0xFF]))),
            OddPicture("transparent-for-no-reason.png", PictureFiles.png(png(4), with: chunk("tRNS", [0, 0]))),
            // The file is an animation: its header, the still picture's frame, and a frame that is ignored.
            OddPicture(
                "animated.png",
                PictureFiles.png(
                    with(chunk("acTL", PictureFiles.big(2, 4) + PictureFiles.big(0, 4))),
                    with: chunk("fdAT", PictureFiles.big(2, 4) + [1, 2, 3]), isLate: true)),
            OddPicture("many-chunks.png", data.file(in: data.pixels.map { [$0] })),
            OddPicture("empty-chunks.png", data.file(in: [[], data.pixels, []])),
            OddPicture("bytes-behind-the-end.png", file + [1, 2, 3]),
            OddPicture("pixel.png", Pictures.png([1, 2, 3], width: 1, height: 1, channels: 3)),
            OddPicture(
                "column.png",
                Pictures.png(
                    Pictures.gradient(width: 1, height: 3000, channels: 3), width: 1, height: 3000, channels: 3)),
            OddPicture(
                "row.png",
                Pictures.png(
                    Pictures.gradient(width: 3000, height: 1, channels: 3), width: 3000, height: 1, channels: 3)),
        ]
    }

    /// PNG files that are damaged, or of a kind that is not decoded.
    static var damagedPNGs: [OddPicture] {
        let file = png()
        let data = PNGData(file)
        func chunk(_ kind: String, _ data: [UInt8] = []) -> [UInt8] { PictureFiles.chunk(kind, data) }
        /// Returns the header with bytes changed and the right checksum.
        func header(_ place: Int, _ values: [UInt8]) -> [UInt8] {
            var header = Array(file[16..<29])
            header.replaceSubrange(place..<place + values.count, with: values)
            return Array(file[..<8]) + chunk("IHDR", header) + file[33...]
        }
        var sum = file
        sum[30] ^= 1
        var pixels = file
        pixels[33 + 8 + data.pixels.count / 3] ^= 0x10
        var stream = data.pixels
        for place in stream.count / 3..<stream.count / 3 + 30 { stream[place] = 0xFF }
        let begin = Array(file[..<33])
        return [
            OddPicture("header-with-false-sum.png", sum, .leftOut("")),
            OddPicture("pixels-with-false-sum.png", pixels, .leftOut("damaged")),
            OddPicture("stream-broken.png", data.file(in: [stream]), .leftOut("")),
            OddPicture(
                "stream-short.png", data.file(in: [Array(data.pixels.dropLast(data.pixels.count / 2))]), .leftOut("")),
            OddPicture("stream-without-header.png", data.file(in: [Array(data.pixels.dropFirst(2))]), .leftOut("")),
            OddPicture("without-pixels.png", begin + file.suffix(12), .leftOut("")),
            OddPicture("without-palette.png", header(9, [3]), .leftOut("")),
            OddPicture("no-columns.png", header(0, [0, 0, 0, 0]), .leftOut("")),
            OddPicture(
                "huge.png", header(0, PictureFiles.big(65_500, 4) + PictureFiles.big(65_500, 4)),
                .leftOut("65500 x 65500")),
            OddPicture("negative-size.png", header(0, [0xFF, 0xFF, 0xFF, 0xFF]), .leftOut("")),
            OddPicture("7-bit.png", header(8, [7]), .leftOut("")),
            OddPicture("colour-type-5.png", header(9, [5]), .leftOut("")),
            OddPicture("filter-77.png", header(11, [77]), .leftOut("")),
            OddPicture("more-rows-than-there-are.png", header(4, PictureFiles.big(4000, 4)), .leftOut("")),
            OddPicture(
                "unknown-chunk-that-matters.png", PictureFiles.png(file, with: chunk("ABCD", [1])), .leftOut("")),
            OddPicture(
                "of-ios.png", Array(file[..<8]) + chunk("CgBI", [0x50, 0, 0x20, 2]) + file[8...],
                .leftOut("not supported")),
            OddPicture("two-headers.png", PictureFiles.png(file, with: Array(file[8..<33])), .leftOut("")),
            OddPicture(
                "chunk-beyond-the-end.png", begin + [0x7F, 0xFF, 0xFF, 0xFF] + Array("IDAT".utf8) + data.pixels,
                .leftOut("")),
            OddPicture("only-signature.png", Array(file[..<8]), .leftOut("")),
            OddPicture(
                "as-unix-text.png", [0x89] + Array("PNG\n\u{1A}\n".utf8) + file[8...], .leftOut("89 50 4e 47 0a")),
        ]
    }
}

/// The compressed pixels of a PNG file.
private struct PNGData {
    private let file: [UInt8]
    private(set) var pixels: [UInt8] = []

    init(_ file: [UInt8]) {
        self.file = file
        var place = 8
        while place + 12 <= file.count {
            let count = file[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            if file[place + 4..<place + 8].elementsEqual("IDAT".utf8) { pixels += file[place + 8..<place + 8 + count] }
            place += 12 + count
        }
    }

    /// Returns the file with its compressed pixels in these chunks.
    func file(in parts: [[UInt8]]) -> [UInt8] {
        Array(file[..<33]) + parts.flatMap { PictureFiles.chunk("IDAT", $0) } + file.suffix(12)
    }
}
