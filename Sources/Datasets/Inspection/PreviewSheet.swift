package import Tensors

/// A picture of samples as a network is shown them, each with its label.
package struct PreviewSheet: Sendable {
    package let height: Int
    package let width: Int
    /// height x width x 3
    package private(set) var pixels: [UInt8]

    /// Pixels around each sample.
    private static let gap = 4

    /// - Parameters:
    ///   - batch: of images of `side` pixels a side.
    ///   - normalisation: that the images have gone through.
    ///   - columns: samples beside one another.
    package init(_ batch: Batch, side: Int, normalisation: Normalisation, classNames: [String], columns: Int) {
        let (cellWidth, cellHeight) = (max(side, 64) + Self.gap, side + PixelText.height + 2 * Self.gap)
        let rows = (batch.count + columns - 1) / columns
        height = rows * cellHeight + Self.gap
        width = columns * cellWidth + Self.gap
        pixels = [UInt8](repeating: 32, count: height * width * 3)
        var image = [Float](repeating: 0, count: batch.images.sampleCount)
        for (place, target) in batch.targets.enumerated() {
            var slot = image.mutableSpan
            batch.images.write(place, into: &slot)
            let (top, left) = (place / columns * cellHeight + Self.gap, place % columns * cellWidth + Self.gap)
            draw(image, side: side, normalisation, top: top, left: left)
            PixelText.draw(
                target.words(classNames), into: &pixels, stride: width, left: left, top: top + side + Self.gap / 2,
                most: cellWidth - Self.gap)
        }
    }

    private mutating func draw(_ image: [Float], side: Int, _ normalisation: Normalisation, top: Int, left: Int) {
        let channels = normalisation.channels
        for row in 0..<side {
            for column in 0..<side {
                let pixel = ((top + row) * width + left + column) * 3
                for colour in 0..<3 {
                    // Grey is three times the same.
                    let channel = min(colour, channels - 1)
                    pixels[pixel + colour] = normalisation.byte(
                        image[(row * side + column) * channels + channel], channel: channel)
                }
            }
        }
    }

    /// The sheet as a PNG file; nil where there is no memory for it.
    package var png: [UInt8]? { PNG.file(height: height, width: width, channels: 3, pixels: pixels) }
}

extension Target {
    /// Returns the class, or the shares of two.
    fileprivate func words(_ classNames: [String]) -> String {
        let first = classNames[Int(label)]
        guard weight < 1, label != second else { return first }
        let percent = Int((weight * 100).rounded())
        return "\(percent)% \(first) + \(100 - percent)% \(classNames[Int(second)])"
    }
}

extension PreviewSheet {
    /// Makes a sheet of the first training samples of an epoch.
    ///
    /// - Parameters:
    ///   - count: the number of samples; those that cannot be read are left out.
    ///   - side: pixels a side.
    package init(
        of dataset: any Dataset, count: Int, side: Int, augmentation: Augmentation, mixing: Mixing = Mixing(),
        images: ImageOptions = ImageOptions(), seed: UInt64, epoch: Int
    ) throws(DatasetError) {
        let samples = dataset.count(of: .train)
        let sampler = Sampler(count: samples, batchSize: max(min(count, samples), 1), seed: seed)
        let loader = Loader(
            dataset: dataset, imageSize: side, augmentation: augmentation, mixing: mixing, images: images)
        let stream = loader.trainingBatches(epoch: epoch, sampler: sampler, sharding: Sharding())
        let batch = try stream.next()?.batch
        self.init(
            batch ?? Batch(images: [], labels: [], sampleIDs: [], shardSizes: []), side: side,
            normalisation: dataset.shownNormalisation, classNames: dataset.classNames,
            columns: max(Int(Double(count).squareRoot().rounded(.up)), 1))
    }
}
