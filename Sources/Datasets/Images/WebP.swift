extension Container {
    /// Reads the chunks of a WebP file, decoded by libwebp. (RFC 9649, section 2.)
    ///
    /// The first frame of an animation is the picture.
    mutating func readWebP(_ bytes: Span<UInt8>, path: String) throws(ImageError) {
        let end = 8 + number(bytes, at: 4, count: 4, isLittle: true)
        guard end <= bytes.count else {
            throw .truncated(
                file: path, format: format.name, bytes: bytes.count, reason: "its header announces \(end) bytes")
        }
        payload = 0..<end
        // Files of one picture and nothing beside it have no chunk VP8X.
        guard bytes.has("VP8X", at: 12), end >= 30 else { return }
        let (hasXMP, hasExif, isAnimated) = (bytes[20] & 4 != 0, bytes[20] & 8 != 0, bytes[20] & 2 != 0)
        var exif: [UInt8]?
        var xmp: [UInt8]?
        var place = 12
        while place + 8 <= end {
            let length = number(bytes, at: place + 4, count: 4, isLittle: true)
            guard length <= end - place - 8 else { break }
            let data = place + 8..<place + 8 + length
            if hasExif && exif == nil && bytes.has("EXIF", at: place) {
                exif = bytes.extracting(data).array
            } else if hasXMP && xmp == nil && bytes.has("XMP ", at: place) {
                xmp = bytes.extracting(data).array
            } else if isAnimated && frame == nil && bytes.has("ANMF", at: place) && length >= 16 {
                frame = Frame(
                    top: 2 * number(bytes, at: data.lowerBound + 3, count: 3, isLittle: true),
                    left: 2 * number(bytes, at: data.lowerBound, count: 3, isLittle: true),
                    canvasHeight: 1 + number(bytes, at: 27, count: 3, isLittle: true),
                    canvasWidth: 1 + number(bytes, at: 24, count: 3, isLittle: true))
                payload = data.dropFirst(16)
            }
            // Chunks have an even length.
            place += 8 + length + length & 1
        }
        orientation = Orientation(exif: exif ?? [], xmp: xmp ?? [])
        if isAnimated && frame == nil {
            throw .damaged(file: path, format: format.name, reason: "its animation has no frame")
        }
    }
}
