import Engine
import Recipes

extension Recipe {
    /// How parameters follow gradients.
    var optimizerRule: any OptimizerRule {
        SGD(momentum: Float(momentum), weightDecay: Float(weightDecay), nesterov: nesterov)
    }
}
