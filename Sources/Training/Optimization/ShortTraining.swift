import Engine
import Graphs
import Machine
import Networks
import Recipes

/// The parameters that are trained for a part of the run: `--train-for`.
///
/// Their learning rate depends on the step alone, as the schedule does, so that a resumed run continues alike.
struct ShortTraining {
    private struct Part {
        let parameter: ParameterID
        /// The parameter's factor of the learning rate without this rule.
        let multiplier: Double
        let schedule: LearningRateSchedule

        /// Returns the factor of the run's rate, `learningRate`, at a step.
        func multiplier(step: Int, learningRate: Float) -> Float {
            guard step < schedule.totalSteps, learningRate > 0 else { return 0 }
            return Float(multiplier * Double(schedule.learningRate(step: step)) / Double(learningRate))
        }
    }

    private let parts: [Part]

    /// - Parameter sizes: those of the whole run.
    init(_ recipe: Recipe, of network: Network, parameters: [ParameterSpecification], sizes: RunSizes) {
        let rates = ParameterRates(recipe, head: network.headName)
        parts = parameters.enumerated().compactMap { index, parameter in
            guard parameter.isTrainable, parameter.learns, let length = rates.length(of: parameter.name) else {
                return nil
            }
            return Part(
                parameter: ParameterID(index: index), multiplier: rates.multiplier(of: parameter.name),
                schedule: LearningRateSchedule(
                    recipe, stepsPerEpoch: sizes.stepsPerEpoch,
                    totalSteps: min(length.steps(inEpoch: sizes.stepsPerEpoch), sizes.totalSteps)))
        }
    }

    /// Sets the rates for a step's update, at which the schedule gives `learningRate`.
    func setRates(of engine: Engine, step: Int, learningRate: Float) {
        for part in parts {
            engine.setRateMultiplier(
                part.multiplier(step: step, learningRate: learningRate), of: part.parameter)
        }
    }
}

extension Recipe.Interval {
    /// Returns the number of steps of a length in epochs or steps.
    func steps(inEpoch stepsPerEpoch: Int) -> Int {
        switch self {
        case .epochs(let epochs): epochs.saturatingProduct(stepsPerEpoch)
        case .steps(let steps): steps
        case .seconds: preconditionFailure("no schedule is in seconds")
        }
    }
}
