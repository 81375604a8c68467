/// The names of datasets that need no path.
package let datasetNames = ["fashion-mnist", "shapes", "synthetic"]

/// The options by which a dataset is opened.
package struct DatasetOptions: Hashable, Sendable {
    /// The number that `synthetic` shall have; the others have their own.
    package var channels = 3
    /// The number that `synthetic` shall have; the others have their own.
    package var classes = 10
    /// The share of pictures for testing where the data do not define it, in 0...1.
    package var validationFraction = 0.1

    package init(channels: Int = 3, classes: Int = 10, validationFraction: Double = 0.1) {
        self.channels = channels
        self.classes = classes
        self.validationFraction = validationFraction
    }
}

/// Opens the dataset that `specification` means: see `Recognition`.
///
/// - Throws: `DatasetError` for an unknown specification, and for files that are missing or malformed.
package func openDataset(
    _ specification: String, options: DatasetOptions = DatasetOptions()
) throws(DatasetError) -> any Dataset {
    let recognition = try Recognition(of: specification)
    switch recognition.kind {
    case .shapes: return Shapes()
    case .synthetic: return Synthetic(channels: options.channels, classes: options.classes)
    case .packed, .mnist, .cifar, .tar, .folder: return StoredDataset(try recognition.source(options))
    }
}
