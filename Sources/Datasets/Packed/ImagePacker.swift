import CImageCodecs
import Tensors

/// A packer of images: it checks that an image can be decoded, makes it smaller, and encodes it again, depending on its
/// content.
///
/// Each thread has a packer of its own, whose memory is reused for the next image.
struct ImagePacker: ~Copyable {
    private let content: PackedContent
    private let channels: Int
    private var decoder = ImageDecoder()
    private var decoded = ImageBuffer()
    private var shrinker = Shrinker()

    /// - Parameter channels: of the source's pixels.
    init(_ content: PackedContent, channels: Int) {
        self.content = content
        self.channels = channels
    }

    /// Returns the packed form of a stored sample.
    ///
    /// - Throws: for a sample that cannot be decoded or encoded.
    mutating func packed(_ stored: StoredSample, path: () -> String) throws(SampleError) -> StoredSample {
        do throws(ImageError) {
            switch stored.form {
            case .pixels(let height, let width):
                return try shrinker.packed(
                    stored.bytes.span, height, width, channels, of: stored, as: content, path: path)
            case .encoded:
                try decoder.decode(stored.bytes.span, path: path(), into: &decoded)
                return try Self.packed(decoded, of: stored, as: content, by: &shrinker, path: path)
            }
        } catch {
            throw SampleError("\(error)")
        }
    }

    private static func packed(
        _ image: borrowing ImageBuffer, of stored: StoredSample, as content: PackedContent,
        by shrinker: inout Shrinker, path: () -> String
    ) throws(ImageError) -> StoredSample {
        let (height, width) = (image.height, image.width)
        return try image.withSpan { pixels throws(ImageError) in
            try shrinker.packed(pixels, height, width, 3, of: stored, as: content, path: path)
        }
    }
}

/// Makes images smaller, and JPEGs of them.
private struct Shrinker {
    private var resampler = Resampler()
    private var resized = ByteMemory()
    private var encoded = ByteMemory()

    /// Returns the packed form of an image.
    ///
    /// - Parameters:
    ///   - pixels: height x width x channels, upright.
    ///   - stored: the image before packing.
    mutating func packed(
        _ pixels: Span<UInt8>, _ height: Int, _ width: Int, _ channels: Int, of stored: StoredSample,
        as content: PackedContent, path: () -> String
    ) throws(ImageError) -> StoredSample {
        guard let shorter = content.shorter, shorter < min(height, width) else {
            guard case .pixels = content, stored.form == .encoded else { return stored }
            return Self.sample(pixels, height, width)
        }
        // The size is that of torchvision's `Resize`.
        let rows = shorter * height / min(height, width)
        let columns = shorter * width / min(height, width)
        let count = rows * columns * channels
        var memory = resized.take(count)
        defer { resized.put(memory) }
        var whole = memory.mutableSpan
        var target = whole._mutatingExtracting(first: count)
        _ = resampler.prepare(
            height: height, width: width, to: (rows, columns), window: (0..<rows, 0..<columns))
        resampler.resize(pixels, channels: channels, into: &target)
        switch content {
        case .smaller(_, let quality):
            return try jpeg(memory, rows, columns, channels, quality: quality, path: path)
        case .stored, .pixels:
            return Self.sample(memory.span.extracting(first: count), rows, columns)
        }
    }

    private static func sample(_ pixels: Span<UInt8>, _ height: Int, _ width: Int) -> StoredSample {
        var sample = StoredSample()
        sample.form = .pixels(height: height, width: width)
        sample.bytes = [UInt8](repeating: 0, count: pixels.count)
        var bytes = sample.bytes.mutableSpan
        bytes.copy(pixels)
        return sample
    }

    /// Colour has half as many rows and columns as brightness, as in most photographs.
    private mutating func jpeg(
        _ pixels: [UInt8], _ height: Int, _ width: Int, _ channels: Int, quality: Int, path: () -> String
    ) throws(ImageError) -> StoredSample {
        let blocks: Int32 = channels == 1 ? 1 : 2
        let options = codec_jpeg_options(
            quality: Int32(quality), across: blocks, down: blocks, is_progressive: 0, is_arithmetic: 0,
            restart_interval: 0)
        // A coefficient takes 27 bits at most, and stuffing doubles them at worst.
        let capacity = 8 * (height + 16) * (width + 16) * channels + 4096
        var memory = encoded.take(capacity)
        defer { encoded.put(memory) }
        let count = memory.withUnsafeMutableBufferPointer { bytes in
            codec_encode_jpeg(
                pixels, UInt32(width), UInt32(height), Int32(channels), options, bytes.baseAddress, capacity)
        }
        guard count > 0 else {
            throw .notSupported(
                file: path(), format: "JPEG",
                reason: "libjpeg makes none of its \(width) x \(height) pixels, of which a side may have 65500")
        }
        var sample = StoredSample()
        sample.bytes = Array(memory.prefix(count))
        return sample
    }
}
