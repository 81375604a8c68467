package import Tensors

/// The two parts of a dataset.
package enum Split: String, CaseIterable, Sendable {
    /// What a network learns from.
    case train
    /// What it is measured on.
    case test
}

/// Labelled square images that can be had at any size and in any order.
///
/// A sample is called by its index in its split. What it looks like is a pure function of (split, index, imageSize), so that
/// every rank and every resumed run sees the same one.
package protocol Dataset: Sendable {
    /// What `openDataset` calls it.
    var name: String { get }
    /// What each label means, in the order of labels.
    var classNames: [String] { get }
    /// Features of a pixel: 1 for grey, 3 for colour.
    var channels: Int { get }
    /// Pixels a side that show all there is to learn, where a model would take more; nil for the model's.
    var suggestedImageSize: Int? { get }
    /// The number of samples.
    func count(of split: Split) -> Int
    /// The class of sample `index`, in 0..<classNames.count.
    func label(at index: Int, in split: Split) -> Int
    /// Writes sample `index`, imageSize x imageSize x channels, normalised to a mean near 0 and a variance near 1.
    ///
    /// - Parameter pixels: exactly imageSize * imageSize * channels numbers.
    func draw(_ index: Int, of split: Split, imageSize: Int, into pixels: inout MutableSpan<Float>) throws(DatasetError)
}

extension Dataset {
    package var suggestedImageSize: Int? { nil }

    /// The extent of one image.
    package func shape(imageSize: Int) -> Shape { Shape(height: imageSize, width: imageSize, channels: channels) }

    /// Sample `index` in memory of its own; for looking at it rather than for training.
    package func image(_ index: Int, of split: Split, imageSize: Int) throws(DatasetError) -> [Float] {
        var pixels = [Float](repeating: 0, count: shape(imageSize: imageSize).count)
        var span = pixels.mutableSpan
        try draw(index, of: split, imageSize: imageSize, into: &span)
        return pixels
    }
}

/// The names that `openDataset` knows.
package let datasetNames = ["fashion-mnist", "shapes", "synthetic"]

/// The dataset that `specification` names: `shapes`, `synthetic`, `fashion-mnist`, or `fashion-mnist:DIR` for a folder of one's own.
///
/// - Parameters:
///   - channels: what `synthetic` shall have; the others have their own.
///   - classes: what `synthetic` shall have; the others have their own.
/// - Throws: `DatasetError` for a name that is not known and for files that are missing or malformed.
package func openDataset(
    _ specification: String, channels: Int = 3, classes: Int = 10
) throws(DatasetError) -> any Dataset {
    let parts = specification.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let name = parts.first ?? ""
    let folder = parts.count > 1 ? parts[1] : nil
    switch name {
    case "fashion-mnist":
        return try FashionMNIST(folder: folder ?? FashionMNIST.debianFolder)
    case "shapes", "synthetic":
        guard folder == nil else { throw .takesNoFolder(dataset: name, found: specification) }
        return name == "shapes" ? Shapes() : Synthetic(channels: channels, classes: classes)
    default:
        throw .unknownDataset(
            found: specification, nearest: Spelling.nearest(to: name, among: datasetNames), known: datasetNames)
    }
}
