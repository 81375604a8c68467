import Tensors

/// The changes to training images besides scaling, so that a network never sees the same image twice.
///
/// They are made in the order of the properties: an image is cut, mirrored, coloured, changed by a policy, and a part
/// is erased. The result is a pure function of (seed, epoch, sample): the same on any rank or thread, and in a run
/// resumed in the middle.
package struct Augmentation: Hashable, Sendable {
    /// The part of an image that is cut out.
    package enum Geometry: Hashable, Sendable {
        /// The whole image, or its middle: the same that evaluation is shown.
        case whole
        /// The image moved by up to `padding` pixels each way.
        case crop(padding: Int, margin: Margin)
        /// A part between these of the area, brought to full size: `ResizedCropFlip`.
        case resizedCrop(areas: ClosedRange<Double>)
    }

    package enum Flip: Hashable, Sendable {
        case never
        /// A flip with this probability, each time anew.
        case random(Double)
        /// Mirrors half of the images in the first epoch, and in each later epoch those that were not mirrored in the
        /// one before: any two epochs show each image both ways. (Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single
        /// GPU", 2024, section 3.6.)
        case alternating
    }

    /// Changes drawn from a list of operations.
    package enum Policy: Hashable, Sendable {
        case randAugment(RandAugment)
        case trivialAugment
    }

    package var geometry: Geometry
    package var flip: Flip
    package var jitter: ColourJitter?
    package var policy: Policy?
    /// The probability with which a part is erased.
    package var erasing: Double?

    package init(
        geometry: Geometry = .whole, flip: Flip = .never, jitter: ColourJitter? = nil, policy: Policy? = nil,
        erasing: Double? = nil
    ) {
        self.geometry = geometry
        self.flip = flip
        self.jitter = jitter
        self.policy = policy
        self.erasing = erasing
    }

    package static let none = Augmentation()
    /// `CropFlip`: for images of a few dozen pixels a side.
    package static let cropFlip = Augmentation(
        geometry: .crop(padding: CropFlip.padding, margin: .black), flip: .random(0.5))
    /// `ResizedCropFlip`: for photographs.
    package static let resizedCropFlip = Augmentation(
        geometry: .resizedCrop(areas: ResizedCropFlip.areas), flip: .random(0.5))

    /// The augmentations that images which are drawn as floats can have.
    package static let ofDrawnImages: [Augmentation] = [.none, .cropFlip, .resizedCropFlip]

    /// Changes an image of floats in place.
    ///
    /// - Parameters:
    ///   - pixels: side x side x channels numbers.
    ///   - black: the value of a black pixel in each channel.
    func apply(to pixels: inout MutableSpan<Float>, side: Int, black: [Float], draws: AugmentationDraws) {
        precondition(
            pixels.count == side * side * black.count,
            "\(pixels.count) numbers for \(black.count) channels of \(side) pixels a side")
        precondition(Self.ofDrawnImages.contains(self), "\(self) of floats")
        switch geometry {
        case .whole: break
        case .crop: CropFlip(draws).apply(to: &pixels, side: side, black: black)
        case .resizedCrop:
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
        self.init(CounterRandom(seed: seed, stream: "augmentation of epoch \(epoch)"), sample: sample)
    }

    init(_ random: CounterRandom, sample: UInt32) {
        self.random = random
        first = UInt64(sample) * Self.most
    }

    /// Returns a random number in 0..<bound.
    func integer(_ index: UInt64, below bound: Int) -> Int {
        precondition(index < Self.most, "an image takes \(Self.most) random numbers at most")
        return random.integer(first + index, below: bound)
    }

    /// Returns a random number in [low, high).
    func uniform(_ index: UInt64, _ low: Double, _ high: Double) -> Double {
        precondition(index < Self.most, "an image takes \(Self.most) random numbers at most")
        return low + Double(random.uniform(first + index)) * (high - low)
    }

    func coin(_ index: UInt64) -> Bool { integer(index, below: 2) == 1 }
}

/// The random numbers of an epoch's augmentation: a stream for each of its parts, so that one part's numbers do not
/// depend on another's.
struct AugmentationStreams {
    /// The random numbers of cuts, and of flips that go with them.
    let geometry: CounterRandom
    /// The random numbers for alternating flips, the same in all epochs.
    let alternatingFlip: CounterRandom
    let jitter: CounterRandom
    let policy: CounterRandom
    let erasing: CounterRandom

    init(seed: UInt64, epoch: Int) {
        func stream(_ name: String) -> CounterRandom { CounterRandom(seed: seed, stream: "\(name) of epoch \(epoch)") }
        geometry = stream("augmentation")
        alternatingFlip = CounterRandom(seed: seed, stream: "alternating flip")
        jitter = stream("colour jitter")
        policy = stream("augmentation policy")
        erasing = stream("erasing")
    }
}
