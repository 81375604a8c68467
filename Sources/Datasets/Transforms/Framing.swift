import Tensors

/// The part of an image that is shown, and how: a rectangle is cut out, resized, and a window of the result is taken,
/// beyond whose edges there may be a margin.
struct Framing: Equatable {
    /// The rectangle of the image, in its pixels.
    var rows: Range<Int>
    var columns: Range<Int>
    /// What the rectangle is resized to.
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

    /// The whole image as evaluation shows it: resized until its shorter side is `shorter` pixels long, of which the
    /// middle is taken; an image of the right size as it is.
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

    /// Where `side` pixels in the middle of `length` begin; halves go to the even number.
    private static func middle(_ side: Int, of length: Int) -> Int {
        Int((Double(length - side) / 2).rounded(.toNearestOrEven))
    }

    /// The window's rows and columns of the resized rectangle, without its margin.
    var inside: (rows: Range<Int>, columns: Range<Int>) {
        (max(top, 0)..<min(top + side, height), max(left, 0)..<min(left + side, width))
    }

    /// Whether there is no margin.
    var isInside: Bool { top >= 0 && left >= 0 && top + side <= height && left + side <= width }

    /// Writes the window, side x side x channels, of which `pixels` has what is `inside`, mirrored if the window is;
    /// the rest becomes black.
    func addMargin(to pixels: Span<UInt8>, _ channels: Int, into target: inout MutableSpan<UInt8>) {
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
}

extension Framing {
    /// The framing of a sample.
    ///
    /// - Parameters:
    ///   - index: the sample's in its split.
    ///   - isOfOneSize: whether all images of the source are of one size: nothing is cut off from them then, but what
    /// augmentation cuts.
    init(of height: Int, _ width: Int, index: UInt32, as look: SampleLook, isOfOneSize: Bool) {
        let side = look.imageSize
        let shorter = isOfOneSize ? side : (side * 256 + 112) / 224
        guard let training = look.training, training.augmentation != .none else {
            self.init(middleOf: height, width, shorter: shorter, side: side)
            return
        }
        let draws = AugmentationDraws(seed: training.seed, epoch: training.epoch, sample: index)
        switch training.augmentation {
        case .none: self.init(middleOf: height, width, shorter: shorter, side: side)
        case .cropFlip:
            let crop = CropFlip(draws)
            self.init(middleOf: height, width, shorter: side, side: side)
            top += crop.top - CropFlip.padding
            left += crop.left - CropFlip.padding
            isMirrored = crop.isMirrored
        case .resizedCropFlip:
            let crop = ResizedCropFlip(draws, height: height, width: width)
            self.init(
                crop.top..<crop.top + crop.height, crop.left..<crop.left + crop.width, side: side)
            isMirrored = crop.isMirrored
        }
    }
}
