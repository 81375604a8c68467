package import Recipes

/// The settings of communication in a benchmark, in a recipe's terms.
package struct Communication: Sendable {
    package var batchNorm = Recipe.BatchNorm.sync
    package var allReduce = Recipe.AllReduce.tree
    package var gradientType = Recipe.GradientType.fp32
    package var bucketMegabytes = 25

    package init() {}

    /// Takes the settings of a recipe.
    init(_ recipe: Recipe) {
        batchNorm = recipe.batchNorm
        allReduce = recipe.allReduce
        gradientType = recipe.gradientType
        bucketMegabytes = recipe.bucketMegabytes
    }
}

/// The time that communication took in one step on one rank.
package struct CommunicationTimes: Sendable {
    /// The seconds in collectives, of both threads.
    package let total: Double
    /// The seconds for which the computing thread only waited for communication.
    package let exposed: Double
    /// The seconds of the rest of the step.
    package let compute: Double
}

extension CommunicationTimes {
    /// Takes the median of each time over the steps.
    init(medianOf steps: [CommunicationTimes]) {
        self.init(
            total: median(steps.map(\.total)), exposed: median(steps.map(\.exposed)),
            compute: median(steps.map(\.compute)))
    }
}
