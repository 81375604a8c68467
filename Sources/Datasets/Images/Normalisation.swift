/// The map from bytes to the numbers that a network is shown: (byte / 255 - mean) / deviation, for each channel.
package struct Normalisation: Hashable, Sendable, Codable {
    /// The name: the dataset that it comes from.
    package let name: String
    /// The mean of each channel, of bytes scaled to [0, 1].
    package let means: [Float]
    package let deviations: [Float]

    init(name: String, means: [Float], deviations: [Float]) {
        precondition(means.count == deviations.count, "\(means.count) means, \(deviations.count) deviations")
        self.name = name
        self.means = means
        self.deviations = deviations
    }

    /// Returns the byte that became `value`, rounded.
    func byte(_ value: Float, channel: Int) -> UInt8 {
        UInt8(max(0, min(255, ((value * deviations[channel] + means[channel]) * 255).rounded())))
    }

    /// The normalised value of a black pixel in each channel.
    var black: [Float] { zip(means, deviations).map { -$0 / $1 } }

    package var channels: Int { means.count }

    /// The moments of datasets of ours. Computed, so that a loop over pixels has them as constants.
    enum Moments {
        /// Mean and deviation of grey clothing: the training set's.
        static var fashionMNIST: (mean: Float, deviation: Float) { (0.2860, 0.3530) }
        /// The moments of drawn shapes: the middle of the range, and the inverse of the standard deviation measured
        /// over the training set.
        static var shapes: (mean: Float, perDeviation: Float) { (0.5, 3.7) }
    }

    package static let fashionMNIST = Normalisation(
        name: "fashion-mnist", means: [Moments.fashionMNIST.mean], deviations: [Moments.fashionMNIST.deviation])

    package static let shapes = Normalisation(
        name: "shapes", means: [Float](repeating: Moments.shapes.mean, count: 3),
        deviations: [Float](repeating: 1 / Moments.shapes.perDeviation, count: 3))

    /// CIFAR's training sets.
    package static let cifar10 = Normalisation(
        name: "CIFAR-10", means: [0.4914, 0.4822, 0.4465], deviations: [0.2470, 0.2435, 0.2616])
    package static let cifar100 = Normalisation(
        name: "CIFAR-100", means: [0.5071, 0.4865, 0.4409], deviations: [0.2673, 0.2564, 0.2762])

    /// The training set of handwritten digits.
    package static let mnist = Normalisation(name: "MNIST", means: [0.1307], deviations: [0.3081])

    /// The normalisation of photographs, by ImageNet's moments as torchvision has them.
    package static let photographs = Normalisation(
        name: "ImageNet", means: [0.485, 0.456, 0.406], deviations: [0.229, 0.224, 0.225])

    /// Returns the normalisation that leaves pixels between 0 and 1.
    package static func unchanged(channels: Int) -> Normalisation {
        Normalisation(
            name: "none", means: [Float](repeating: 0, count: channels),
            deviations: [Float](repeating: 1, count: channels))
    }

    /// Whether these are ImageNet's classes: a thousand, called by WordNet's numbers.
    static func areImageNet(_ classNames: [String]) -> Bool {
        classNames.count == 1000
            && classNames.allSatisfy { name in
                name.utf8.count == 9 && name.utf8.first == UInt8(ascii: "n")
                    && name.utf8.dropFirst().allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            }
    }

    /// The normalisation of grey photographs, by the means of the three channels' moments.
    package static let greyPhotographs = Normalisation(name: "ImageNet in grey", means: [0.449], deviations: [0.226])

    /// Returns the normalisation of a dataset's images or, for a dataset that has none of its own, that of photographs.
    ///
    /// - Parameters:
    ///   - specification: in the form of `openDataset`; no file is looked for.
    ///   - channels: those of the network. A dataset's own normalisation counts only where it has the same number.
    /// - Returns: nil where there is none for that number of channels.
    package static func of(dataset specification: String?, channels: Int) -> Normalisation? {
        let name = specification?.prefix { $0 != ":" } ?? ""
        return [fashionMNIST, shapes].first { $0.name == name && $0.channels == channels }
            ?? [photographs, greyPhotographs].first { $0.channels == channels }
    }
}
