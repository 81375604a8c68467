import CImageCodecs

/// JPEG files, decoded by libjpeg-turbo. (ITU-T T.81, 1992.)
enum JPEG {
    /// The picture as it lies in the file.
    ///
    /// - Throws: `ImageError` where the file is damaged or ends too early, which libjpeg itself only warns of.
    static func decode(_ bytes: [UInt8], path: String) throws(ImageError) -> Image {
        let decoder = Decoder(
            format: "JPEG", channels: 3, header: codec_read_jpeg_header, decode: codec_decode_jpeg)
        return try decoder.decode(bytes, path: path)
    }

    /// The Exif data, from its TIFF header on; nil where there are none. Only segments before the picture are looked at.
    static func exif(in bytes: [UInt8]) -> ArraySlice<UInt8>? {
        var place = 2
        while place + 4 <= bytes.count, bytes[place] == 0xFF {
            let marker = bytes[place + 1]
            // A fill byte before the marker.
            if marker == 0xFF {
                place += 1
                continue
            }
            // Start of scan, end of image.
            if marker == 0xDA || marker == 0xD9 { return nil }
            let length = Int(bytes[place + 2]) << 8 | Int(bytes[place + 3])
            guard length >= 2, place + 2 + length <= bytes.count else { return nil }
            let segment = bytes[place + 4..<place + 2 + length]
            if marker == 0xE1, segment.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]) { return segment.dropFirst(6) }
            place += 2 + length
        }
        return nil
    }
}
