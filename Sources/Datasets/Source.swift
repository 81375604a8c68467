import Files
package import Tensors

/// Labelled images where they are stored, as files have them.
///
/// A sample is called by its index in its split. Samples are ordered by class and then by name, so that a set has the
/// same order as a folder, in tar files and packed, and a run the same bits from each of them.
package protocol Source: Sendable {
    /// The name that opens it, such as `fashion-mnist`, or its prefix and path.
    var name: String { get }
    /// The kind of source: `folder`, `tar`, `cifar`, …; of a packed dataset the kind that it was packed from.
    var kind: String { get }
    /// The names of the classes, in the order of labels.
    var classNames: [String] { get }
    /// Channels that all of its images have or are brought to: 1 for grey, 3 for colour.
    var channels: Int { get }
    /// The pixels a side where they are the same for all images, as in MNIST and CIFAR; else nil.
    var imageSize: Int? { get }
    /// The moments that are known of its images; nil where they are to be measured.
    var normalisation: Normalisation? { get }
    /// The way in which its splits and classes were found, in words; nil where there is nothing to find.
    var layout: String? { get }
    /// Returns the number of samples.
    func count(of split: Split) -> Int
    /// Returns the class of sample `index`, in 0..<classNames.count.
    func label(at index: Int, in split: Split) -> Int
    /// Returns the path of sample `index`, for messages.
    func path(of index: Int, in split: Split) -> String
    /// Returns the name of sample `index` within the source, without the source's own path.
    func name(of index: Int, in split: Split) -> [UInt8]
    /// Whether some of its samples may be damaged.
    var mayBeDamaged: Bool { get }
    /// Returns the bytes of the stored sample `index`; nil where they are not known before it is read.
    func storedBytes(of index: Int, in split: Split) -> Int?
    /// The only order in which its samples can be read, by one thread at a time; nil where any will do.
    var onlyOrder: [SamplePlace]? { get }
    /// Reads sample `index`. Called on several threads at once.
    ///
    /// - Parameter sample: its memory is used again, so that reading reserves none.
    func read(_ index: Int, of split: Split, into sample: inout StoredSample) throws(SampleError)
}

extension Source {
    package var imageSize: Int? { nil }
    /// ImageNet's, where these are its classes, in whatever form.
    package var normalisation: Normalisation? {
        channels == 3 && Normalisation.areImageNet(classNames) ? .photographs : nil
    }
    package var layout: String? { nil }
    package var kind: String { String(name.prefix { $0 != ":" }) }
    /// Pixels that were read when the source was opened are sound.
    package var mayBeDamaged: Bool { imageSize == nil }
    package var onlyOrder: [SamplePlace]? { nil }
    package func name(of index: Int, in split: Split) -> [UInt8] { path(of: index, in: split).pathBytes }
    package func storedBytes(of index: Int, in split: Split) -> Int? { nil }
}

/// A sample of a source.
package struct SamplePlace: Hashable, Sendable {
    package let split: Split
    package let index: Int
}

/// A stored sample.
package struct StoredSample: Sendable {
    package enum Form: Hashable, Sendable {
        /// A file: JPEG, PNG or WebP.
        case encoded
        /// Pixels, row by row, as many bytes each as the source has channels.
        case pixels(height: Int, width: Int)
    }

    package var form = Form.encoded
    package var bytes: [UInt8] = []

    package init() {}
}

/// The reason why one sample cannot be had, while the others can.
package struct SampleError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The fault in words, with the file's name.
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// A sample that was left out of a batch.
package struct BadSample: Encodable, Hashable, Sendable {
    package let split: Split
    package let index: Int
    package let path: String
    package let reason: String
}
