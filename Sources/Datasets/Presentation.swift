import Tensors

/// The way in which a network is shown pictures when it is not trained. It is kept with the network's weights, so that
/// a prediction treats a picture as evaluation did.
package struct Presentation: Hashable, Sendable {
    /// The size of the shown part, in pixels a side.
    package let imageSize: Int
    /// The length that a picture's shorter side is resized to before its middle is cut out.
    package let shorterSide: Int
    package var normalisation: Normalisation
    package var images: ImageOptions

    package init(imageSize: Int, shorterSide: Int, normalisation: Normalisation, images: ImageOptions) {
        precondition(imageSize > 0 && shorterSide > 0, "\(imageSize) pixels of a side of \(shorterSide)")
        self.imageSize = imageSize
        self.shorterSide = shorterSide
        self.normalisation = normalisation
        self.images = images
    }

    /// The presentation of a dataset's images in evaluation; nil where they are no pictures.
    package init?(of dataset: any Dataset, imageSize: Int, images: ImageOptions) {
        let stored = dataset as? StoredDataset
        guard let normalisation = stored?.normalisation ?? (dataset is Shapes ? .shapes : nil) else { return nil }
        // Drawn images are of the size that is asked for.
        let isOfOneSize = stored.map { $0.source.imageSize != nil } ?? true
        self.init(
            imageSize: imageSize, shorterSide: Framing.shorterSide(imageSize: imageSize, isOfOneSize: isOfOneSize),
            normalisation: normalisation, images: images)
    }

    /// The presentation of photographs, as torchvision's references evaluate on ImageNet; nil for images that are
    /// neither grey nor in colour.
    package init?(ofPhotographsWith channels: Int, imageSize: Int) {
        guard let normalisation = Normalisation.of(dataset: nil, channels: channels) else { return nil }
        self.init(
            imageSize: imageSize, shorterSide: Framing.shorterSide(imageSize: imageSize, isOfOneSize: false),
            normalisation: normalisation, images: ImageOptions())
    }

    /// Returns the numbers that the network is shown for a picture's file, imageSize x imageSize x channels, with the
    /// bits that the loader gives.
    ///
    /// - Parameter path: The file's name in messages.
    package func floats(
        of file: [UInt8], path: String, with scratch: LoaderScratch = LoaderScratch()
    ) throws(SampleError) -> [Float] {
        let channels = normalisation.channels
        scratch.stored.form = .encoded
        scratch.stored.bytes = file
        var bytes = [UInt8](repeating: 0, count: imageSize * imageSize * channels)
        var span = bytes.mutableSpan
        try scratch.transformer.transform(
            scratch.stored, path: { path }, index: 0, as: SampleLook(imageSize: imageSize, images: images),
            shorterSide: shorterSide, fill: Array(repeating: 0, count: channels), into: &span)
        var floats = [Float](repeating: 0, count: bytes.count)
        var target = floats.mutableSpan
        normalisation.table.write(bytes.span, into: &target)
        return floats
    }
}

// MARK: As text

extension Presentation {
    /// The presentation without its size in the form of a checkpoint, with numbers that read back to the same bits.
    package var texts: [String: String] {
        images.texts.merging([
            "shorter_side": "\(shorterSide)", "moments": normalisation.name,
            "mean": Self.text(normalisation.means), "std": Self.text(normalisation.deviations),
        ]) { _, own in own }
    }

    private static func text(_ numbers: [Float]) -> String { numbers.map(\.description).joined(separator: ",") }

    /// Reads what `texts` wrote; other entries are ignored.
    ///
    /// - Parameter channels: those of the network's images.
    package init(texts: [String: String], imageSize: Int, channels: Int) throws(PresentationProblem) {
        func numbers(_ key: String, _ expected: String, _ isRight: (Float) -> Bool) throws(PresentationProblem)
            -> [Float]
        {
            let words = (texts[key] ?? "").split(separator: ",", omittingEmptySubsequences: false)
            let numbers = words.compactMap { Float($0) }.filter { $0.isFinite && isRight($0) }
            guard numbers.count == words.count, numbers.count == channels else {
                throw PresentationProblem(
                    key: key, found: texts[key], expected: "\(channels) \(expected), with commas between")
            }
            return numbers
        }
        guard let shorterSide = texts["shorter_side"].flatMap({ Int($0) }), (1...1 << 20).contains(shorterSide) else {
            throw PresentationProblem(key: "shorter_side", found: texts["shorter_side"], expected: "a number of pixels")
        }
        self.init(
            imageSize: imageSize, shorterSide: shorterSide,
            normalisation: Normalisation(
                name: texts["moments"] ?? "", means: try numbers("mean", "numbers") { _ in true },
                deviations: try numbers("std", "numbers above 0") { $0 > 0 }),
            images: try ImageOptions(texts: texts))
    }
}

/// An error in a presentation that was written down.
package struct PresentationProblem: Error, Hashable, Sendable {
    package let key: String
    package let found: String?
    package let expected: String
}

extension ImageOptions {
    /// The options as a checkpoint keeps them, in the words of the recipe's keys.
    package var texts: [String: String] {
        [
            "interpolation": filter.rawValue, "decode": shrinksInDecoder ? "fast" : "exact",
            "exif_orientation": turnsUpright ? "on" : "off", "max_image_pixels": "\(mostPixels)",
        ]
    }

    /// Reads what `texts` wrote.
    package init(texts: [String: String]) throws(PresentationProblem) {
        func value<Value>(_ key: String, _ values: [String: Value]) throws(PresentationProblem) -> Value {
            guard let value = texts[key].flatMap({ values[$0] }) else {
                throw PresentationProblem(
                    key: key, found: texts[key], expected: values.keys.sorted().joined(separator: " or "))
            }
            return value
        }
        guard let mostPixels = texts["max_image_pixels"].flatMap({ Int($0) }), mostPixels > 0 else {
            throw PresentationProblem(
                key: "max_image_pixels", found: texts["max_image_pixels"], expected: "a number of pixels")
        }
        self.init(
            filter: try value(
                "interpolation", Dictionary(uniqueKeysWithValues: ResamplingFilter.allCases.map { ($0.rawValue, $0) })),
            shrinksInDecoder: try value("decode", ["exact": false, "fast": true]),
            turnsUpright: try value("exif_orientation", ["on": true, "off": false]), mostPixels: mostPixels)
    }
}
