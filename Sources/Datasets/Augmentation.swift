import Tensors

/// What is done to training images besides scaling them, so that a network never sees the same one twice.
///
/// What becomes of an image is a pure function of (seed, epoch, sample): any rank or thread, and any run resumed in the middle, makes the
/// same of it.
package enum Augmentation: String, CaseIterable, Sendable {
    case none
    /// `CropFlip`: for images of a few dozen pixels a side.
    case cropFlip = "crop-flip"
    /// `ResizedCropFlip`: for photographs.
    case resizedCropFlip = "resized-crop-flip"

    /// Changes one image in place.
    ///
    /// - Parameters:
    ///   - pixels: side x side x channels numbers.
    ///   - black: what a black pixel is, for each channel.
    func apply(to pixels: inout MutableSpan<Float>, side: Int, black: [Float], draws: AugmentationDraws) {
        precondition(
            pixels.count == side * side * black.count,
            "\(pixels.count) numbers for \(black.count) channels of \(side) pixels a side")
        switch self {
        case .none: break
        case .cropFlip: CropFlip(draws).apply(to: &pixels, side: side, black: black)
        case .resizedCropFlip:
            ResizedCropFlip(draws, height: side, width: side).apply(to: &pixels, side: side, channels: black.count)
        }
    }
}

/// Random numbers for one image in one epoch.
struct AugmentationDraws {
    private let random: CounterRandom
    private let first: UInt64

    /// The most numbers that an image may take.
    static let most: UInt64 = 64

    init(seed: UInt64, epoch: Int, sample: UInt32) {
        random = CounterRandom(seed: seed, stream: "augmentation of epoch \(epoch)")
        first = UInt64(sample) * Self.most
    }

    /// In 0..<bound.
    func integer(_ index: UInt64, below bound: Int) -> Int {
        precondition(index < Self.most, "an image takes \(Self.most) random numbers at most")
        return random.integer(first + index, below: bound)
    }

    /// In [low, high).
    func uniform(_ index: UInt64, _ low: Double, _ high: Double) -> Double {
        precondition(index < Self.most, "an image takes \(Self.most) random numbers at most")
        return low + Double(random.uniform(first + index)) * (high - low)
    }

    func coin(_ index: UInt64) -> Bool { integer(index, below: 2) == 1 }
}
