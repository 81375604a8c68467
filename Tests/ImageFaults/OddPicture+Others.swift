extension OddPicture {
    /// WebP files, sound and damaged.
    static var webps: [OddPicture] {
        let (file, lossless) = (webp(), webp(isLossless: true))
        func extended(_ file: [UInt8], flags: UInt8, before: [UInt8] = [], after: [UInt8] = [], wider: Int = 0)
            -> [UInt8]
        {
            PictureFiles.webp(
                Array(file[12...]), width: width + wider, height: height, flags: flags, before: before, after: after)
        }
        func with(_ value: UInt8, at place: Int, of file: [UInt8]) -> [UInt8] {
            var changed = file
            changed[place] = value
            return changed
        }
        let frame =
            [0, 0, 0, 0, 0, 0] + PictureFiles.little(width - 1, 3) + PictureFiles.little(height - 1, 3) + [
                100, 0, 0, 0,
            ]
        let animated = PictureFiles.webp(
            PictureFiles.riff("ANMF", frame + file[12...]), width: width, height: height, flags: 2,
            before: PictureFiles.riff("ANIM", [255, 255, 255, 255, 0, 0]))
        return [
            OddPicture("lossy.webp", file), OddPicture("lossless.webp", lossless),
            OddPicture("opacity.webp", webp(4)), OddPicture("opacity-lossless.webp", webp(4, isLossless: true)),
            OddPicture("animated.webp", animated), OddPicture("extended.webp", extended(file, flags: 0)),
            OddPicture("exif-broken.webp", extended(file, flags: 8, after: PictureFiles.riff("EXIF", [1, 2, 3]))),
            OddPicture(
                "profile-broken.webp", extended(file, flags: 0x20, before: PictureFiles.riff("ICCP", [1, 2, 3]))),
            OddPicture("unknown-chunk.webp", extended(file, flags: 0, after: PictureFiles.riff("ABCD", [1, 2, 3]))),
            OddPicture("bytes-behind-the-end.webp", file + [1, 2, 3, 4]),
            OddPicture("pixel.webp", Pictures.webp([1, 2, 3], width: 1, height: 1, channels: 3, isLossless: true)),
            OddPicture("longer-by-its-header.webp", with(0x7F, at: 6, of: file), .leftOut("")),
            OddPicture("signature-of-the-frame.webp", with(0, at: 23, of: file), .leftOut("")),
            OddPicture("signature-lossless.webp", with(0, at: 20, of: lossless), .leftOut("")),
            OddPicture("unknown-codec.webp", with(UInt8(ascii: "9"), at: 15, of: file), .leftOut("")),
            OddPicture(
                "opacity-broken.webp", extended(file, flags: 16, before: PictureFiles.riff("ALPH", [1, 0xFF])),
                .leftOut("")),
            OddPicture("smaller-than-its-canvas.webp", extended(file, flags: 0, wider: 5), .leftOut("")),
            OddPicture("without-picture.webp", PictureFiles.webp([], width: 8, height: 8, flags: 0), .leftOut("")),
            OddPicture(
                "animation-without-frames.webp", PictureFiles.webp([], width: 8, height: 8, flags: 2), .leftOut("")),
            OddPicture("only-header.webp", Array(file[..<12]), .leftOut("")),
            OddPicture(
                "huge.webp", PictureFiles.webp(Array(file[12...]), width: 1 << 24, height: 1 << 24, flags: 2),
                .leftOut("")),
        ]
    }

    /// Files of other kinds under the names of pictures.
    static var foreign: [OddPicture] {
        func text(_ name: String, _ text: String, _ words: String) -> OddPicture {
            OddPicture(name, Array(text.utf8), .leftOut(words))
        }
        func box(_ brand: String) -> [UInt8] {
            PictureFiles.big(20, 4) + Array("ftyp\(brand)\0\0\0\0\(brand)".utf8) + [UInt8](repeating: 7, count: 40)
        }
        let noise = (0..<3000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761 &+ 99_991) >> 11) }
        return [
            OddPicture("empty.jpg", [], .leftOut("is empty")),
            OddPicture("one-byte.jpg", [0xFF], .leftOut("begins with ff")),
            OddPicture("zeros.jpg", [UInt8](repeating: 0, count: 9000), .leftOut("a file of zeros")),
            OddPicture("ones.jpg", [UInt8](repeating: 0xFF, count: 9000), .leftOut("begins with ff ff")),
            OddPicture("noise.jpg", noise, .leftOut("begins with")),
            OddPicture("gif-named.jpg", Array("GIF89a".utf8) + [1, 0, 1, 0, 0, 0, 0, 0x3B], .leftOut("a GIF picture")),
            OddPicture("animation.gif", Array("GIF89a".utf8) + [1, 0, 1, 0, 0, 0, 0, 0x3B], .leftOut("a GIF picture")),
            OddPicture(
                "bmp-named.jpg", Array("BM".utf8) + [70, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0],
                .leftOut("a BMP picture")),
            OddPicture("tiff-named.jpg", Array("II*\0".utf8) + [8, 0, 0, 0], .leftOut("a TIFF picture")),
            OddPicture("scan.tif", Array("MM\0*".utf8) + [0, 0, 0, 8], .leftOut("a TIFF picture")),
            OddPicture("heic-named.jpg", box("heic"), .leftOut("a HEIC picture")),
            OddPicture("photo.heic", box("mif1"), .leftOut("a HEIC picture")),
            OddPicture("avif-named.jpg", box("avif"), .leftOut("an AVIF picture")),
            OddPicture("film-named.jpg", box("isom"), .leftOut("a film")),
            OddPicture(
                "jpeg2000-named.jpg", [0, 0, 0, 12] + Array("jP  \r\n".utf8) + [0x87, 10], .leftOut("a JPEG 2000")),
            OddPicture("jxl-named.jpg", [0xFF, 0x0A, 0x41], .leftOut("a JPEG XL picture")),
            OddPicture("icon-named.png", [0, 0, 1, 0, 1, 0, 16, 16], .leftOut("a Windows icon")),
            OddPicture("photoshop-named.png", Array("8BPS\0\u{1}".utf8), .leftOut("a Photoshop picture")),
            OddPicture("pnm-named.png", Array("P6\n1 1\n255\n".utf8) + [1, 2, 3], .leftOut("a PNM picture")),
            OddPicture("archive-named.jpg", Array("PK\u{3}\u{4}".utf8), .leftOut("a zip archive")),
            OddPicture("compressed.jpg", [0x1F, 0x8B, 8, 0], .leftOut("compressed by gzip")),
            OddPicture("sound-named.webp", Array("RIFF\u{24}\0\0\0WAVEfmt ".utf8), .leftOut("a sound")),
            OddPicture("apple-double.jpg", [0, 5, 0x16, 7, 0, 2, 0, 0], .leftOut("AppleDouble")),
            text("not-found.jpg", "<!DOCTYPE html><html><title>404 Not Found</title></html>", "an HTML page"),
            text("forbidden.jpg", "<html>\r\n<head><title>403 Forbidden</title></head></html>", "an HTML page"),
            text("access-denied.jpg", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "text"),
            text("drawing.png", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "an SVG drawing"),
            text("error.jpg", "{\"error\": \"rate limit exceeded\"}", "text"),
            text("pointer.jpg", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "Git LFS"),
            text("document.jpg", "%PDF-1.7\n", "a PDF document"),
            text("data-url.jpg", "data:image/jpeg;base64,/9j/4AAQSkZJRg==", "text"),
            text("link.jpg", "../../originals/0001.jpg", "text"),
        ]
    }
}
