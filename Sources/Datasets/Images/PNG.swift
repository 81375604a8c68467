import CZlib

/// PNG files, decoded by libpng. (ISO/IEC 15948.)
enum PNG {
    /// Returns the orientation in Exif data or, without any there, in XMP data, and whether the file has its end.
    ///
    /// Exif data are the last chunk eXIf before or after the pixels, or text as ImageMagick writes it. (PNG Extensions
    /// 1.5.)
    static func orientation(in bytes: Span<UInt8>) -> (Orientation, isWhole: Bool) {
        var exif: [UInt8]?
        var profile: [UInt8] = []
        var xmp: [UInt8] = []
        var isWhole = false
        var place = 8
        while place + 12 <= bytes.count {
            let length = number(bytes, at: place, count: 4, isLittle: false)
            guard length <= bytes.count - place - 12 else { break }
            let data = bytes.extracting(place + 8..<place + 8 + length)
            if bytes.has("IEND", at: place + 4) {
                isWhole = true
                break
            } else if bytes.has("eXIf", at: place + 4) {
                exif = data.array
            } else if bytes.has("tEXt", at: place + 4) || bytes.has("zTXt", at: place + 4)
                || bytes.has("iTXt", at: place + 4)
            {
                if data.has("exif\0", at: 0) {
                    exif = text(data, keyword: 4, kind: bytes[place + 4]) ?? exif
                } else if data.has("Raw profile type exif\0", at: 0) {
                    profile = text(data, keyword: 21, kind: bytes[place + 4]) ?? profile
                } else if data.has("XML:com.adobe.xmp\0", at: 0) {
                    xmp = text(data, keyword: 17, kind: bytes[place + 4]) ?? xmp
                }
            }
            place += 12 + length
        }
        return (Orientation(exif: exif ?? unwrapped(profile), xmp: xmp), isWhole)
    }

    /// Returns the text of a chunk after its keyword of `keyword` bytes; nil where the chunk is malformed.
    ///
    /// - Parameter kind: The chunk's first letter: t for tEXt, z for zTXt, i for iTXt.
    private static func text(_ data: Span<UInt8>, keyword: Int, kind: UInt8) -> [UInt8]? {
        var place = keyword + 1
        var isCompressed = false
        switch kind {
        case UInt8(ascii: "t"):
            break
        case UInt8(ascii: "z"):
            guard place < data.count, data[place] == 0 else { return nil }
            isCompressed = true
            place += 1
        default:
            // Flag, method, language, 0, keyword in that language, 0.
            guard place + 2 <= data.count else { return nil }
            isCompressed = data[place] != 0
            guard !isCompressed || data[place + 1] == 0 else { return nil }
            place += 2
            for _ in 0..<2 {
                while place < data.count, data[place] != 0 { place += 1 }
                guard place < data.count else { return nil }
                place += 1
            }
        }
        let rest = data.extracting(place..<data.count)
        return isCompressed ? inflated(rest) : rest.array
    }

    /// The most bytes that a text is decompressed to: Pillow's limit.
    private static let mostText = 1 << 20

    private static func inflated(_ bytes: Span<UInt8>) -> [UInt8]? {
        var isSound = false
        let text = [UInt8](unsafeUninitializedCapacity: mostText) { output, count in
            var size = uLongf(mostText)
            let code = bytes.withUnsafeBufferPointer {
                uncompress(output.baseAddress, &size, $0.baseAddress, uLong($0.count))
            }
            isSound = code == Z_OK
            count = isSound ? Int(size) : 0
        }
        return isSound ? text : nil
    }

    /// Data out of ImageMagick's form: an empty line, the profile's name, its length, and hexadecimal digits in lines.
    private static func unwrapped(_ profile: [UInt8]) -> [UInt8] {
        var lines = 0
        var digits: [UInt8] = []
        for letter in profile {
            if letter == UInt8(ascii: "\n") {
                lines += 1
            } else if lines >= 3, let digit = Character(Unicode.Scalar(letter)).hexDigitValue {
                digits.append(UInt8(digit))
            }
        }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
