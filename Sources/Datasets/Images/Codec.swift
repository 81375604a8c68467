import CImageCodecs
import Machine

/// A file opened by one of the libraries behind CImageCodecs, which has read its header.
struct Codec: ~Copyable {
    private let format: ImageFormat
    private let handle: OpaquePointer
    private let bytes: Int
    /// The rows of the picture before it is turned upright; `width` are its columns.
    let height: Int
    let width: Int

    /// - Parameter payload: must stay in place as long as the codec lives.
    init(_ format: ImageFormat, _ payload: UnsafeBufferPointer<UInt8>, path: String) throws(ImageError) {
        var picture = codec_picture()
        var handle: OpaquePointer?
        let result = codec_open(format.codec, payload.baseAddress, payload.count, &picture, &handle)
        guard result == 0, let handle else {
            throw Self.error(result, picture, format: format, bytes: payload.count, path: path)
        }
        self.format = format
        self.handle = handle
        bytes = payload.count
        height = Int(picture.height)
        width = Int(picture.width)
    }

    deinit { codec_close(handle) }

    /// Decodes a part of the picture, once, before it is turned upright.
    ///
    /// - Parameter readsAll: Whether rows below the part are decoded as well, because the file may end among them.
    func decode(
        _ part: ImagePart, of container: Container, readsAll: Bool, into image: inout ImageBuffer, path: String
    ) throws(ImageError) {
        try makeSure(of: part, in: image, path: path)
        image.resize(height: part.rows.count, width: part.columns.count)
        let stride = 3 * image.width
        var rows = part.rows
        var columns = part.columns
        var place = 0
        if let frame = container.frame {
            // The first frame of an animation covers a part of the canvas; the rest is black.
            rows = rows.clamped(to: frame.top..<frame.top + height)
            columns = columns.clamped(to: frame.left..<frame.left + width)
            image.withMutableSpan { $0.update(repeating: 0) }
            if rows.isEmpty || columns.isEmpty { return }
            place = (rows.lowerBound - part.rows.lowerBound) * stride
            place += 3 * (columns.lowerBound - part.columns.lowerBound)
            rows = rows.lowerBound - frame.top..<rows.upperBound - frame.top
            columns = columns.lowerBound - frame.left..<columns.upperBound - frame.left
        }
        let region = codec_region(
            left: UInt32(columns.lowerBound), top: UInt32(rows.lowerBound), width: UInt32(columns.count),
            height: UInt32(rows.count))
        var picture = codec_picture()
        let result = image.withBytes { pixels in
            codec_decode(
                handle, region, Int32(part.eighths), readsAll ? 1 : 0, pixels.baseAddress?.advanced(by: place), stride,
                &picture)
        }
        guard result == 0 else { throw Self.error(result, picture, format: format, bytes: bytes, path: path) }
    }

    /// Makes sure, before it is asked for, that there is memory for a large part.
    private func makeSure(
        of part: ImagePart, in image: borrowing ImageBuffer, path: String
    ) throws(ImageError) {
        let count = 3 * part.rows.count * part.columns.count
        guard image.mustGrowMuch(for: count) else { return }
        do throws(MemoryError) {
            // A second copy is needed where it is turned upright.
            try MemoryCapacity.here.require(
                2 * count, for: "\(path), a picture of \(width) x \(height) pixels,",
                remedy: "Make it smaller, or free memory")
        } catch {
            throw .memory(error)
        }
    }

    private static func error(
        _ result: Int32, _ picture: codec_picture, format: ImageFormat, bytes: Int, path: String
    ) -> ImageError {
        var message = picture.message
        let reason = withUnsafeBytes(of: &message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return switch codec_result(UInt32(bitPattern: result)) {
        case CODEC_TRUNCATED: .truncated(file: path, format: format.name, bytes: bytes, reason: reason)
        case CODEC_UNSUPPORTED: .notSupported(file: path, format: format.name, reason: reason)
        case CODEC_NO_MEMORY: .noMemory(file: path, height: Int(picture.height), width: Int(picture.width))
        default: .damaged(file: path, format: format.name, reason: reason)
        }
    }
}

extension ImageFormat {
    fileprivate var codec: codec_format {
        switch self {
        case .jpeg: CODEC_JPEG
        case .png: CODEC_PNG
        case .webp: CODEC_WEBP
        }
    }
}
