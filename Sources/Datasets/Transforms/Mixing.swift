import Tensors

/// Training images that are mixed with another of the same virtual shard, and their labels with its label.
///
/// The partner is the next sample of the shard, so that a mixture does not depend on the number of ranks. The shares of
/// the two depend on (seed, epoch, sample).
package struct Mixing: Hashable, Sendable {
    /// The parameter of the Beta distribution of mixup's shares; nil for none. (Zhang et al., "mixup: Beyond Empirical
    /// Risk Minimization", 2018.)
    package var mixup: Double?
    /// The parameter of the Beta distribution of CutMix's areas; nil for none. (Yun et al., "CutMix: Regularization
    /// Strategy to Train Strong Classifiers", 2019.) With both, a coin decides.
    package var cutMix: Double?

    package init(mixup: Double? = nil, cutMix: Double? = nil) {
        self.mixup = mixup
        self.cutMix = cutMix
    }

    var isNone: Bool { mixup == nil && cutMix == nil }

    /// The way in which a sample is mixed with its partner.
    enum Recipe: Equatable {
        /// The share of the sample itself, in 0...1.
        case mixture(share: Float)
        /// The rectangle that shows the partner.
        case patch(Rectangle)

        /// Returns the share of the sample's own label.
        func share(side: Int) -> Float {
            switch self {
            case .mixture(let share): share
            case .patch(let patch): 1 - Float(patch.area) / Float(side * side)
            }
        }
    }

    /// Mixes the samples of a batch.
    ///
    /// - Parameters:
    ///   - shards: how many samples each virtual shard has, in the order of `images`.
    ///   - sampleIDs: the samples' in their split.
    func mix(
        _ images: any BatchImages, _ targets: [Target], shards: [Int], sampleIDs: [UInt32], seed: UInt64, epoch: Int,
        side: Int
    ) -> (images: any BatchImages, targets: [Target]) {
        guard !isNone else { return (images, targets) }
        var mixtures = [(partner: Int, recipe: Recipe)?](repeating: nil, count: images.count)
        var mixed = targets
        var first = 0
        for size in shards {
            for place in first..<first + size where size > 1 {
                let partner = place + 1 < first + size ? place + 1 : first
                guard let recipe = recipe(seed: seed, epoch: epoch, sample: sampleIDs[place], side: side) else {
                    continue
                }
                mixtures[place] = (partner, recipe)
                mixed[place] = Target(
                    targets[place].label, second: targets[partner].label, weight: recipe.share(side: side))
            }
            first += size
        }
        return (MixedImages(images: images, mixtures: mixtures, side: side), mixed)
    }

    /// Returns the recipe of a sample; nil where nothing is mixed.
    func recipe(seed: UInt64, epoch: Int, sample: UInt32, side: Int) -> Recipe? {
        let random = CounterRandom(
            seed: CounterRandom(seed: seed, stream: "mixing of epoch \(epoch)").bits(UInt64(sample)), stream: "mixing")
        let cuts = mixup == nil || (cutMix != nil && random.integer(0, below: 2) == 1)
        guard let concentration = cuts ? cutMix : mixup else { return nil }
        let share = random.beta(concentration, from: 8)
        guard cuts else { return .mixture(share: Float(share)) }
        // The patch is torchvision's CutMix: it may reach beyond the edges, where it is cut off.
        let (row, column) = (random.integer(1, below: side), random.integer(2, below: side))
        let reach = Int((0.5 * (1 - share).squareRoot() * Double(side)))
        return .patch(
            Rectangle(
                rows: max(row - reach, 0)..<min(row + reach, side),
                columns: max(column - reach, 0)..<min(column + reach, side)))
    }
}

/// Images that may be mixed, each with another of the batch.
struct MixedImages: BatchImages {
    let images: any BatchImages
    /// The partner of each sample, and the mixture; nil for an unmixed sample.
    let mixtures: [(partner: Int, recipe: Mixing.Recipe)?]
    /// Pixels a side.
    let side: Int

    var count: Int { images.count }
    var sampleCount: Int { images.sampleCount }

    func write(_ index: Int, into slot: inout MutableSpan<Float>) {
        images.write(index, into: &slot)
        guard let (partner, recipe) = mixtures[index] else { return }
        var other = [Float](repeating: 0, count: sampleCount)
        var span = other.mutableSpan
        images.write(partner, into: &span)
        switch recipe {
        case .mixture(let share):
            for place in slot.indices { slot[place] = share * slot[place] + (1 - share) * other[place] }
        case .patch(let patch):
            let row = sampleCount / side
            let pixel = row / side
            for line in patch.rows {
                let part = line * row + patch.columns.lowerBound * pixel..<line * row + patch.columns.upperBound * pixel
                for place in part { slot[place] = other[place] }
            }
        }
    }
}

/// A part of an image, in pixels.
struct Rectangle: Hashable, Sendable {
    var rows: Range<Int>
    var columns: Range<Int>

    var area: Int { rows.count * columns.count }
}

extension CounterRandom {
    /// Returns a number of the distribution Beta(a, a), from numbers of this stream from `first` on.
    ///
    /// By two of the Gamma distribution. (Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", 2000;
    /// for a < 1 their section 6.)
    func beta(_ a: Double, from first: UInt64) -> Double {
        let (x, y) = (gamma(a, from: first), gamma(a, from: first + (1 << 32)))
        return x + y > 0 ? x / (x + y) : 0.5
    }

    private func gamma(_ a: Double, from first: UInt64) -> Double {
        let shape = a < 1 ? a + 1 : a
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        var index = first
        while true {
            let x = Double(normal(index))
            // In (0, 1), so that its logarithm is finite.
            let u = Double((bits(index + 4) >> 11) | 1) * 0x1p-53
            index += 8
            let root = 1 + c * x
            guard root > 0 else { continue }
            let v = root * root * root
            guard Elementary.log(u) < 0.5 * x * x + d - d * v + d * Elementary.log(v) else { continue }
            guard a < 1 else { return d * v }
            let w = Double((bits(first + (1 << 31)) >> 11) | 1) * 0x1p-53
            return d * v * Elementary.exp(Elementary.log(w) / a)
        }
    }
}
