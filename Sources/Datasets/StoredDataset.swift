import Tensors

/// A dataset whose images are in a source: they are read, decoded, cut and mirrored as bytes, and normalised when the
/// engine reads them.
package struct StoredDataset: Dataset {
    package let source: any Source
    package let normalisation: Normalisation
    let table: ByteTable
    /// The mean colour.
    let meanBytes: [UInt8]
    /// Pictures that have been decoded before.
    package internal(set) var cache: PictureCache?

    /// - Parameter normalisation: nil for that of the source's images, if known, or else of photographs.
    package init(_ source: any Source, normalisation: Normalisation? = nil) {
        self.source = source
        self.normalisation =
            normalisation ?? source.normalisation
            ?? (source.channels == 1 ? .greyPhotographs : .photographs)
        table = self.normalisation.table
        meanBytes = self.normalisation.means.map { UInt8(min(max(($0 * 255).rounded(), 0), 255)) }
        precondition(
            self.normalisation.channels == source.channels,
            "moments of \(self.normalisation.channels) channels for images of \(source.channels)")
    }

    package var name: String { source.name }
    package var classNames: [String] { source.classNames }
    package var channels: Int { source.channels }
    package var mayBeDamaged: Bool { source.mayBeDamaged }
    package func count(of split: Split) -> Int { source.count(of: split) }
    package func label(at index: Int, in split: Split) -> Int { source.label(at: index, in: split) }

    package func batch(of samples: [UInt32], in split: Split, as look: SampleLook) -> any BatchInMaking {
        StoredBatch(of: samples, in: split, as: look, from: self)
    }
}

/// Samples that are bytes until they are taken in.
private final class StoredBatch: BatchInMaking {
    private let dataset: StoredDataset
    private let samples: [UInt32]
    private let split: Split
    private let look: SampleLook
    private let shorterSide: Int
    private let memory: SampleMemory<UInt8>
    private let damage = Damage()

    init(of samples: [UInt32], in split: Split, as look: SampleLook, from dataset: StoredDataset) {
        self.dataset = dataset
        self.samples = samples
        self.split = split
        self.look = look
        shorterSide =
            look.shorterSide
            ?? Framing.shorterSide(imageSize: look.imageSize, isOfOneSize: dataset.source.imageSize != nil)
        memory = SampleMemory(
            samples: samples.count, sampleCount: dataset.shape(imageSize: look.imageSize).count,
            from: look.reserve)
    }

    var samplesAtOnce: Int { max(1, (1 << 14) / max(memory.sampleCount, 1)) }

    func prepare(_ position: Int, with scratch: LoaderScratch) throws(DatasetError) {
        let index = dataset.index(of: samples[position], in: split)
        let path = { self.dataset.source.path(of: index, in: self.split) }
        do throws(SampleError) {
            if let kept = try kept(index, path: path, with: scratch) {
                try transform(kept, to: position, path: path, with: scratch)
            } else {
                try transform(scratch.stored, to: position, path: path, with: scratch)
            }
        } catch {
            damage.note(
                BadSample(split: split, index: index, path: path(), reason: error.description), at: position)
        }
    }

    /// Returns the decoded picture of a sample, where it is kept; nil where the stored sample is in `scratch` now.
    private func kept(
        _ index: Int, path: () -> String, with scratch: LoaderScratch
    ) throws(SampleError) -> StoredSample? {
        let answer = dataset.cache?.answer(index, of: split, as: look.images) ?? .notWanted
        if case .kept(let sample) = answer { return sample }
        try dataset.source.read(index, of: split, into: &scratch.stored)
        guard case .wanted = answer else { return nil }
        return dataset.cache?.keep(index, of: split, encoded: scratch.stored, path: path())
    }

    private func transform(
        _ stored: borrowing StoredSample, to position: Int, path: () -> String, with scratch: LoaderScratch
    ) throws(SampleError) {
        try memory.withSample(position) { pixels throws(SampleError) in
            try scratch.transformer.transform(
                stored, path: path, index: samples[position], as: look, shorterSide: shorterSide,
                fill: dataset.meanBytes, into: &pixels)
        }
    }

    func bad(_ position: Int) -> BadSample? { damage[position] }

    func images(at positions: [Int]) -> any BatchImages {
        StoredImages(memory: memory, places: positions, table: dataset.table)
    }
}
