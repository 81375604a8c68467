import Files

/// 70,000 grey images of clothing, 28 x 28. (Xiao, Rasul and Vollgraf, "Fashion-MNIST", 2017.)
///
/// Pixels are scaled to [0, 1] and normalised with the training set's mean 0.2860 and standard deviation 0.3530.
package struct FashionMNIST: Source {
    package let name = "fashion-mnist"
    package let classNames = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]
    package let channels = 1
    package let imageSize: Int? = 28
    package let normalisation: Normalisation? = .fashionMNIST

    /// Where Debian's package puts the files.
    package static let debianFolder = "/usr/share/datasets/fashion-mnist"

    private let train: Part
    private let test: Part

    /// Reads all four files of `folder`, each compressed (.gz) or not.
    ///
    /// - Throws: `DatasetError` for files that are missing or malformed.
    package init(folder: String = FashionMNIST.debianFolder) throws(DatasetError) {
        if fileExists(folder) && !isFolder(folder) {
            throw .unreadable(file: folder, reason: "it is a file, not a folder")
        }
        train = try Part(folder: folder, prefix: "train", classes: classNames.count)
        test = try Part(folder: folder, prefix: "t10k", classes: classNames.count)
    }

    package func count(of split: Split) -> Int { part(split).labels.count }

    package func label(at index: Int, in split: Split) -> Int { Int(part(split).labels[index]) }

    package func path(of index: Int, in split: Split) -> String { "image \(index) of \(part(split).path)" }

    package func read(_ index: Int, of split: Split, into sample: inout StoredSample) throws(SampleError) {
        sample.form = .pixels(height: 28, width: 28)
        sample.bytes.removeAll(keepingCapacity: true)
        sample.bytes += part(split).images[index * 28 * 28..<(index + 1) * 28 * 28]
    }

    private func part(_ split: Split) -> Part {
        switch split {
        case .train: train
        case .test: test
        }
    }
}

/// One split's files.
private struct Part: Sendable {
    /// count x 28 x 28
    let images: [UInt8]
    let labels: [UInt8]
    /// The file of the images.
    let path: String

    init(folder: String, prefix: String, classes: Int) throws(DatasetError) {
        let imagesPath = try Self.path(folder, "\(prefix)-images-idx3-ubyte")
        let labelsPath = try Self.path(folder, "\(prefix)-labels-idx1-ubyte")
        let images = try IDX(contentsOf: imagesPath, rank: 3)
        let labels = try IDX(contentsOf: labelsPath, rank: 1)
        guard images.dimensions[1...] == [28, 28] else {
            throw .wrongImageSize(file: imagesPath, found: Array(images.dimensions[1...]), expected: [28, 28])
        }
        let count = images.dimensions[0]
        guard labels.bytes.count == count else {
            throw .countMismatch(images: imagesPath, found: count, labels: labelsPath, expected: labels.bytes.count)
        }
        guard count > 0 else { throw .empty(file: imagesPath) }
        if let sample = labels.bytes.firstIndex(where: { $0 >= classes }) {
            throw .labelOutOfRange(file: labelsPath, sample: sample, found: Int(labels.bytes[sample]), classes: classes)
        }
        self.images = images.bytes
        self.labels = labels.bytes
        path = imagesPath
    }

    /// The plain file before the compressed one, as it needs less work.
    private static func path(_ folder: String, _ file: String) throws(DatasetError) -> String {
        for path in ["\(folder)/\(file)", "\(folder)/\(file).gz"] where fileExists(path) {
            return path
        }
        throw .missingFile(dataset: "fashion-mnist", folder: folder, file: file, package: "dataset-fashion-mnist")
    }
}
