/// How a network is shown pictures when it is not trained: to be kept with its weights, so that a prediction treats a
/// picture as evaluation did.
package struct Presentation: Hashable, Sendable, Codable {
    /// Pixels a side of what is shown.
    package var imageSize: Int
    /// The length that a picture's shorter side is resized to before its middle is cut out.
    package var shorterSide: Int
    package var normalisation: Normalisation
    package var filter: ResamplingFilter
    /// Whether pictures are turned as their Exif or XMP data ask for.
    package var turnsUpright: Bool
    /// What each label means, in the order of labels.
    package var classNames: [String]

    /// The presentation of a dataset's images in evaluation.
    package init(of dataset: StoredDataset, imageSize: Int, images: ImageOptions) {
        self.imageSize = imageSize
        shorterSide = Framing.shorterSide(imageSize: imageSize, isOfOneSize: dataset.source.imageSize != nil)
        normalisation = dataset.normalisation
        filter = images.filter
        turnsUpright = images.turnsUpright
        classNames = dataset.classNames
    }

    /// What the network is shown of a picture: imageSize x imageSize x channels numbers.
    package func floats(of picture: Image) -> [Float] {
        let square = picture.covering(side: imageSize, shorter: shorterSide, filter: filter)
        return square.normalised(normalisation, side: imageSize)
    }
}
