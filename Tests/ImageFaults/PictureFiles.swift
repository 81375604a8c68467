/// Files of pictures taken apart and put together.
package enum PictureFiles {
    /// `value` in `count` bytes.
    package static func big(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }
    }

    package static func little(_ value: Int, _ count: Int) -> [UInt8] { big(value, count).reversed() }

    /// TIFF data of one directory with the tag 274, of which `value` holds the numbers; more than four bytes stand
    /// behind it.
    package static func exif(type: Int, count: Int = 1, value: [UInt8], before: [UInt8] = []) -> [UInt8] {
        let entries = before.count / 12 + 1
        let head = Array("MM\0\u{2A}".utf8) + big(8, 4) + big(entries, 2) + before + big(274, 2) + big(type, 2)
        let inline = value.count <= 4
        let behind = 8 + 2 + 12 * entries + 4
        return head + big(count, 4) + (inline ? value + [UInt8](repeating: 0, count: 4 - value.count) : big(behind, 4))
            + big(0, 4) + (inline ? [] : value)
    }

    /// XMP data as cameras and Adobe's programs write them.
    package static func xmp(_ orientation: Int, isElement: Bool) -> [UInt8] {
        Array(
            ("<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:Description "
                + (isElement
                    ? "><tiff:Orientation>\(orientation)</tiff:Orientation>" : "tiff:Orientation=\"\(orientation)\">")
                + "</rdf:Description></x:xmpmeta>").utf8)
    }

    /// A segment of a JPEG.
    package static func segment(_ marker: UInt8, _ data: [UInt8]) -> [UInt8] {
        [0xFF, marker] + big(data.count + 2, 2) + data
    }

    /// A JPEG with segments behind its beginning.
    package static func jpeg(_ file: [UInt8], with segments: [[UInt8]]) -> [UInt8] {
        Array(file[..<2]) + segments.flatMap { $0 } + file[2...]
    }

    /// A chunk of a PNG with its checksum. (ISO/IEC 15948, annex D.)
    package static func chunk(_ kind: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(kind.utf8) + data
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in body {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return big(data.count, 4) + body + big(Int(~sum), 4)
    }

    /// A PNG with a chunk before its pixels, or before its end.
    package static func png(_ file: [UInt8], with chunk: [UInt8], isLate: Bool = false) -> [UInt8] {
        // Signature and IHDR have 33 bytes, IEND 12.
        let place = isLate ? file.count - 12 : 33
        return file[..<place] + chunk + file[place...]
    }

    /// A chunk of a WebP.
    package static func riff(_ kind: String, _ data: [UInt8]) -> [UInt8] {
        Array(kind.utf8) + little(data.count, 4) + data + [UInt8](repeating: 0, count: data.count % 2)
    }

    /// A WebP of several chunks: those of `file` between `before` and `after`.
    package static func webp(
        _ file: [UInt8], width: Int, height: Int, flags: UInt8, before: [UInt8] = [], after: [UInt8] = []
    ) -> [UInt8] {
        let header = [flags, 0, 0, 0] + little(width - 1, 3) + little(height - 1, 3)
        return riff("RIFF", Array("WEBP".utf8) + riff("VP8X", header) + before + file + after)
    }
}
