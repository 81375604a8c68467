import Files

/// Grey images of 28 x 28 pixels in IDX files: MNIST's handwritten digits, and Fashion-MNIST's clothing, which has the
/// same files. (LeCun, Cortes and Burges, "The MNIST database"; Xiao, Rasul and Vollgraf, "Fashion-MNIST", 2017.)
package struct MNIST: Source {
    package let name: String
    package let channels = 1
    package let imageSize: Int? = 28

    private let form: Form
    private let parts: BySplit<Part>

    /// The two datasets of this form.
    package enum Form: Sendable {
        case digits, fashion
    }

    /// The folder into which Debian's package puts Fashion-MNIST.
    package static let debianFolder = "/usr/share/datasets/fashion-mnist"

    /// Reads all four files of `folder`, each compressed (.gz) or not.
    ///
    /// - Throws: `DatasetError` for files that are missing or malformed.
    package init(_ form: Form, folder: String = MNIST.debianFolder) throws(DatasetError) {
        if fileExists(folder) && !isFolder(folder) {
            throw .unreadable(file: folder, reason: "it is a file, not a folder")
        }
        self.form = form
        name = form.name
        parts = BySplit(
            train: try Part(folder: folder, prefix: "train", form: form),
            test: try Part(folder: folder, prefix: "t10k", form: form))
    }

    /// Returns the folder of the files: `path`, or torchvision's place for them below it; nil where there is none.
    ///
    /// - Throws: `DatasetError.severalForms` where both datasets are below.
    static func folder(at path: String) throws(DatasetError) -> String? {
        func has(_ folder: String) -> Bool {
            ["", ".gz"].contains { fileExists("\(folder)/train-images-idx3-ubyte\($0)") }
        }
        for folder in [path, path + "/raw"] where has(folder) { return folder }
        let below = ["MNIST", "FashionMNIST"].map { "\(path)/\($0)/raw" }.filter(has)
        guard below.count < 2 else { throw .severalForms(path: path, found: below) }
        return below.first
    }

    package var classNames: [String] { form.classNames }
    package var normalisation: Normalisation? { form == .fashion ? .fashionMNIST : .mnist }

    package func count(of split: Split) -> Int { parts[split].labels.count }

    package func label(at index: Int, in split: Split) -> Int { Int(parts[split].labels[index]) }

    package func path(of index: Int, in split: Split) -> String { "image \(index) of \(parts[split].path)" }

    package func name(of index: Int, in split: Split) -> [UInt8] {
        Array("image \(index) of \(splitPath(parts[split].path).name)".utf8)
    }

    package func storedBytes(of index: Int, in split: Split) -> Int? { 28 * 28 }

    package func read(_ index: Int, of split: Split, into sample: inout StoredSample) throws(SampleError) {
        sample.form = .pixels(height: 28, width: 28)
        sample.bytes.removeAll(keepingCapacity: true)
        sample.bytes += parts[split].images[index * 28 * 28..<(index + 1) * 28 * 28]
    }
}

extension MNIST.Form {
    /// Chooses the dataset by the name of a folder on the way to the files.
    init(folder: String) {
        self = (resolvedPath(folder) ?? folder).lowercased().contains("fashion") ? .fashion : .digits
    }

    /// The name in messages; a dataset's name where there is one.
    var name: String { self == .fashion ? "fashion-mnist" : "mnist" }

    var classNames: [String] {
        switch self {
        case .digits: (0..<10).map { "\($0)" }
        case .fashion:
            [
                "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
                "Ankle boot",
            ]
        }
    }
}

/// The files of one split.
private struct Part: Sendable {
    /// count x 28 x 28
    let images: [UInt8]
    let labels: [UInt8]
    /// The file of the images.
    let path: String

    init(folder: String, prefix: String, form: MNIST.Form) throws(DatasetError) {
        let imagesPath = try Self.path(folder, "\(prefix)-images-idx3-ubyte", form)
        let labelsPath = try Self.path(folder, "\(prefix)-labels-idx1-ubyte", form)
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
        let classes = form.classNames.count
        if let sample = labels.bytes.firstIndex(where: { $0 >= classes }) {
            throw .labelOutOfRange(file: labelsPath, sample: sample, found: Int(labels.bytes[sample]), classes: classes)
        }
        self.images = images.bytes
        self.labels = labels.bytes
        path = imagesPath
    }

    /// Returns a file's path: the plain file before the compressed one, as it needs less work.
    private static func path(_ folder: String, _ file: String, _ form: MNIST.Form) throws(DatasetError) -> String {
        for path in ["\(folder)/\(file)", "\(folder)/\(file).gz"] where fileExists(path) {
            return path
        }
        throw .missingFile(
            dataset: form.name, folder: folder, file: file,
            package: form == .fashion ? "dataset-fashion-mnist" : nil)
    }
}
