extension Image {
    /// The middle square of the picture, `side` pixels a side, after its shorter side has become `side` pixels long.
    ///
    /// As torchvision's `Resize(side)` and `CenterCrop(side)` do, to the byte: sizes, places and weights are theirs.
    package func covering(side: Int) -> Image {
        precondition(side > 0, "a picture of \(side) pixels a side")
        let shorter = min(height, width)
        let (rows, columns) = (side * height / shorter, side * width / shorter)
        return resized(
            rows: rows, columns: columns, window: (Self.middle(side, of: rows), Self.middle(side, of: columns)))
    }

    /// The picture with `rows` x `columns` pixels.
    package func resized(rows: Int, columns: Int) -> Image {
        resized(rows: rows, columns: columns, window: (0..<rows, 0..<columns))
    }

    /// Where `side` pixels in the middle of `length` begin and end; halves go to the even number.
    private static func middle(_ side: Int, of length: Int) -> Range<Int> {
        let first = Int((Double(length - side) / 2).rounded(.toNearestOrEven))
        return first..<first + side
    }

    /// What of the resized picture lies in `window`; nothing else is computed.
    ///
    /// First rows are resized, then columns, with bytes in between, and all in whole numbers: the same bits everywhere.
    private func resized(rows: Int, columns: Int, window: (rows: Range<Int>, columns: Range<Int>)) -> Image {
        precondition(rows > 0 && columns > 0, "a picture cannot become one of \(columns) x \(rows) pixels")
        let across = Triangle(from: width, to: columns, window: window.columns)
        let down = Triangle(from: height, to: rows, window: window.rows)
        // Rows of the original that the window needs.
        let first = down.first.min() ?? 0
        let last = zip(down.first, down.count).map { $0 + $1 }.max() ?? first
        let narrow = Image(
            height: last - first, width: window.columns.count, pixels: narrowed(first..<last, across))
        return Image(
            height: window.rows.count, width: window.columns.count, pixels: narrow.shortened(down, offset: first))
    }

    /// `rows` of the picture, each resized.
    private func narrowed(_ rows: Range<Int>, _ axis: Triangle) -> [UInt8] {
        if axis.isIdentity && axis.first.count == width {
            return Array(pixels[rows.lowerBound * width * 3..<rows.upperBound * width * 3])
        }
        let source = pixels.span
        let weights = axis.weights.span
        let columns = axis.first.count
        return [UInt8](capacity: rows.count * columns * 3) { output in
            for row in rows {
                for column in 0..<columns {
                    var place = 3 * (row * width + axis.first[column])
                    var sum = Triangle.Sum()
                    for tap in 0..<axis.count[column] {
                        let weight = weights[column * axis.taps + tap]
                        sum.add(source[place], source[place + 1], source[place + 2], weight)
                        place += 3
                    }
                    sum.append(to: &output)
                }
            }
        }
    }

    /// The picture with its columns resized; its row 0 is row `offset` of what `axis` speaks of.
    private func shortened(_ axis: Triangle, offset: Int) -> [UInt8] {
        if axis.isIdentity && axis.first.count == height { return pixels }
        let source = pixels.span
        let weights = axis.weights.span
        return [UInt8](capacity: axis.first.count * width * 3) { output in
            for row in axis.first.indices {
                let top = axis.first[row] - offset
                for column in 0..<width {
                    var place = 3 * (top * width + column)
                    var sum = Triangle.Sum()
                    for tap in 0..<axis.count[row] {
                        let weight = weights[row * axis.taps + tap]
                        sum.add(source[place], source[place + 1], source[place + 2], weight)
                        place += 3 * width
                    }
                    sum.append(to: &output)
                }
            }
        }
    }
}

/// Which pixels of an axis a resized one is made of: bilinear interpolation where it grows; where it shrinks, the triangle grows
/// with the pixels, so that none is passed over (antialiasing). Edges get what lies inside alone.
///
/// Places, roundings and the fixed point are those of Pillow's `BILINEAR`.
private struct Triangle {
    /// For each pixel of the window the first original one that counts.
    private(set) var first: [Int] = []
    /// How many count.
    private(set) var count: [Int] = []
    /// The most that count for any.
    let taps: Int
    /// `taps` for each pixel, of which `count` are used, in units of 2^-22; they add up to 1 but for roundings.
    private(set) var weights: [Int32]
    /// Whether nothing changes.
    let isIdentity: Bool

    private static let bits: Int32 = 22

    init(from original: Int, to size: Int, window: Range<Int>) {
        let scale = Double(original) / Double(size)
        let support = max(scale, 1)
        taps = Int(support.rounded(.up)) * 2 + 1
        weights = [Int32](repeating: 0, count: taps * window.count)
        isIdentity = original == size
        for (index, pixel) in window.enumerated() {
            let centre = (Double(pixel) + 0.5) * scale
            let begin = max(Int(centre - support + 0.5), 0)
            let end = min(Int(centre + support + 0.5), original)
            let raw = (begin..<end).map { max(1 - abs((Double($0) - centre + 0.5) * (1 / support)), 0) }
            let sum = raw.reduce(0, +)
            for (tap, weight) in raw.enumerated() {
                let scaled = (sum == 0 ? weight : weight * (1 / sum)) * Double(1 << Self.bits)
                weights[index * taps + tap] = Int32(scaled + 0.5)
            }
            first.append(begin)
            count.append(end - begin)
        }
    }

    /// A pixel in the making.
    struct Sum {
        private var colour = SIMD4<Int32>(repeating: 1 << (bits - 1))

        @inline(__always)
        mutating func add(_ red: UInt8, _ green: UInt8, _ blue: UInt8, _ weight: Int32) {
            // 2^22 times 255 and as much again fit.
            colour &+= SIMD4(Int32(red), Int32(green), Int32(blue), 0) &* weight
        }

        @inline(__always)
        func append(to output: inout OutputSpan<UInt8>) {
            let bytes = (colour &>> bits).clamped(
                lowerBound: SIMD4(repeating: 0), upperBound: SIMD4(repeating: 255))
            output.append(UInt8(truncatingIfNeeded: bytes.x))
            output.append(UInt8(truncatingIfNeeded: bytes.y))
            output.append(UInt8(truncatingIfNeeded: bytes.z))
        }
    }
}
