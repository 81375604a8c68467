import Tensors

/// A dataset with the labels of a network that has more classes, or the same ones in another order.
struct RelabelledDataset: Dataset {
    let dataset: any Dataset
    /// The network's.
    let classNames: [String]
    /// The network's label of each class of `dataset`.
    let labels: [Int]

    var name: String { dataset.name }
    var channels: Int { dataset.channels }
    var suggestedImageSize: Int? { dataset.suggestedImageSize }
    var mayBeDamaged: Bool { dataset.mayBeDamaged }

    func count(of split: Split) -> Int { dataset.count(of: split) }
    func label(at index: Int, in split: Split) -> Int { labels[dataset.label(at: index, in: split)] }
    func batch(of samples: [UInt32], in split: Split, as look: SampleLook) -> any BatchInMaking {
        dataset.batch(of: samples, in: split, as: look)
    }
}

extension Dataset {
    /// The dataset behind these labels, or this dataset itself.
    private var asStored: any Dataset { (self as? RelabelledDataset)?.dataset ?? self }

    /// The normalisation of its images, as far as it is known.
    package var shownNormalisation: Normalisation {
        (asStored as? StoredDataset)?.normalisation ?? Normalisation.of(dataset: name, channels: channels)
            ?? Normalisation(
                name: "none", means: [Float](repeating: 0.5, count: channels),
                deviations: [Float](repeating: 0.25, count: channels))
    }

    /// Returns the name of a sample's file in messages; nil where it is not a file of its own.
    package func fileName(of index: Int, in split: Split) -> String? {
        guard let source = (asStored as? StoredDataset)?.source, source.imageSize == nil else { return nil }
        return source.path(of: index, in: split)
    }

    /// Whether its images are made on the spot, as floats.
    package var isDrawn: Bool { asStored is any DrawnDataset }

    /// Returns this dataset with the labels of `names`, which must include its own class names.
    ///
    /// - Throws: `DatasetError.otherClasses` where a class of its own is missing.
    package func labelled(as names: [String]) throws(DatasetError) -> any Dataset {
        let places = Dictionary(
            zip(names.map { ExactName($0) }, names.indices), uniquingKeysWith: { first, _ in first })
        let labels = classNames.map { places[ExactName($0)] }
        let unknown = zip(classNames, labels).filter { $1 == nil }.map(\.0)
        guard unknown.isEmpty else { throw .otherClasses(dataset: name, found: unknown, expected: names) }
        guard labels != Array(names.indices) else { return self }
        return RelabelledDataset(dataset: self, classNames: names, labels: labels.compactMap(\.self))
    }

    /// Returns the same images with other moments; generated ones, which have no moments, are unchanged.
    package func normalised(by normalisation: Normalisation) -> any Dataset {
        switch self {
        case let stored as StoredDataset where stored.channels == normalisation.channels:
            StoredDataset(stored.source, normalisation: normalisation).keeping(stored.cache)
        case let relabelled as RelabelledDataset:
            RelabelledDataset(
                dataset: relabelled.dataset.normalised(by: normalisation), classNames: relabelled.classNames,
                labels: relabelled.labels)
        default: self
        }
    }
}
