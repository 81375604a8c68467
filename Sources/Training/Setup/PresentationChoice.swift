import Checkpoints
package import Datasets
package import Recipes
import Tensors
import Terminal

extension Checkpoint.About {
    /// Returns the presentation of pictures to the network; nil where the file has none, as those of earlier versions.
    ///
    /// - Parameter path: the file's name in messages.
    func shown(path: String) throws(CheckpointError) -> Presentation? {
        guard !presentation.isEmpty else { return nil }
        do throws(PresentationProblem) {
            return try Presentation(texts: presentation, imageSize: imageSize, channels: inputChannels)
        } catch {
            throw .metadata(
                path: path, key: "presentation: \(error.key)", found: error.found, expected: error.expected)
        }
    }
}

extension ImageOptions {
    /// Returns these options with the changes that are asked for.
    package func changed(by asked: RecipeOverrides) -> ImageOptions {
        var options = self
        if let interpolation = asked.interpolation { options.filter = ResamplingFilter(interpolation) }
        if let decoding = asked.decoding { options.shrinksInDecoder = decoding == .fast }
        if let exifOrientation = asked.exifOrientation { options.turnsUpright = exifOrientation }
        if let maxImagePixels = asked.maxImagePixels { options.mostPixels = maxImagePixels }
        return options
    }
}

/// The moments by which a run's images are normalised, and a note on them for people.
struct MomentsChoice {
    let normalisation: Normalisation
    let note: String?
}

extension MomentsChoice {
    /// The moments of a run that begins; nil where its images are drawn.
    ///
    /// - Parameters:
    ///   - asked: whether images are normalised at all.
    ///   - weights: the initial weights: the network of our checkpoint keeps its moments. Others are assumed to be
    ///     trained on ImageNet, where the dataset has no moments of its own.
    init?(beginning setup: Setup, as asked: Recipe.Normalisation, with weights: WeightsFile?) throws {
        guard let dataset = setup.dataset as? StoredDataset else { return nil }
        if asked == .none {
            self.init(
                normalisation: .unchanged(channels: dataset.channels), note: "pixels are shown between 0 and 1")
        } else if let weights, let own = try weights.about()?.shown(path: weights.path)?.normalisation,
            own.channels == dataset.channels
        {
            self.init(
                normalisation: own,
                note: "images are normalised as those were that \(weights.path) was trained on: \(own.words)")
        } else if let known = dataset.source.normalisation {
            self.init(normalisation: known, note: nil)
        } else if let weights {
            self.init(
                normalisation: dataset.normalisation,
                note: "images are normalised as \(dataset.normalisation.name)'s, which \(weights.path) is taken to be "
                    + "trained on: \(dataset.normalisation.words)")
        } else {
            let measured = Normalisation.measured(
                on: dataset.source, imageSize: setup.imageSize, images: setup.images, threads: setup.threads.threads)
            let samples = dataset.count(of: .train)
            let looked = min(samples, Normalisation.mostMeasured)
            self.init(
                normalisation: measured ?? dataset.normalisation,
                note: measured.map {
                    "images are normalised as measured on \(Wording.grouped(looked)) of "
                        + "\(Wording.count(samples, "training image")): \($0.words)"
                })
        }
    }
}

extension WeightsFile {
    /// Returns the description of the network in a file of ours; nil for other programs' files.
    func about() throws(CheckpointError) -> Checkpoint.About? {
        guard metadata["format_version"] != nil else { return nil }
        return try Checkpoint(tensors: [], optimizer: [], metadata: metadata).about(path: path)
    }
}

extension Normalisation {
    /// The moments in words: `mean 0.485, 0.456, 0.406, standard deviation 0.229, 0.224, 0.225`.
    var words: String {
        func list(_ numbers: [Float]) -> String {
            numbers.map { Wording.significant(Double($0)) }.joined(separator: ", ")
        }
        return "mean \(list(means)), standard deviation \(list(deviations))"
    }
}
