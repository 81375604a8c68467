import Tensors

/// Makes the bytes that a network is shown of samples as they are stored: decodes, cuts, resizes and mirrors.
///
/// Each thread has one of its own, whose memory is used again for the next sample.
struct Transformer: ~Copyable {
    private var decoder = ImageDecoder()
    private var decoded = ImageBuffer()
    private var resampler = Resampler()
    /// The pixels of a stored image that are resized.
    private var cut: [UInt8] = []
    /// The part of a window that lies within the image, where not all of it does.
    private var inner: [UInt8] = []

    /// Writes side x side x channels bytes.
    ///
    /// - Parameters:
    ///   - path: What messages call the sample.
    ///   - framing: of an image of so many rows and columns.
    mutating func transform(
        _ stored: borrowing StoredSample, path: String, channels: Int,
        framing: (_ height: Int, _ width: Int) -> Framing, into target: inout MutableSpan<UInt8>
    ) throws(SampleError) {
        switch stored.form {
        case .pixels(let height, let width):
            let framing = framing(height, width)
            let (rows, columns) = needed(framing)
            if rows == 0..<height && columns == 0..<width {
                show(stored.bytes.span, framing, channels, into: &target)
                return
            }
            let (from, length) = (width * channels, columns.count * channels)
            Self.grow(&cut, to: rows.count * length)
            var whole = cut.mutableSpan
            for row in rows {
                var line = whole._mutatingExtracting(
                    (row - rows.lowerBound) * length..<(row + 1 - rows.lowerBound) * length)
                let begin = row * from + columns.lowerBound * channels
                line.copy(stored.bytes.span.extracting(begin..<begin + length))
            }
            show(cut.span.extracting(first: rows.count * length), framing, channels, into: &target)
        case .encoded:
            var chosen: Framing?
            do throws(ImageError) {
                try decoder.decode(stored.bytes.span, path: path, into: &decoded) { header in
                    let framing = framing(header.height, header.width)
                    chosen = framing
                    let (rows, columns) = needed(framing)
                    return ImagePart(rows: rows, columns: columns)
                }
            } catch {
                throw SampleError("\(error)")
            }
            guard let framing = chosen else { return }
            decoded.withSpan { pixels in
                if channels == 3 { return show(pixels, framing, 3, into: &target) }
                Self.grow(&cut, to: pixels.count / 3)
                Self.writeGrey(of: pixels, to: &cut)
                show(cut.span.extracting(first: pixels.count / 3), framing, channels, into: &target)
            }
        }
    }

    /// The image's rows and columns that a framing shows.
    private mutating func needed(_ framing: Framing) -> (rows: Range<Int>, columns: Range<Int>) {
        let support = resampler.prepare(
            height: framing.rows.count, width: framing.columns.count, to: (framing.height, framing.width),
            window: framing.inside)
        let (top, left) = (framing.rows.lowerBound, framing.columns.lowerBound)
        return (
            top + support.rows.lowerBound..<top + support.rows.upperBound,
            left + support.columns.lowerBound..<left + support.columns.upperBound
        )
    }

    /// - Parameter source: what `needed` has named.
    private mutating func show(
        _ source: Span<UInt8>, _ framing: Framing, _ channels: Int, into target: inout MutableSpan<UInt8>
    ) {
        if framing.isInside {
            resampler.resize(source, channels: channels, into: &target)
        } else {
            let (rows, columns) = framing.inside
            Self.grow(&inner, to: rows.count * columns.count * channels)
            var whole = inner.mutableSpan
            var pixels = whole._mutatingExtracting(first: rows.count * columns.count * channels)
            resampler.resize(source, channels: channels, into: &pixels)
            framing.addMargin(to: pixels.span, channels, into: &target)
        }
        if framing.isMirrored { Self.mirror(&target, side: framing.side, channels: channels) }
    }

    private static func mirror(_ pixels: inout MutableSpan<UInt8>, side: Int, channels: Int) {
        for row in 0..<side {
            for column in 0..<side / 2 {
                let (left, right) = ((row * side + column) * channels, (row * side + side - 1 - column) * channels)
                for channel in 0..<channels { pixels.swapAt(left + channel, right + channel) }
            }
        }
    }

    private static func grow(_ memory: inout [UInt8], to count: Int) {
        if memory.count < count { memory = [UInt8](repeating: 0, count: count) }
    }

    /// Luma, rounded as Pillow does. (ITU-R BT.601.)
    private static func writeGrey(of pixels: Span<UInt8>, to target: inout [UInt8]) {
        var target = target.mutableSpan
        for pixel in 0..<pixels.count / 3 {
            let (red, green, blue) = (
                UInt32(pixels[3 * pixel]), UInt32(pixels[3 * pixel + 1]), UInt32(pixels[3 * pixel + 2])
            )
            target[pixel] = UInt8((19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >> 16)
        }
    }
}
