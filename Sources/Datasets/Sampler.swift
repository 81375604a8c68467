import Tensors

/// The order in which an epoch visits the samples: a pure function of (seed, epoch).
package struct Sampler: Hashable, Sendable {
    /// Samples in the split.
    package let count: Int
    /// The samples of a global batch, over all ranks; the last batch of an epoch has the remaining ones.
    package let batchSize: Int
    package let seed: UInt64
    /// Whether each epoch has an order of its own; otherwise all go by index.
    package let isShuffled: Bool
    /// The samples of each class, where epochs draw as many of every class; nil where they visit each sample once.
    private let classes: [[UInt32]]?

    /// - Parameter balancedLabels: the class of each sample, where epochs are to draw as many of every class.
    package init(
        count: Int, batchSize: Int, seed: UInt64, isShuffled: Bool = true, balancedLabels: [Int]? = nil
    ) {
        precondition(count >= 0 && count <= UInt32.max, "\(count) samples cannot be numbered with 32 bits")
        precondition(batchSize > 0, "a batch of \(batchSize) samples")
        self.count = count
        self.batchSize = batchSize
        self.seed = seed
        self.isShuffled = isShuffled
        precondition(balancedLabels.map { $0.count == count } ?? true, "a label for each of \(count) samples")
        classes = balancedLabels.map { labels in
            let samples = Dictionary(grouping: labels.indices) { labels[$0] }
            return samples.sorted { $0.key < $1.key }.map { $0.value.map { UInt32($0) } }
        }
    }

    /// Global batches, hence optimizer steps, of an epoch.
    package var stepsPerEpoch: Int { (count + batchSize - 1) / batchSize }

    /// Returns the samples in the order of `epoch`: a uniformly random permutation. (Fisher and Yates in Durstenfeld's
    /// form, CACM algorithm 235, 1964.)
    ///
    /// - Complexity: O(count).
    package func order(ofEpoch epoch: Int) -> EpochOrder {
        var samples = classes.map { drawn(from: $0, epoch: epoch) } ?? (0..<count).map { UInt32($0) }
        if isShuffled || classes != nil {
            samples.shuffle(by: CounterRandom(seed: seed, stream: "order of epoch \(epoch)"))
        }
        return EpochOrder(samples: samples, batchSize: batchSize)
    }

    /// Draws the same number of samples of every class, one more of some classes where the epoch's count does not
    /// divide evenly.
    ///
    /// A class is gone through in a random order, then in another one, as often as needed. The samples of each round
    /// have numbers of their own, see `Dataset.index(of:in:)`.
    private func drawn(from classes: [[UInt32]], epoch: Int) -> [UInt32] {
        guard !classes.isEmpty else { return [] }
        let stream = "classes of epoch \(epoch)"
        var turns = classes.indices.map { UInt32($0) }
        turns.shuffle(by: CounterRandom(seed: seed, stream: stream))
        let mostRounds = Int(UInt32.max) / count
        var samples: [UInt32] = []
        samples.reserveCapacity(count)
        for (turn, place) in turns.enumerated() {
            var left = count / classes.count + (turn < count % classes.count ? 1 : 0)
            var round = 0
            while left > 0 {
                var members = classes[Int(place)]
                members.shuffle(by: CounterRandom(seed: seed, stream: "\(stream), class \(place), round \(round)"))
                let offset = UInt32(round % mostRounds * count)
                samples += members.prefix(left).map { $0 + offset }
                left -= min(left, members.count)
                round += 1
            }
        }
        return samples
    }
}

extension [UInt32] {
    /// Fisher and Yates.
    fileprivate mutating func shuffle(by random: CounterRandom) {
        for last in stride(from: count - 1, to: 0, by: -1) {
            swapAt(last, random.integer(UInt64(last), below: last + 1))
        }
    }
}

/// The samples of one epoch, cut into global batches.
package struct EpochOrder: Sendable {
    /// The numbers of its samples: every sample once, or as many of every class.
    package let samples: [UInt32]
    package let batchSize: Int

    /// The number of global batches.
    package var steps: Int { (samples.count + batchSize - 1) / batchSize }

    /// The samples of global batch `step`; the last batch may be short.
    package subscript(step: Int) -> ArraySlice<UInt32> {
        samples[step * batchSize..<min((step + 1) * batchSize, samples.count)]
    }
}
