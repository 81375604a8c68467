package import Recipes
import Tensors

/// The learning rate as a pure function of the step: linear warm-up, then the recipe's schedule.
///
/// Nothing is carried from step to step, so that a resumed run has the rate it would have had.
package struct LearningRateSchedule: Hashable, Sendable {
    /// What happens after the warm-up.
    package enum Decay: Hashable, Sendable {
        case constant
        /// Half a cosine from the peak at the end of the warm-up towards 0 after the last step. (Loshchilov & Hutter, "SGDR", 2017.)
        case cosine
        /// Times `factor` after every `epochs` epochs.
        case step(epochs: Int, factor: Double)
    }

    /// The rate that the warm-up ends at.
    package var peak: Double
    package var decay: Decay
    /// Epochs of warm-up; may be a fraction, 0 for none.
    package var warmupEpochs: Double
    /// Steps in an epoch, a short last one included.
    package var stepsPerEpoch: Int
    /// Steps of the whole run. A warm-up that is longer ends with the run.
    package var totalSteps: Int

    package init(peak: Double, decay: Decay, warmupEpochs: Double = 0, stepsPerEpoch: Int, totalSteps: Int) {
        self.peak = peak
        self.decay = decay
        self.warmupEpochs = warmupEpochs
        self.stepsPerEpoch = stepsPerEpoch
        self.totalSteps = totalSteps
    }

    /// The recipe's schedule for a run of so many steps.
    package init(_ recipe: Recipe, stepsPerEpoch: Int, totalSteps: Int) {
        let decay: Decay =
            switch recipe.schedule {
            case .constant: .constant
            case .cosine: .cosine
            case .step(let epochs, let factor): .step(epochs: epochs, factor: factor)
            }
        self.init(
            peak: recipe.learningRate, decay: decay, warmupEpochs: recipe.warmupEpochs, stepsPerEpoch: stepsPerEpoch,
            totalSteps: totalSteps)
    }

    /// The rate of the optimizer step that follows `step` earlier ones: 0 for the first.
    package func learningRate(step: Int) -> Float {
        let position = Double(step)
        let warmup = min((warmupEpochs * Double(stepsPerEpoch)).rounded(), Double(totalSteps))
        if position < warmup {
            // Never 0: the first step of a warm-up learns too.
            return Float(peak * (position + 1) / warmup)
        }
        switch decay {
        case .constant:
            return Float(peak)
        case .cosine:
            let progress = min((position - warmup) / max(Double(totalSteps) - warmup, 1), 1)
            return Float(peak * 0.5 * (1 + Elementary.cos(Double.pi * progress)))
        case .step(let epochs, let factor):
            let drops = step / max(epochs * stepsPerEpoch, 1)
            return Float((0..<drops).reduce(peak) { rate, _ in rate * factor })
        }
    }
}
