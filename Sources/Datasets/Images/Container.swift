/// The file around a picture: the bytes for the library, and the metadata.
struct Container {
    let format: ImageFormat
    /// The bytes that the library is given.
    var payload: Range<Int>
    /// Whether the file has its end. Without one, rows below a part must be decoded to see that they are there.
    var isWhole = true
    /// The first frame of an animation on its canvas.
    var frame: Frame?
    var orientation = Orientation.upright

    /// The place of a frame on its canvas, and the size of the canvas, in pixels.
    struct Frame {
        var top: Int
        var left: Int
        var canvasHeight: Int
        var canvasWidth: Int
    }

    /// - Throws: `ImageError` for bytes that are none of the formats, and for a WebP that is cut short.
    init(_ bytes: Span<UInt8>, path: String) throws(ImageError) {
        guard let format = ImageFormat(bytes) else {
            guard !bytes.isEmpty else { throw .empty(file: path) }
            throw ForeignFormat(bytes)?.error(file: path)
                ?? .unknownFormat(file: path, found: hexadecimal(bytes, 8))
        }
        self.format = format
        payload = 0..<bytes.count
        switch format {
        case .jpeg: orientation = JPEG.orientation(in: bytes)
        case .png: (orientation, isWhole) = PNG.orientation(in: bytes)
        case .webp: try readWebP(bytes, path: path)
        }
    }

    /// Returns the picture's size before it is turned upright.
    func size(_ codec: borrowing Codec, path: String) throws(ImageError) -> (height: Int, width: Int) {
        var (height, width) = (codec.height, codec.width)
        if let frame {
            guard frame.top + height <= frame.canvasHeight, frame.left + width <= frame.canvasWidth else {
                throw .damaged(file: path, format: format.name, reason: "its first frame is larger than the canvas")
            }
            (height, width) = (frame.canvasHeight, frame.canvasWidth)
        }
        guard height > 0, width > 0 else {
            throw .damaged(file: path, format: format.name, reason: "it has \(width) x \(height) pixels")
        }
        return (height, width)
    }
}

/// Returns a number of `count` bytes.
func number(_ bytes: Span<UInt8>, at place: Int, count: Int, isLittle: Bool) -> Int {
    var value = 0
    for index in 0..<count { value = value << 8 | Int(bytes[isLittle ? place + count - 1 - index : place + index]) }
    return value
}

extension Span<UInt8> {
    /// Whether the file has these bytes at `place`.
    func has(_ text: StaticString, at place: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        guard place >= 0, place + count <= self.count else { return false }
        return text.withUTF8Buffer { letters in
            for index in 0..<count where self[place + index] != letters[index] { return false }
            return true
        }
    }

    /// A copy.
    var array: [UInt8] { [UInt8](capacity: count) { output in for index in indices { output.append(self[index]) } } }
}

/// `ff d8 ff`
private func hexadecimal(_ bytes: Span<UInt8>, _ count: Int) -> String {
    bytes.extracting(first: count).array.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}
