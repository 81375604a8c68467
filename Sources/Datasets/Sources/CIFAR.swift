import Files

/// CIFAR-10 and CIFAR-100: colour images of 32 x 32 pixels, in the binary form of their authors or in that for Python, as a folder or in a .tar.gz.
/// (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.)
///
/// Of CIFAR-100 the fine labels count.
package struct CIFAR: Source {
    package let name: String
    package let classNames: [String]
    package let channels = 3
    package let imageSize: Int? = 32
    package let normalisation: Normalisation?

    private let train: Part
    private let test: Part

    /// One split's images and labels.
    struct Part: Sendable {
        /// As the files have them: for each image 1,024 bytes of red, as many of green and of blue, row by row.
        var planes: [UInt8] = []
        var labels: [UInt8] = []
    }

    static let pixels = 32 * 32

    init(name: String, form: Form, train: Part, test: Part, classNames: [String]) {
        self.name = name
        self.train = train
        self.test = test
        self.classNames = classNames
        normalisation = form.normalisation
    }

    /// Which of the two datasets.
    enum Form: Sendable {
        case cifar10, cifar100

        var normalisation: Normalisation { self == .cifar10 ? .cifar10 : .cifar100 }
        var classes: Int { self == .cifar10 ? 10 : 100 }
    }

    package func count(of split: Split) -> Int { part(split).labels.count }

    package func label(at index: Int, in split: Split) -> Int { Int(part(split).labels[index]) }

    package func path(of index: Int, in split: Split) -> String { "image \(index) of \(name)" }

    package func read(_ index: Int, of split: Split, into sample: inout StoredSample) throws(SampleError) {
        sample.form = .pixels(height: 32, width: 32)
        sample.bytes.removeAll(keepingCapacity: true)
        let planes = part(split).planes.span
        let first = index * 3 * Self.pixels
        sample.bytes.append(addingCapacity: 3 * Self.pixels) { (target: inout OutputSpan<UInt8>) in
            for pixel in first..<first + Self.pixels {
                target.append(planes[pixel])
                target.append(planes[pixel + Self.pixels])
                target.append(planes[pixel + 2 * Self.pixels])
            }
        }
    }

    private func part(_ split: Split) -> Part {
        switch split {
        case .train: train
        case .test: test
        }
    }
}
