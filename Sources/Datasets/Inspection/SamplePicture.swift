import Foundation
import Tensors

/// A picture of a sample as a network is shown it, for a page: a PNG file as a `data:` URL.
package enum SamplePicture {
    /// The most pixels that a side has; larger images are made smaller.
    package static let mostSide = 96

    /// Returns the picture of an image that has gone through a normalisation; nil where there is no memory for it.
    ///
    /// - Parameter floats: side x side x channels
    package static func url(of floats: [Float], side: Int, normalisation: Normalisation) -> String? {
        let channels = normalisation.channels
        precondition(floats.count == side * side * channels, "\(floats.count) numbers for \(side) x \(side)")
        // Grey and colour are all that PNG files have here.
        let shown = channels < 3 ? 1 : 3
        var bytes = [UInt8](repeating: 0, count: side * side * shown)
        for pixel in 0..<side * side {
            for channel in 0..<shown {
                bytes[pixel * shown + channel] = normalisation.byte(
                    floats[pixel * channels + channel], channel: channel)
            }
        }
        let most = min(side, mostSide)
        if most < side { bytes = smaller(bytes, from: side, to: most, channels: shown) }
        return PNG.file(height: most, width: most, channels: shown, pixels: bytes).map { file in
            "data:image/png;base64," + Data(file).base64EncodedString()
        }
    }

    private static func smaller(_ bytes: [UInt8], from side: Int, to small: Int, channels: Int) -> [UInt8] {
        var resampler = Resampler()
        _ = resampler.prepare(
            height: side, width: side, to: (small, small), window: (0..<small, 0..<small), filter: .bilinear)
        var result = [UInt8](repeating: 0, count: small * small * channels)
        var span = result.mutableSpan
        resampler.resize(bytes.span, channels: channels, into: &span)
        return result
    }
}

extension Dataset {
    /// Returns the picture of a sample, read on the calling thread; nil where it cannot be read.
    package func picture(
        of sample: Int, in split: Split, as look: SampleLook, with scratch: LoaderScratch
    ) -> String? {
        let batch = batch(of: [UInt32(sample)], in: split, as: look)
        guard (try? batch.prepare(0, with: scratch)) != nil, batch.bad(0) == nil else { return nil }
        return SamplePicture.url(
            of: batch.images(at: [0]).floats, side: look.imageSize, normalisation: shownNormalisation)
    }
}

extension Loader {
    /// Returns the first samples that an epoch trains on, as networks are shown them, and their labels.
    package func trainingPictures(count: Int, sampler: Sampler, epoch: Int) -> [(label: Int, picture: String)] {
        var loader = self
        loader.limits = PrefetchLimits(threads: 1, batches: 1)
        let stream = loader.trainingBatches(epoch: epoch, sampler: sampler, sharding: Sharding())
        defer { stream.close() }
        guard let batch = try? stream.next()?.batch else { return [] }
        let normalisation = dataset.shownNormalisation
        var floats = [Float](repeating: 0, count: batch.images.sampleCount)
        return (0..<min(count, batch.count)).compactMap { place in
            var slot = floats.mutableSpan
            batch.images.write(place, into: &slot)
            let picture = SamplePicture.url(of: floats, side: imageSize, normalisation: normalisation)
            return picture.map { (Int(batch.targets[place].label), $0) }
        }
    }
}
