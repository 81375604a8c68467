/// CIFAR-10 and CIFAR-100: colour images of 32 x 32 pixels, in the binary form of their authors or in that for Python,
/// as a folder or in a .tar.gz. (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.)
///
/// The labels of CIFAR-100 are the fine ones.
package struct CIFAR: Source {
    package let name: String
    package let classNames: [String]
    package let channels = 3
    package let imageSize: Int? = 32
    package let normalisation: Normalisation?

    private let parts: BySplit<Part>

    /// The images and labels of one split.
    struct Part: Sendable {
        /// The pixels as the files have them: for each image 1,024 bytes of red, as many of green and of blue, row by
        /// row.
        var planes: [UInt8] = []
        var labels: [UInt8] = []
    }

    static let pixels = 32 * 32

    /// Reads all images.
    ///
    /// - Throws: `DatasetError` for files that are missing or malformed.
    init(_ files: CIFARFiles) throws(DatasetError) {
        let form = files.form
        name = "cifar:" + files.path
        normalisation = form.isOf100 ? .cifar100 : .cifar10
        let contents = try files.contents()
        let names = try contents.classNames()
        guard names.count == form.classes else {
            throw .malformed(
                file: contents.path(form.metaFile), reason: "it has the names of \(names.count) classes",
                expected: "\(form.classes)")
        }
        classNames = names
        parts = BySplit(
            train: try contents.part(of: form.trainFiles), test: try contents.part(of: form.testFiles))
    }

    package func count(of split: Split) -> Int { parts[split].labels.count }

    package func label(at index: Int, in split: Split) -> Int { Int(parts[split].labels[index]) }

    package func path(of index: Int, in split: Split) -> String { "image \(index) to \(split.rawValue) of \(name)" }

    package func name(of index: Int, in split: Split) -> [UInt8] { Array("image \(index) to \(split.rawValue)".utf8) }

    package func storedBytes(of index: Int, in split: Split) -> Int? { 3 * Self.pixels }

    package func read(_ index: Int, of split: Split, into sample: inout StoredSample) throws(SampleError) {
        sample.form = .pixels(height: 32, width: 32)
        sample.bytes.removeAll(keepingCapacity: true)
        let part = parts[split]
        let planes = part.planes.span
        let first = index * 3 * Self.pixels
        sample.bytes.append(addingCapacity: 3 * Self.pixels) { (target: inout OutputSpan<UInt8>) in
            for pixel in first..<first + Self.pixels {
                target.append(planes[pixel])
                target.append(planes[pixel + Self.pixels])
                target.append(planes[pixel + 2 * Self.pixels])
            }
        }
    }
}
