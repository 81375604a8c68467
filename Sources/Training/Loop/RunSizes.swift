import Datasets
package import Recipes

/// The length of a run, and the places of steps in it; they follow from the recipe and the number of samples.
package struct RunSizes: Hashable, Sendable {
    package let trainingSamples: Int
    package let testSamples: Int
    /// The samples of a global batch; the last batch of an epoch has the remaining ones.
    package let batchSize: Int
    package let stepsPerEpoch: Int
    /// The optimizer steps from the beginning to the end.
    package private(set) var totalSteps: Int

    package init(trainingSamples: Int, testSamples: Int, batchSize: Int, duration: Recipe.Duration) {
        self.trainingSamples = trainingSamples
        self.testSamples = testSamples
        self.batchSize = batchSize
        stepsPerEpoch = (trainingSamples + batchSize - 1) / batchSize
        switch duration {
        case .epochs(let epochs): totalSteps = epochs * stepsPerEpoch
        case .steps(let steps): totalSteps = steps
        case .time: totalSteps = Self.mostSteps
        }
    }

    /// The number of steps of a run whose time has not been turned into a number yet.
    package static let mostSteps = 1_000_000_000

    /// Returns the same sizes for another number of steps.
    func withSteps(_ totalSteps: Int) -> RunSizes {
        var sizes = self
        sizes.totalSteps = totalSteps
        return sizes
    }

    /// Returns the epoch, from 0, of the step that follows `step` earlier ones.
    package func epoch(after step: Int) -> Int { step / stepsPerEpoch }

    /// Returns the epoch, from 1, that step number `step` (from 1) belongs to; 1 before the first.
    package func epochNumber(ofStep step: Int) -> Int { max(step - 1, 0) / stepsPerEpoch + 1 }

    /// Returns the steps taken in the current epoch after `step` steps.
    package func stepInEpoch(after step: Int) -> Int { step % stepsPerEpoch }

    /// Returns the training samples seen in `step` steps.
    package func samples(after step: Int) -> Int {
        epoch(after: step) * trainingSamples + min(stepInEpoch(after: step) * batchSize, trainingSamples)
    }
}
