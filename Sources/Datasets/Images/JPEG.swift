/// JPEG files, decoded by libjpeg-turbo. (ITU-T T.81, 1992.)
enum JPEG {
    /// Returns the orientation in Exif data or, without any there, in XMP data. Only segments before the first scan
    /// count.
    static func orientation(in bytes: Span<UInt8>) -> Orientation {
        var exif: [UInt8] = []
        var xmp: [UInt8] = []
        var place = 2
        while place + 4 <= bytes.count {
            guard bytes[place] == 0xFF else {
                // Stray bytes, which decoders skip.
                place += 1
                continue
            }
            let marker = bytes[place + 1]
            switch marker {
            case 0xFF:
                // A fill byte before the marker.
                place += 1
                continue
            case 0, 1, 0xD0...0xD9:
                // Some markers have no segment.
                place += 2
                continue
            case 0xDA:
                return Orientation(exif: exif, xmp: xmp)
            default:
                break
            }
            let length = number(bytes, at: place + 2, count: 2, isLittle: false)
            guard length >= 2, place + 2 + length <= bytes.count else { break }
            if marker == 0xE1 {
                let segment = place + 4..<place + 2 + length
                if bytes.extracting(segment).has("Exif\0\0", at: 0) {
                    // Data too long for one segment continue in the next.
                    exif += bytes.extracting(segment.dropFirst(6)).array
                } else if bytes.extracting(segment).has("http://ns.adobe.com/xap/1.0/\0", at: 0) {
                    xmp = bytes.extracting(segment.dropFirst(29)).array
                }
            }
            place += 2 + length
        }
        return Orientation(exif: exif, xmp: xmp)
    }
}
