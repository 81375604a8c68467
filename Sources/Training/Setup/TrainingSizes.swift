import Graphs
import Networks
import Recipes
import Terminal

/// The sizes of a run's training images: small ones first, the network's own in the end. Evaluation is at the network's
/// own size. (As in progressive resizing of FFCV and MosaicML Composer; Howard, "Training ImageNet in 3 hours for $25",
/// DAWNBench 2018.)
///
/// The size depends on the epoch alone, so that a resumed run continues alike.
struct TrainingSizes {
    private let smaller: [Recipe.TrainingSize]
    /// The size of the network's own images, in pixels a side.
    private let full: Int

    /// - Parameter full: the size of the network's own images, in pixels a side.
    /// - Throws: `TrainingError.trainingSize` where a size is not smaller, or changes the network's parameters.
    init(_ recipe: Recipe, of network: Network, full: Int) throws {
        smaller = recipe.trainingSizes
        self.full = full
        guard let largest = smaller.last else { return }
        let error = { size, reason in
            TrainingError.trainingSize(model: network.name, size: size, full: full, reason: reason)
        }
        guard largest.pixels < full else {
            throw error(largest.pixels, "images grow to that size, so that all before are smaller")
        }
        let parameters = try Graph(network: network, imageSize: full, purpose: .training).parameters
        for size in smaller.map(\.pixels) {
            guard let graph = try? Graph(network: network, imageSize: size, purpose: .training) else {
                throw error(size, "nothing is left of such images in its layers")
            }
            if let (there, here) = zip(graph.parameters, parameters).first(where: { $0.shape != $1.shape }) {
                throw error(
                    size,
                    "its \(here.name) is of \(Self.words(there.shape)) there and of \(Self.words(here.shape)) here")
            }
        }
    }

    /// Returns a shape in words: `120 x 400`.
    private static func words(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " x ") }

    /// The sizes besides the network's own, in pixels a side.
    var others: [Int] { smaller.map(\.pixels) }

    /// The size of the smallest images, in pixels a side.
    var smallest: Int { smaller.first?.pixels ?? full }

    /// Returns the size of the images of an epoch (from 0), in pixels a side.
    func pixels(inEpoch epoch: Int) -> Int {
        var end = 0
        for size in smaller {
            end += size.epochs
            if epoch < end { return size.pixels }
        }
        return full
    }

    /// The samples that are left after some steps. A sample of an epoch of other images counts by the pixels that its
    /// image has for each pixel of one of the last step: so much more or less time it takes.
    func samplesLeft(after step: Int, _ sizes: RunSizes) -> Double {
        let now = Double(pixels(inEpoch: sizes.epochNumber(ofStep: step) - 1))
        var left = 0.0
        var first = step
        while first < sizes.totalSteps {
            let epoch = sizes.epoch(after: first)
            // Sizes change at the ends of epochs, and after the last change no more.
            let isLast = pixels(inEpoch: epoch) == full
            let end = isLast ? sizes.totalSteps : min((epoch + 1) * sizes.stepsPerEpoch, sizes.totalSteps)
            let scale = Double(pixels(inEpoch: epoch)) / now
            left += Double(sizes.samples(after: end) - sizes.samples(after: first)) * scale * scale
            first = end
        }
        return left
    }

    /// A line for people that names the sizes; none where all images are of one size.
    var notes: [String] {
        guard !smaller.isEmpty else { return [] }
        let words = smaller.map { "\($0.pixels)x\($0.pixels) for \(Wording.count($0.epochs, "epoch"))" }
        return ["training images are \(words.joined(separator: ", ")), and \(full)x\(full) from there on"]
    }
}
