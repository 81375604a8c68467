import Tensors

/// In which order an epoch visits the samples: a pure function of (seed, epoch).
package struct Sampler: Hashable, Sendable {
    /// Samples in the split.
    package let count: Int
    /// Samples of a global batch, over all ranks; the last of an epoch has what is left.
    package let batchSize: Int
    package let seed: UInt64
    /// Whether each epoch has an order of its own; otherwise all go by index.
    package let isShuffled: Bool

    package init(count: Int, batchSize: Int, seed: UInt64, isShuffled: Bool = true) {
        precondition(count >= 0 && count <= UInt32.max, "\(count) samples cannot be numbered with 32 bits")
        precondition(batchSize > 0, "a batch of \(batchSize) samples")
        self.count = count
        self.batchSize = batchSize
        self.seed = seed
        self.isShuffled = isShuffled
    }

    /// Global batches, hence optimizer steps, of an epoch.
    package var stepsPerEpoch: Int { (count + batchSize - 1) / batchSize }

    /// All samples in the order of `epoch`: a uniformly random permutation.
    /// (Fisher and Yates in Durstenfeld's form, CACM algorithm 235, 1964.)
    ///
    /// - Complexity: O(count).
    package func order(ofEpoch epoch: Int) -> EpochOrder {
        var samples = (0..<count).map { UInt32($0) }
        if isShuffled {
            let random = CounterRandom(seed: seed, stream: "order of epoch \(epoch)")
            for last in stride(from: count - 1, to: 0, by: -1) {
                samples.swapAt(last, random.integer(UInt64(last), below: last + 1))
            }
        }
        return EpochOrder(samples: samples, batchSize: batchSize)
    }
}

/// The samples of one epoch, cut into global batches.
package struct EpochOrder: Sendable {
    /// Every sample once.
    package let samples: [UInt32]
    package let batchSize: Int

    /// The number of global batches.
    package var steps: Int { (samples.count + batchSize - 1) / batchSize }

    /// The samples of global batch `step`; the last batch may be short.
    package subscript(step: Int) -> ArraySlice<UInt32> {
        samples[step * batchSize..<min((step + 1) * batchSize, samples.count)]
    }
}
