import Tensors

/// The changes to a training image's bytes once it is cut and mirrored.
struct PixelChanges {
    var operations: [ImageOperation] = []
    var interpolation = AffineMap.Interpolation.nearest
    /// The rectangle that is painted over; nil for none.
    var erased: Rectangle?

    /// The changes of a sample.
    init(of sample: UInt32, as look: SampleLook) {
        guard let training = look.training else { return }
        let (augmentation, streams, side) = (training.augmentation, training.streams, look.imageSize)
        if let jitter = augmentation.jitter {
            operations += jitter.operations(AugmentationDraws(streams.jitter, sample: sample))
        }
        if let policy = augmentation.policy {
            let draws = AugmentationDraws(streams.policy, sample: sample)
            switch policy {
            case .randAugment(let policy): operations += policy.operations(draws, height: side, width: side)
            case .trivialAugment: operations.append(TrivialAugment.operation(draws, height: side, width: side))
            }
            interpolation = look.images.filter == .bilinear ? .bilinear : .bicubic
        }
        if let probability = augmentation.erasing {
            erased = RandomErasing.rectangle(
                AugmentationDraws(streams.erasing, sample: sample), probability: probability, side: side)
        }
    }

    /// Makes them.
    ///
    /// - Parameters:
    ///   - pixels: side x side x channels bytes.
    ///   - fill: the value of erased pixels in each channel.
    func apply(
        to pixels: inout MutableSpan<UInt8>, side: Int, fill: [UInt8], by changer: inout ImageOperator
    ) {
        let channels = fill.count
        for operation in operations {
            changer.apply(
                operation, to: &pixels, height: side, width: side, channels: channels, interpolation: interpolation)
        }
        guard let erased else { return }
        for row in erased.rows {
            for column in erased.columns {
                for channel in 0..<channels { pixels[(row * side + column) * channels + channel] = fill[channel] }
            }
        }
    }
}
