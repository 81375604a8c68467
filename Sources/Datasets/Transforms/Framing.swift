import Tensors

/// The part of an image that is shown: a rectangle is cut out and resized, and a window of the result is taken, which
/// may have a margin beyond the edges.
struct Framing: Equatable {
    /// The rectangle of the image, in its pixels.
    var rows: Range<Int>
    var columns: Range<Int>
    /// Rows that the rectangle is resized to; `width` are its columns.
    var height: Int
    var width: Int
    /// The pixel of the resized rectangle at which the square window begins; where the window goes beyond it, there is
    /// a margin.
    var top: Int
    var left: Int
    /// The window's pixels a side.
    let side: Int
    /// Whether the window is mirrored from left to right.
    var isMirrored = false
    var margin = Margin.black

    /// Makes the framing of evaluation: the image is resized until its shorter side is `shorter` pixels long, and the
    /// middle is taken. An image of the right size is unchanged.
    ///
    /// Sizes and places are those of torchvision's `Resize(shorter)` and `CenterCrop(side)`.
    init(middleOf height: Int, _ width: Int, shorter: Int, side: Int) {
        let isRight = height == side && width == side
        let length = isRight ? side : shorter
        let least = min(height, width)
        rows = 0..<height
        columns = 0..<width
        self.height = isRight ? height : length * height / least
        self.width = isRight ? width : length * width / least
        top = Self.middle(side, of: self.height)
        left = Self.middle(side, of: self.width)
        self.side = side
    }

    /// A rectangle that fills the window.
    init(_ rows: Range<Int>, _ columns: Range<Int>, side: Int) {
        self.rows = rows
        self.columns = columns
        height = side
        width = side
        top = 0
        left = 0
        self.side = side
    }

    /// Returns the place at which `side` pixels in the middle of `length` begin; halves go to the even number.
    private static func middle(_ side: Int, of length: Int) -> Int {
        Int((Double(length - side) / 2).rounded(.toNearestOrEven))
    }

    /// The window's rows and columns of the resized rectangle, without its margin; all of them where the margin may
    /// show any.
    var inside: (rows: Range<Int>, columns: Range<Int>) {
        if margin == .reflected && !isInside { return (0..<height, 0..<width) }
        return (max(top, 0)..<min(top + side, height), max(left, 0)..<min(left + side, width))
    }

    /// The smallest scale for decoding, in eighths of the image's sides, that does not cause an enlargement which was
    /// not there before. Halves, quarters and eighths are fast in libjpeg-turbo.
    var leastEighths: Int {
        [1, 2, 4].first { rows.count * $0 >= 8 * height && columns.count * $0 >= 8 * width } ?? 8
    }

    /// Changes the framing to that of the image decoded at a smaller scale, which has `size` rows and columns.
    mutating func shrink(to eighths: Int, of size: (height: Int, width: Int)) {
        func shrunk(_ range: Range<Int>, _ length: Int) -> Range<Int> {
            let first = min(range.lowerBound * eighths / 8, length - 1)
            return first..<min(max((range.upperBound * eighths + 7) / 8, first + 1), length)
        }
        rows = shrunk(rows, size.height)
        columns = shrunk(columns, size.width)
    }

    /// Whether there is no margin.
    var isInside: Bool { top >= 0 && left >= 0 && top + side <= height && left + side <= width }

    /// Writes the window, side x side x channels, with `pixels` as its part `inside`, mirrored if the window is.
    func addMargin(to pixels: Span<UInt8>, _ channels: Int, into target: inout MutableSpan<UInt8>) {
        switch margin {
        case .black: addBlack(to: pixels, channels, into: &target)
        case .reflected: addReflection(to: pixels, channels, into: &target)
        }
    }

    private func addBlack(to pixels: Span<UInt8>, _ channels: Int, into target: inout MutableSpan<UInt8>) {
        let (rows, columns) = inside
        let length = columns.count * channels
        let first = isMirrored ? left + side - columns.upperBound : columns.lowerBound - left
        target.update(repeating: 0)
        for row in rows.indices {
            let begin = ((row - top) * side + first) * channels
            var line = target._mutatingExtracting(begin..<begin + length)
            let from = (row - rows.lowerBound) * length
            line.copy(pixels.extracting(from..<from + length))
        }
    }

    private func addReflection(to pixels: Span<UInt8>, _ channels: Int, into target: inout MutableSpan<UInt8>) {
        let sources = (0..<side).map { column in
            let from = Margin.reflection(of: left + (isMirrored ? side - 1 - column : column), in: width)
            return isMirrored ? width - 1 - from : from
        }
        for row in 0..<side {
            let line = Margin.reflection(of: top + row, in: height)
            for column in 0..<side {
                let (from, to) = ((line * width + sources[column]) * channels, (row * side + column) * channels)
                for channel in 0..<channels { target[to + channel] = pixels[from + channel] }
            }
        }
    }
}

/// The pixels that are shown beyond the edges of an image.
package enum Margin: String, CaseIterable, Sendable {
    case black
    /// The image mirrored at its outermost pixels, which are not repeated: numpy's `reflect`.
    case reflected

    /// Returns the pixel of an axis that is shown at a place, within or beyond it.
    static func reflection(of place: Int, in length: Int) -> Int {
        let period = max(2 * (length - 1), 1)
        let rest = (place % period + period) % period
        return min(min(rest, period - rest), length - 1)
    }
}

extension Framing {
    /// Returns the length that evaluation resizes the shorter side to: 256 for 224 pixels, and the same proportion
    /// otherwise. Nothing is cut off from images that are all of one size.
    static func shorterSide(imageSize: Int, isOfOneSize: Bool) -> Int {
        isOfOneSize ? imageSize : (imageSize * 256 + 112) / 224
    }

    /// The framing of a sample.
    ///
    /// - Parameters:
    ///   - index: the sample's in its split.
    ///   - shorter: the length that the shorter side is resized to where the middle is cut out.
    init(of height: Int, _ width: Int, index: UInt32, as look: SampleLook, shorter: Int) {
        let side = look.imageSize
        guard let training = look.training else {
            self.init(middleOf: height, width, shorter: shorter, side: side)
            return
        }
        let draws = AugmentationDraws(training.streams.geometry, sample: index)
        let flipIndex: UInt64
        switch training.augmentation.geometry {
        case .whole:
            self.init(middleOf: height, width, shorter: shorter, side: side)
            flipIndex = CropFlip.flipIndex
        case .crop(let padding, let margin):
            let crop = CropFlip(draws, padding: padding)
            self.init(middleOf: height, width, shorter: side, side: side)
            top += crop.top - padding
            left += crop.left - padding
            self.margin = margin
            flipIndex = CropFlip.flipIndex
        case .resizedCrop(let areas):
            let crop = ResizedCropFlip(draws, height: height, width: width, areas: areas)
            self.init(crop.top..<crop.top + crop.height, crop.left..<crop.left + crop.width, side: side)
            flipIndex = ResizedCropFlip.flipIndex
        }
        switch training.augmentation.flip {
        case .never: isMirrored = false
        case .random(let probability):
            isMirrored = probability == 0.5 ? draws.coin(flipIndex) : draws.uniform(flipIndex, 0, 1) < probability
        case .alternating:
            let begins = training.streams.alternatingFlip.integer(UInt64(index), below: 2)
            isMirrored = (begins + training.epoch).isMultiple(of: 2)
        }
    }
}
