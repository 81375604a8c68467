import CImageCodecs

/// PNG files, decoded by libpng's simplified interface. (ISO/IEC 15948.)
enum PNG {
    /// The picture as it lies in the file, without its opacity.
    ///
    /// - Throws: `ImageError` where the file is damaged or ends too early.
    static func decode(_ bytes: [UInt8], path: String) throws(ImageError) -> Image {
        let decoder = Decoder(format: "PNG", channels: 4, header: codec_read_png_header, decode: codec_decode_png)
        return try decoder.decode(bytes, path: path)
    }

    /// What the chunk eXIf holds; nil where there is none before the picture.
    static func exif(in bytes: [UInt8]) -> ArraySlice<UInt8>? {
        var place = 8
        while place + 12 <= bytes.count {
            let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - place - 12 else { return nil }
            let kind = bytes[place + 4..<place + 8]
            if kind.elementsEqual("eXIf".utf8) { return bytes[place + 8..<place + 8 + length] }
            if kind.elementsEqual("IDAT".utf8) { return nil }
            place += 12 + length
        }
        return nil
    }
}
