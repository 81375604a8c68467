import CImageCodecs

/// One of the two libraries behind CImageCodecs.
struct Decoder {
    typealias ReadHeader = (UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<codec_picture>?) -> Int32
    typealias Decode =
        (UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<codec_picture>?, UnsafeMutablePointer<UInt8>?) -> Int32

    /// What messages call it.
    let format: String
    /// Bytes that a pixel has as the library decodes it: 3, or 4 with opacity last.
    let channels: Int
    let header: ReadHeader
    let decode: Decode

    /// Reads the header, and if the picture is not too large, the picture. Memory is reserved only in between.
    func decode(_ bytes: [UInt8], path: String) throws(ImageError) -> Image {
        var picture = codec_picture()
        var result = header(bytes, bytes.count, &picture)
        guard result == CODEC_OK.result else { throw error(result, picture, bytes, path) }
        let (height, width) = (Int(picture.height), Int(picture.width))
        guard height > 0, width > 0 else {
            throw .damaged(file: path, format: format, reason: "it has \(width) x \(height) pixels")
        }
        // Both are 32 bits at most: the product fits.
        guard height * width <= Image.mostPixels else {
            throw .tooLarge(file: path, height: height, width: width, limit: Image.mostPixels)
        }
        let count = height * width
        var pixels = [UInt8](unsafeUninitializedCapacity: count * channels) { buffer, initialized in
            result = decode(bytes, bytes.count, &picture, buffer.baseAddress)
            initialized = result == CODEC_OK.result ? count * channels : 0
        }
        guard result == CODEC_OK.result else { throw error(result, picture, bytes, path) }
        if channels == 4 { dropOpacity(&pixels) }
        return Image(height: height, width: width, pixels: pixels)
    }

    private func dropOpacity(_ pixels: inout [UInt8]) {
        let count = pixels.count / 4
        var span = pixels.mutableSpan
        for pixel in 1..<max(count, 1) {
            for channel in 0..<3 { span[3 * pixel + channel] = span[4 * pixel + channel] }
        }
        pixels.removeLast(count)
    }

    private func error(_ result: Int32, _ picture: codec_picture, _ bytes: [UInt8], _ path: String) -> ImageError {
        var message = picture.message
        let reason = withUnsafeBytes(of: &message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return result == CODEC_TRUNCATED.result
            ? .truncated(file: path, format: format, bytes: bytes.count, reason: reason)
            : .damaged(file: path, format: format, reason: reason)
    }
}

extension codec_result {
    /// As functions return it.
    fileprivate var result: Int32 { Int32(rawValue) }
}
