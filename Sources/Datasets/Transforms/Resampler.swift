import Tensors

/// Resizes images of bytes as Pillow does, to the byte: rows first, then columns, with bytes in between, in whole numbers.
///
/// It keeps its memory and the weights of the sizes it saw last, so that images of one size cost no weights.
struct Resampler {
    private var across = ResamplingAxis(from: 1, to: 1, window: 0..<1)
    private var down = ResamplingAxis(from: 1, to: 1, window: 0..<1)
    private var narrow: [UInt8] = []

    /// The rows and columns of a rectangle of `height` x `width` pixels that a window of its resized form is made of.
    mutating func prepare(
        height: Int, width: Int, to size: (height: Int, width: Int), window: (rows: Range<Int>, columns: Range<Int>)
    ) -> (rows: Range<Int>, columns: Range<Int>) {
        if !down.serves(from: height, to: size.height, window: window.rows) {
            down = ResamplingAxis(from: height, to: size.height, window: window.rows)
        }
        if !across.serves(from: width, to: size.width, window: window.columns) {
            across = ResamplingAxis(from: width, to: size.width, window: window.columns)
        }
        return (down.support, across.support)
    }

    /// Writes the window that was prepared last.
    ///
    /// - Parameters:
    ///   - source: the rows and columns that `prepare` has named, and no others.
    ///   - target: the window's rows x columns x channels.
    mutating func resize(_ source: Span<UInt8>, channels: Int, into target: inout MutableSpan<UInt8>) {
        let (rows, columns) = (down.support, across.support)
        let width = across.window.count
        precondition(
            source.count == rows.count * columns.count * channels
                && target.count == down.window.count * width * channels,
            "\(source.count) bytes to be resized to \(target.count)")
        if across.isIdentity && down.isIdentity { return target.copy(source) }
        if across.isIdentity { return Self.resizeColumns(source, width * channels, down, into: &target) }
        if down.isIdentity { return Self.resizeRows(source, rows.count, channels, across, into: &target) }
        let needed = rows.count * width * channels
        if narrow.count < needed { narrow = [UInt8](repeating: 0, count: needed) }
        var whole = narrow.mutableSpan
        var between = whole._mutatingExtracting(first: needed)
        Self.resizeRows(source, rows.count, channels, across, into: &between)
        Self.resizeColumns(between.span, width * channels, down, into: &target)
    }

    /// Each row by itself.
    private static func resizeRows(
        _ source: Span<UInt8>, _ rows: Int, _ channels: Int, _ axis: ResamplingAxis,
        into target: inout MutableSpan<UInt8>
    ) {
        let weights = axis.weights.span
        let (length, first) = (axis.support.count, axis.support.lowerBound)
        var place = 0
        for row in 0..<rows {
            for column in axis.first.indices {
                let begin = (row * length + axis.first[column] - first) * channels
                for channel in 0..<channels {
                    var sum = ResamplingAxis.half
                    var from = begin + channel
                    for tap in 0..<axis.count[column] {
                        sum &+= Int32(source[from]) &* weights[column * axis.taps + tap]
                        from += channels
                    }
                    target[place] = ResamplingAxis.byte(sum)
                    place += 1
                }
            }
        }
    }

    /// Each column by itself; `width` bytes a row.
    private static func resizeColumns(
        _ source: Span<UInt8>, _ width: Int, _ axis: ResamplingAxis, into target: inout MutableSpan<UInt8>
    ) {
        let weights = axis.weights.span
        let first = axis.support.lowerBound
        for row in axis.first.indices {
            let begin = (axis.first[row] - first) * width
            for column in 0..<width {
                var sum = ResamplingAxis.half
                var from = begin + column
                for tap in 0..<axis.count[row] {
                    sum &+= Int32(source[from]) &* weights[row * axis.taps + tap]
                    from += width
                }
                target[row * width + column] = ResamplingAxis.byte(sum)
            }
        }
    }
}

/// The pixels of an axis that each pixel of a resized one is made of: bilinear interpolation where it grows; where it shrinks, the triangle
/// grows with the pixels, so that none is passed over (antialiasing). Edges get what lies inside alone.
///
/// Places, roundings and the fixed point are those of Pillow's `BILINEAR`.
struct ResamplingAxis {
    /// For each pixel of the window the first original one that counts.
    private(set) var first: [Int] = []
    /// The number that count.
    private(set) var count: [Int] = []
    /// The most that count for any.
    let taps: Int
    /// `taps` for each pixel, of which `count` are used, in units of 2^-22; they add up to 1 but for roundings.
    private(set) var weights: [Int32]
    /// The pixels of the resized axis that are wanted.
    let window: Range<Int>
    /// The original pixels that they are made of.
    let support: Range<Int>
    /// Whether nothing changes.
    let isIdentity: Bool
    private let original: Int
    private let size: Int

    private static let bits: Int32 = 22
    /// 1/2, to round with.
    static let half: Int32 = 1 << (bits - 1)

    init(from original: Int, to size: Int, window: Range<Int>) {
        let scale = Double(original) / Double(size)
        let reach = max(scale, 1)
        taps = Int(reach.rounded(.up)) * 2 + 1
        weights = [Int32](repeating: 0, count: taps * window.count)
        isIdentity = original == size
        self.window = window
        self.original = original
        self.size = size
        for (index, pixel) in window.enumerated() {
            let centre = (Double(pixel) + 0.5) * scale
            let begin = max(Int(centre - reach + 0.5), 0)
            let end = min(Int(centre + reach + 0.5), original)
            let raw = (begin..<end).map { max(1 - abs((Double($0) - centre + 0.5) * (1 / reach)), 0) }
            let sum = raw.reduce(0, +)
            for (tap, weight) in raw.enumerated() {
                let scaled = (sum == 0 ? weight : weight * (1 / sum)) * Double(1 << Self.bits)
                weights[index * taps + tap] = Int32(scaled + 0.5)
            }
            first.append(begin)
            count.append(end - begin)
        }
        support =
            isIdentity
            ? window : (first.min() ?? 0)..<(zip(first, count).map { $0 + $1 }.max() ?? 0)
    }

    func serves(from original: Int, to size: Int, window: Range<Int>) -> Bool {
        self.original == original && self.size == size && self.window == window
    }

    /// A sum as a byte, rounded and clamped.
    static func byte(_ sum: Int32) -> UInt8 { UInt8(truncatingIfNeeded: min(max(sum &>> bits, 0), 255)) }
}
