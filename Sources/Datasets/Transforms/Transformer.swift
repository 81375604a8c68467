import Tensors

/// A transformer of stored samples into the bytes of a network's input: it decodes, cuts, resizes, mirrors and changes
/// them.
///
/// Each thread has a transformer of its own, whose memory is reused for the next sample.
struct Transformer: ~Copyable {
    private var decoder = ImageDecoder()
    private var decoded = ImageBuffer()
    /// The pixels of a stored image that are resized.
    private var cut = ByteMemory()
    private var window = WindowWriter()
    private var changer = ImageOperator()

    /// Writes a sample's bytes, side x side x channels.
    ///
    /// - Parameters:
    ///   - path: What messages call the sample.
    ///   - index: the sample's in its split.
    ///   - shorterSide: as `Framing` takes it.
    ///   - fill: the mean colour, one byte for each channel that the source has.
    mutating func transform(
        _ stored: borrowing StoredSample, path: () -> String, index: UInt32, as look: SampleLook, shorterSide: Int,
        fill: [UInt8], into target: inout MutableSpan<UInt8>
    ) throws(SampleError) {
        try write(stored, path: path, channels: fill.count, as: look.images, into: &target) { height, width in
            Framing(of: height, width, index: index, as: look, shorter: shorterSide)
        }
        guard look.training != nil else { return }
        PixelChanges(of: index, as: look).apply(to: &target, side: look.imageSize, fill: fill, by: &changer)
    }

    /// Writes the part of an image of `height` x `width` that a framing shows.
    private mutating func write(
        _ stored: borrowing StoredSample, path: () -> String, channels: Int, as options: ImageOptions,
        into target: inout MutableSpan<UInt8>, framing: (_ height: Int, _ width: Int) -> Framing
    ) throws(SampleError) {
        window.filter = options.filter
        switch stored.form {
        case .pixels(let height, let width):
            let framing = framing(height, width)
            let (rows, columns) = window.prepare(framing)
            if rows == 0..<height && columns == 0..<width {
                window.write(stored.bytes.span, framing, channels, into: &target)
                return
            }
            let (from, length) = (width * channels, columns.count * channels)
            var memory = cut.take(rows.count * length)
            var part = memory.mutableSpan
            for row in rows {
                var line = part._mutatingExtracting(
                    (row - rows.lowerBound) * length..<(row + 1 - rows.lowerBound) * length)
                let begin = row * from + columns.lowerBound * channels
                line.copy(stored.bytes.span.extracting(begin..<begin + length))
            }
            window.write(memory.span.extracting(first: rows.count * length), framing, channels, into: &target)
            cut.put(memory)
        case .encoded:
            decoder.mostPixels = options.mostPixels
            decoder.turnsUpright = options.turnsUpright
            let framing = try Self.decode(
                stored, path: path(), isShrunk: options.shrinksInDecoder, framing: framing, by: &decoder,
                into: &decoded, for: &window)
            if channels == 1 {
                var grey = cut.take(decoded.count / 3)
                decoded.withSpan { Self.writeGrey(of: $0, to: &grey) }
                window.write(grey.span.extracting(first: decoded.count / 3), framing, 1, into: &target)
                cut.put(grey)
            } else {
                Self.write(decoded, framing, by: &window, into: &target)
            }
        }
    }

    /// Decodes the part that a framing needs.
    ///
    /// - Parameter isShrunk: Whether the picture may be decoded at a smaller scale.
    /// - Returns: The framing of the decoded part.
    private static func decode(
        _ stored: borrowing StoredSample, path: String, isShrunk: Bool,
        framing: (_ height: Int, _ width: Int) -> Framing, by decoder: inout ImageDecoder,
        into image: inout ImageBuffer, for window: inout WindowWriter
    ) throws(SampleError) -> Framing {
        var chosen: Framing?
        do throws(ImageError) {
            try decoder.decode(stored.bytes.span, path: path, into: &image) { header in
                var framing = framing(header.height, header.width)
                let eighths = isShrunk && header.canShrink ? framing.leastEighths : 8
                if eighths < 8 { framing.shrink(to: eighths, of: header.size(eighths: eighths)) }
                chosen = framing
                let (rows, columns) = window.prepare(framing)
                return ImagePart(rows: rows, columns: columns, eighths: eighths)
            }
        } catch {
            throw SampleError("\(error)")
        }
        guard let chosen else { throw SampleError("\(path): nothing was decoded") }
        return chosen
    }

    private static func write(
        _ image: borrowing ImageBuffer, _ framing: Framing, by window: inout WindowWriter,
        into target: inout MutableSpan<UInt8>
    ) {
        image.withSpan { window.write($0, framing, 3, into: &target) }
    }

    /// Luma, rounded as Pillow does. (ITU-R BT.601.)
    private static func writeGrey(of pixels: Span<UInt8>, to target: inout [UInt8]) {
        var target = target.mutableSpan
        for pixel in 0..<pixels.count / 3 {
            target[pixel] = luma(pixels[3 * pixel], pixels[3 * pixel + 1], pixels[3 * pixel + 2])
        }
    }
}

/// A writer of the part of an image that a framing shows.
struct WindowWriter {
    private var resampler = Resampler()
    /// The part of a window inside the image, where the window has a margin.
    private var inner = ByteMemory()
    var filter = ResamplingFilter.bilinear

    /// Returns the image's rows and columns that a framing shows.
    mutating func prepare(_ framing: Framing) -> (rows: Range<Int>, columns: Range<Int>) {
        let support = resampler.prepare(
            height: framing.rows.count, width: framing.columns.count, to: (framing.height, framing.width),
            window: framing.inside, filter: filter, isMirrored: framing.isMirrored)
        let (top, left) = (framing.rows.lowerBound, framing.columns.lowerBound)
        return (
            top + support.rows.lowerBound..<top + support.rows.upperBound,
            left + support.columns.lowerBound..<left + support.columns.upperBound
        )
    }

    /// - Parameter source: the part that `prepare` has named.
    mutating func write(
        _ source: Span<UInt8>, _ framing: Framing, _ channels: Int, into target: inout MutableSpan<UInt8>
    ) {
        if framing.isInside { return resampler.resize(source, channels: channels, into: &target) }
        let (rows, columns) = framing.inside
        let count = rows.count * columns.count * channels
        var memory = inner.take(count)
        var whole = memory.mutableSpan
        var pixels = whole._mutatingExtracting(first: count)
        resampler.resize(source, channels: channels, into: &pixels)
        framing.addMargin(to: pixels.span, channels, into: &target)
        inner.put(memory)
    }
}

/// Luma, rounded as Pillow does. (ITU-R BT.601.)
@inline(__always)
func luma(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
    UInt8(truncatingIfNeeded: (19_595 * UInt32(red) + 38_470 * UInt32(green) + 7_471 * UInt32(blue) + 32_768) >> 16)
}

/// Memory for bytes that is used again. It is taken out meanwhile, so that the rest of its owner can be used.
struct ByteMemory {
    private var bytes: [UInt8] = []

    /// Returns at least `count` bytes with undefined contents.
    mutating func take(_ count: Int) -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        return taken.count < count ? [UInt8](repeating: 0, count: count) : taken
    }

    mutating func put(_ taken: consuming [UInt8]) { bytes = taken }
}
