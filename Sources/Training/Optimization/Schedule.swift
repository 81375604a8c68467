import Machine
package import Recipes
import Tensors

/// The learning rate as a function of the step alone: linear warm-up, then the recipe's shape.
///
/// Nothing is kept from step to step, so that a resumed run has the rates of an uninterrupted one.
package struct LearningRateSchedule: Hashable, Sendable {
    /// The rate at the end of the warm-up.
    package let peak: Double
    package let shape: Recipe.Schedule.Shape
    package private(set) var warmup = Recipe.Schedule.Warmup.epochs(0)
    /// The steps of an epoch, including a last one with fewer samples.
    package let stepsPerEpoch: Int
    /// The steps of the whole run. A warm-up that is longer ends with the run.
    package let totalSteps: Int
}

extension LearningRateSchedule {
    /// The recipe's schedule for a run of so many steps.
    package init(_ recipe: Recipe, stepsPerEpoch: Int, totalSteps: Int) {
        self.init(
            peak: recipe.learningRate, shape: recipe.schedule.shape, warmup: recipe.schedule.warmup,
            stepsPerEpoch: stepsPerEpoch, totalSteps: totalSteps)
    }

    /// Returns the rate of the optimizer step that follows `step` earlier ones: 0 for the first.
    package func learningRate(step: Int) -> Float {
        let position = Double(step)
        if shape == .oneCycle { return Float(oneCycle(position)) }
        let warmup = warmupSteps
        if position < warmup {
            // The rate is never 0, so that the first step of a warm-up learns too.
            return Float(peak * (position + 1) / warmup)
        }
        /// The share of the steps after the warm-up that has passed.
        let progress = min((position - warmup) / max(Double(totalSteps) - warmup, 1), 1)
        switch shape {
        case .constant, .oneCycle: return Float(peak)
        case .step(let every, let factor): return dropped(step / steps(every), by: factor)
        case .multistep(let milestones, let factor):
            return dropped(milestones.count { steps($0) <= step }, by: factor)
        case .exponential(let every, let factor): return Float(peak * power(factor, step / steps(every)))
        case .polynomial(let power, let final):
            let left = 1 - progress
            let share = power == 1 ? left : left > 0 ? Elementary.exp(power * Elementary.log(left)) : 0
            return Float(final + (peak - final) * share)
        case .cosine(let final): return Float(cosine(from: peak, to: final, progress))
        case .restarts(let every, let growth, let final):
            return Float(cosine(from: peak, to: final, shareOfCycle(step - Int(warmup), steps(every), growth)))
        }
    }

    private var warmupSteps: Double {
        let asked =
            switch warmup {
            case .epochs(let epochs): (epochs * Double(stepsPerEpoch)).rounded()
            case .steps(let steps): Double(steps)
            }
        return min(asked, Double(totalSteps))
    }

    /// Steps of an interval, at least 1.
    private func steps(_ interval: Recipe.Interval) -> Int { max(interval.steps(inEpoch: stepsPerEpoch), 1) }

    private func dropped(_ drops: Int, by factor: Double) -> Float {
        Float((0..<drops).reduce(peak) { rate, _ in rate * factor })
    }

    /// Returns `base` to the power of `exponent`, by squaring.
    private func power(_ base: Double, _ exponent: Int) -> Double {
        var (result, square, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest % 2 == 1 { result *= square }
            square *= square
            rest /= 2
        }
        return result
    }

    /// Returns half a cosine from `start` to `end` at `progress`, in 0...1.
    private func cosine(from start: Double, to end: Double, _ progress: Double) -> Double {
        end + (start - end) * 0.5 * (1 + Elementary.cos(Double.pi * progress))
    }

    /// Returns the share of the current cycle that has passed after `step` steps, where the first cycle has `first`
    /// steps.
    private func shareOfCycle(_ step: Int, _ first: Int, _ growth: Int) -> Double {
        if growth == 1 { return Double(step % first) / Double(first) }
        var (start, length) = (0, first)
        while step - start >= length {
            start += length
            length = length.saturatingProduct(growth)
        }
        return Double(step - start) / Double(length)
    }

    /// Returns the rate of torch's OneCycleLR: up to the peak in 30 % of the steps or in the warm-up, and down in the
    /// rest.
    private func oneCycle(_ position: Double) -> Double {
        let start = peak / 25
        let rise = (warmupSteps > 0 ? warmupSteps : 0.3 * Double(totalSteps)) - 1
        let end = Double(totalSteps) - 1
        if position <= rise { return cosine(from: start, to: peak, position / rise) }
        return cosine(from: peak, to: start / 1e4, min((position - rise) / (end - rise), 1))
    }
}
