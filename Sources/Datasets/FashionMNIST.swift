import Files

/// 70,000 grey images of clothing, 28 x 28. (Xiao, Rasul and Vollgraf, "Fashion-MNIST", 2017.)
///
/// Pixels are scaled to [0, 1] and normalised with the training set's mean 0.2860 and standard deviation 0.3530. Other image
/// sizes come by bilinear interpolation.
package struct FashionMNIST: Dataset {
    package let name = "fashion-mnist"
    package let classNames = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]
    package let channels = 1

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

    package func draw(
        _ index: Int, of split: Split, imageSize: Int, into pixels: inout MutableSpan<Float>
    ) throws(DatasetError) {
        precondition(
            pixels.count == imageSize * imageSize, "\(pixels.count) numbers for an image of \(imageSize) pixels a side")
        let images = part(split).images.span
        let image = images.extracting(index * 28 * 28..<(index + 1) * 28 * 28)
        if imageSize == 28 {
            for pixel in image.indices { pixels[pixel] = Self.normalised(Float(image[pixel])) }
            return
        }
        let axis = Interpolation(from: 28, to: imageSize)
        for row in 0..<imageSize {
            let (above, below) = (axis.lower[row] * 28, axis.upper[row] * 28)
            let down = axis.fraction[row]
            for column in 0..<imageSize {
                let (left, right) = (axis.lower[column], axis.upper[column])
                let across = axis.fraction[column]
                let top = mix(Float(image[above + left]), Float(image[above + right]), across)
                let bottom = mix(Float(image[below + left]), Float(image[below + right]), across)
                pixels[row * imageSize + column] = Self.normalised(mix(top, bottom, down))
            }
        }
    }

    private func part(_ split: Split) -> Part {
        switch split {
        case .train: train
        case .test: test
        }
    }

    private static func normalised(_ byte: Float) -> Float {
        let moments = Normalisation.Moments.fashionMNIST
        return (byte / 255 - moments.mean) / moments.deviation
    }

    private func mix(_ a: Float, _ b: Float, _ fraction: Float) -> Float { a + (b - a) * fraction }
}

/// One split's files.
private struct Part: Sendable {
    /// count x 28 x 28
    let images: [UInt8]
    let labels: [UInt8]

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
    }

    /// The plain file before the compressed one, as it needs less work.
    private static func path(_ folder: String, _ file: String) throws(DatasetError) -> String {
        for path in ["\(folder)/\(file)", "\(folder)/\(file).gz"] where fileExists(path) {
            return path
        }
        throw .missingFile(dataset: "fashion-mnist", folder: folder, file: file, package: "dataset-fashion-mnist")
    }
}
