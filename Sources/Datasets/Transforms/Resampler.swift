import Tensors

/// Resizes images of bytes as Pillow 13 does, to the byte: with bytes in between rows and columns, in whole numbers.
///
/// Rows are resized first, or columns where more than twice as many rows as columns go away. Pillow before 13 always
/// began with rows, which makes a difference of 1 here and there.
///
/// It keeps its memory and the weights of the sizes it saw last, so that images of one size cost no weights.
struct Resampler {
    private var across = ResamplingAxis()
    private var down = ResamplingAxis()
    /// An image turned on its side, and resized there.
    private var turned = ByteMemory()
    /// The image after its rows, but not its columns, have been resized.
    private var between = ByteMemory()
    private var beginsWithColumns = false

    /// Returns the rows and columns of a rectangle of `height` x `width` pixels that a window of its resized form is
    /// made of.
    ///
    /// - Parameter isMirrored: Whether the window is wanted mirrored from left to right.
    mutating func prepare(
        height: Int, width: Int, to size: (height: Int, width: Int), window: (rows: Range<Int>, columns: Range<Int>),
        filter: ResamplingFilter = .bilinear, isMirrored: Bool = false
    ) -> (rows: Range<Int>, columns: Range<Int>) {
        down.serve(from: height, to: size.height, window: window.rows, filter: filter)
        across.serve(from: width, to: size.width, window: window.columns, filter: filter, isReversed: isMirrored)
        beginsWithColumns = size.height < height && height - size.height > 2 * (width - size.width)
        return (down.support, across.support)
    }

    /// Writes the window that was prepared last.
    ///
    /// - Parameters:
    ///   - source: the rows and columns that `prepare` has named, and no others.
    ///   - target: the window's rows x columns x channels.
    mutating func resize(_ source: Span<UInt8>, channels: Int, into target: inout MutableSpan<UInt8>) {
        let (rows, columns) = (down.support.count, across.support.count)
        let width = across.window.count
        precondition(
            source.count == rows * columns * channels && target.count == down.window.count * width * channels,
            "\(source.count) bytes to be resized to \(target.count)")
        if across.isIdentity {
            if down.isIdentity {
                target.copy(source)
            } else {
                ByteRows.combine(source, length: width * channels, down.weights, into: &target)
            }
            if across.isReversed { ByteRows.mirror(&target, width: width, channels: channels) }
            return
        }
        if down.isIdentity { return narrow(source, rows, columns, channels, into: &target) }
        let count = beginsWithColumns ? down.window.count * columns * channels : rows * width * channels
        var memory = between.take(count)
        var whole = memory.mutableSpan
        var pixels = whole._mutatingExtracting(first: count)
        if beginsWithColumns {
            ByteRows.combine(source, length: columns * channels, down.weights, into: &pixels)
            narrow(pixels.span, down.window.count, columns, channels, into: &target)
        } else {
            narrow(source, rows, columns, channels, into: &pixels)
            ByteRows.combine(pixels.span, length: width * channels, down.weights, into: &target)
        }
        between.put(memory)
    }

    /// Resizes each row: as a column of the transposed image, in which neighbours are in vectors.
    private mutating func narrow(
        _ source: Span<UInt8>, _ rows: Int, _ columns: Int, _ channels: Int, into target: inout MutableSpan<UInt8>
    ) {
        let (before, after) = (source.count, target.count)
        var memory = turned.take(before + after)
        var both = memory.mutableSpan
        var wide = both._mutatingExtracting(first: before)
        ByteRows.transpose(source, rows: rows, columns: columns * channels, into: &wide)
        both.withParts(reading: 0..<before, writing: before..<before + after) { wide, resized in
            ByteRows.combine(wide, length: channels * rows, across.weights, into: &resized)
        }
        ByteRows.transpose(
            both.span.extracting(before..<before + after), rows: across.window.count * channels, columns: rows,
            into: &target)
        turned.put(memory)
    }
}

/// The filter of resizing: the weights of pixels by their distance.
package enum ResamplingFilter: String, CaseIterable, Codable, Sendable {
    /// A triangle.
    case bilinear
    /// Keys' cubic with a = -1/2. ("Cubic Convolution Interpolation for Digital Image Processing", 1981.)
    case bicubic

    /// The distance up to which pixels have a weight, in pixels of the smaller image.
    fileprivate var reach: Double {
        switch self {
        case .bilinear: 1
        case .bicubic: 2
        }
    }

    /// Returns the weight of a pixel so far away.
    fileprivate func weight(_ distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .bilinear: return max(1 - x, 0)
        case .bicubic:
            let a = -0.5
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
        }
    }
}

/// The pixels of an axis from which each pixel of a resized one is computed: by interpolation where the axis grows;
/// where it shrinks, by a filter that grows with the pixels, so that none is skipped (antialiasing). At edges, only
/// pixels inside count.
///
/// Places, roundings and the fixed point are those of Pillow's `BILINEAR` and `BICUBIC`.
struct ResamplingAxis {
    /// The pixels of the support and their weights, for each pixel of the window.
    private(set) var weights = RowWeights()
    /// The pixels of the resized axis that are wanted.
    private(set) var window = 0..<1
    /// The original pixels that they are made of.
    private(set) var support = 0..<1
    /// Whether nothing is computed; the window may be wanted reversed even so.
    var isIdentity: Bool { original == size }
    /// Whether the window's last pixel comes first.
    private(set) var isReversed = false
    private var original = 1
    private var size = 1
    private var filter = ResamplingFilter.bilinear

    /// Becomes that axis, if it is another; at first it is one of a single pixel.
    mutating func serve(
        from original: Int, to size: Int, window: Range<Int>, filter: ResamplingFilter, isReversed: Bool = false
    ) {
        guard
            original != self.original || size != self.size || window != self.window || filter != self.filter
                || isReversed != self.isReversed
        else { return }
        self.window = window
        self.original = original
        self.size = size
        self.filter = filter
        self.isReversed = isReversed
        prepare()
    }

    private mutating func prepare() {
        weights.removeAll()
        support = window
        guard !isIdentity, !window.isEmpty else { return }
        let scale = Double(original) / Double(size)
        let stretch = max(scale, 1)
        let reach = filter.reach * stretch
        func taps(_ pixel: Int) -> (centre: Double, range: Range<Int>) {
            let centre = (Double(pixel) + 0.5) * scale
            return (centre, max(Int(centre - reach + 0.5), 0)..<min(Int(centre + reach + 0.5), original))
        }
        support = taps(window.lowerBound).range.lowerBound..<taps(window.upperBound - 1).range.upperBound
        var raw: [Double] = []
        var whole: [Int32] = []
        for index in 0..<window.count {
            let pixel = isReversed ? window.upperBound - 1 - index : window.lowerBound + index
            let (centre, range) = taps(pixel)
            raw.removeAll(keepingCapacity: true)
            whole.removeAll(keepingCapacity: true)
            var sum = 0.0
            for place in range {
                let weight = filter.weight((Double(place) - centre + 0.5) * (1 / stretch))
                raw.append(weight)
                sum += weight
            }
            for weight in raw {
                let scaled = (sum == 0 ? weight : weight / sum) * Double(1 << RowWeights.bits)
                whole.append(Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5))
            }
            weights.append(first: range.lowerBound - support.lowerBound, whole)
        }
    }
}
