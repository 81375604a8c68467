package import Tensors

/// A dataset whose images are generated on demand, as the numbers of the network's input.
package protocol DrawnDataset: Dataset {
    /// Writes sample `index`, imageSize x imageSize x channels, normalised to a mean near 0 and a variance near 1.
    ///
    /// - Parameter pixels: exactly imageSize * imageSize * channels numbers.
    func draw(_ index: Int, of split: Split, imageSize: Int, into pixels: inout MutableSpan<Float>) throws(DatasetError)
}

extension DrawnDataset {
    package func batch(of samples: [UInt32], in split: Split, as look: SampleLook) -> any BatchInMaking {
        DrawnBatch(of: samples, in: split, as: look, from: self)
    }
}

extension Dataset {
    /// - Throws: where this dataset's images cannot be augmented so.
    package func require(_ augmentation: Augmentation) throws(DatasetError) {
        guard self is any DrawnDataset, !Augmentation.ofDrawnImages.contains(augmentation) else { return }
        throw .drawnImages(dataset: name)
    }
}

/// Samples that are drawn as floats and augmented as such.
private final class DrawnBatch: BatchInMaking {
    private let dataset: any DrawnDataset
    private let samples: [UInt32]
    private let split: Split
    private let look: SampleLook
    /// The value of a black pixel in each channel.
    private let black: [Float]
    private let memory: SampleMemory<Float>

    init(of samples: [UInt32], in split: Split, as look: SampleLook, from dataset: any DrawnDataset) {
        self.dataset = dataset
        self.samples = samples
        self.split = split
        self.look = look
        black =
            Normalisation.of(dataset: dataset.name, channels: dataset.channels)?.black
            ?? Array(repeating: 0, count: dataset.channels)
        memory = SampleMemory(
            samples: samples.count, sampleCount: dataset.shape(imageSize: look.imageSize).count,
            from: look.reserve)
    }

    var samplesAtOnce: Int { max(1, (1 << 14) / max(memory.sampleCount, 1)) }

    func prepare(_ position: Int, with scratch: LoaderScratch) throws(DatasetError) {
        try memory.withSample(position) { pixels throws(DatasetError) in
            try dataset.draw(
                dataset.index(of: samples[position], in: split), of: split, imageSize: look.imageSize, into: &pixels)
            guard let training = look.training else { return }
            let draws = AugmentationDraws(training.streams.geometry, sample: samples[position])
            training.augmentation.apply(to: &pixels, side: look.imageSize, black: black, draws: draws)
        }
    }

    func images(at positions: [Int]) -> any BatchImages { DrawnImages(memory: memory, places: positions) }
}

private struct DrawnImages: BatchImages {
    let memory: SampleMemory<Float>
    /// The place of each sample in `memory`.
    let places: [Int]

    var count: Int { places.count }
    var sampleCount: Int { memory.sampleCount }

    func write(_ index: Int, into slot: inout MutableSpan<Float>) {
        memory.withFinishedSample(places[index]) { slot.copy($0) }
    }
}
