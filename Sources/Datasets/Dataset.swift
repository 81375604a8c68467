package import Tensors

/// The two parts of a dataset.
package enum Split: String, CaseIterable, Encodable, Sendable {
    /// The samples that a network learns from.
    case train
    /// The samples that it is measured on.
    case test
}

/// Something for each split.
struct BySplit<Part: Sendable>: Sendable {
    let train: Part
    let test: Part

    subscript(split: Split) -> Part { split == .train ? train : test }
}

/// Labelled square images that can be had at any size and in any order.
///
/// A sample is called by its index in its split. Its image is a pure function of (split, index, imageSize) and, in
/// training, of (seed, epoch), so that every rank and every resumed run sees the same one.
package protocol Dataset: Sendable {
    /// The name by which `openDataset` knows it.
    var name: String { get }
    /// The meaning of each label, in the order of labels.
    var classNames: [String] { get }
    /// Features of a pixel: 1 for grey, 3 for colour.
    var channels: Int { get }
    /// Pixels a side that show all there is to learn, where a model would take more; nil for the model's own size.
    var suggestedImageSize: Int? { get }
    /// Returns the number of samples.
    func count(of split: Split) -> Int
    /// Returns the class of sample `index`, in 0..<classNames.count.
    func label(at index: Int, in split: Split) -> Int
    /// Whether some of its samples may be damaged.
    var mayBeDamaged: Bool { get }
    /// Begins with a batch of these samples, called by their numbers: `index(of:in:)`.
    func batch(of samples: [UInt32], in split: Split, as look: SampleLook) -> any BatchInMaking
}

/// The look of a batch's samples: their size, augmentation and decoding.
package struct SampleLook: Sendable {
    /// Pixels a side.
    package let imageSize: Int
    /// The length that the shorter side of a stored image is resized to where its middle is shown; nil for the length
    /// that its source wants.
    package let shorterSide: Int?
    /// The training's settings; nil in evaluation.
    package let training: Training?
    package let images: ImageOptions
    /// The memory of batches: they take it from here, and return it for later ones.
    let reserve = SampleReserve()

    /// The augmentation of a training epoch, and the numbers that it is drawn from.
    package struct Training: Sendable {
        package let augmentation: Augmentation
        package let mixing: Mixing
        package let seed: UInt64
        package let epoch: Int
        let streams: AugmentationStreams

        package init(augmentation: Augmentation, mixing: Mixing, seed: UInt64, epoch: Int) {
            self.augmentation = augmentation
            self.mixing = mixing
            self.seed = seed
            self.epoch = epoch
            streams = AugmentationStreams(seed: seed, epoch: epoch)
        }
    }

    package init(
        imageSize: Int, shorterSide: Int? = nil, training: Training? = nil, images: ImageOptions = ImageOptions()
    ) {
        self.imageSize = imageSize
        self.shorterSide = shorterSide
        self.training = training
        self.images = images
    }
}

/// The options by which stored images are decoded and resized.
package struct ImageOptions: Hashable, Sendable {
    package var filter: ResamplingFilter
    /// Whether JPEGs may be made smaller while they are decoded, where they are to be made smaller anyway: faster, with
    /// other pixels.
    package var shrinksInDecoder: Bool
    /// Whether pictures are turned as their Exif or XMP data ask for.
    package var turnsUpright: Bool
    /// The most pixels that a picture's header may announce.
    package var mostPixels: Int

    package init(
        filter: ResamplingFilter = .bilinear, shrinksInDecoder: Bool = false, turnsUpright: Bool = true,
        mostPixels: Int = Image.mostPixels
    ) {
        self.filter = filter
        self.shrinksInDecoder = shrinksInDecoder
        self.turnsUpright = turnsUpright
        self.mostPixels = mostPixels
    }
}

/// A batch with samples that are not prepared yet.
///
/// Each sample is prepared once, by any of several threads; `images` comes after all.
package protocol BatchInMaking: AnyObject, Sendable {
    /// Samples that are best prepared by one thread, one after the other: many of small images.
    var samplesAtOnce: Int { get }
    /// Makes a sample ready.
    ///
    /// - Parameters:
    ///   - position: of the sample in the batch.
    ///   - scratch: the calling thread's.
    /// - Throws: an error that ends the run; a sample that is damaged does not.
    func prepare(_ position: Int, with scratch: LoaderScratch) throws(DatasetError)
    /// Returns the images of the samples at these positions of the batch, all of which are prepared.
    func images(at positions: [Int]) -> any BatchImages
    /// Returns the sample at a position of the batch if it could not be read; nil for a sound one. Call it when all
    /// samples are prepared.
    func bad(_ position: Int) -> BadSample?
}

extension BatchInMaking {
    package func bad(_ position: Int) -> BadSample? { nil }
}

/// The memory of a thread that prepares samples, used again for each of them.
package final class LoaderScratch {
    var stored = StoredSample()
    var transformer = Transformer()

    package init() {}
}

extension Dataset {
    package var suggestedImageSize: Int? { nil }
    package var mayBeDamaged: Bool { false }

    /// Returns the index of the sample with a number. Where an epoch draws a sample several times, each time has a
    /// number of its own: the index plus a multiple of the split's count. So random draws for it, such as its
    /// augmentation, differ each time.
    package func index(of number: UInt32, in split: Split) -> Int { Int(number) % max(count(of: split), 1) }

    /// Returns the extent of one image.
    package func shape(imageSize: Int) -> Shape { Shape(height: imageSize, width: imageSize, channels: channels) }

    /// Returns sample `index` in memory of its own, or nothing where it is damaged; for inspection rather than for
    /// training.
    package func image(_ index: Int, of split: Split, imageSize: Int) throws(DatasetError) -> [Float] {
        let batch = batch(of: [UInt32(index)], in: split, as: SampleLook(imageSize: imageSize))
        try batch.prepare(0, with: LoaderScratch())
        return batch.bad(0) == nil ? batch.images(at: [0]).floats : []
    }
}
