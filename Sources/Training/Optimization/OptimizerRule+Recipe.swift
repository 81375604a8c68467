import Engine
import Recipes

extension Recipe {
    /// The rule of the recipe's optimizer.
    var optimizerRule: any OptimizerRule {
        let means = Betas(betas[0], betas[1])
        switch optimizer {
        case .sgd:
            return SGD(
                momentum: Float(momentum), dampening: Float(dampening), weightDecay: Float(weightDecay),
                nesterov: nesterov)
        case .adam, .adamw:
            return Adam(
                betas: means, epsilon: epsilon, weightDecay: weightDecay, isDecoupled: optimizer == .adamw)
        case .rmsprop:
            return RMSprop(
                alpha: alpha, epsilon: epsilon, momentum: Float(momentum), weightDecay: Float(weightDecay))
        case .lars: return LARS(momentum: Float(momentum), trust: trust, weightDecay: weightDecay)
        case .lamb: return LAMB(betas: means, epsilon: epsilon, trust: trust, weightDecay: weightDecay)
        case .muon:
            return Muon(
                momentum: Float(momentum), nesterov: nesterov, weightDecay: weightDecay, iterations: muonIterations,
                normalises: muonNormalise, sgdPrefixes: muonSGD, sgdMomentum: Float(muonSGDMomentum),
                sgdRate: Float((muonSGDLearningRate ?? learningRate) / learningRate))
        }
    }
}

extension Engine {
    /// Clips gradients as the recipe says.
    func clipGradients(_ recipe: Recipe) {
        if let norm = recipe.clipNorm { clipGradients(toNorm: norm) }
        if let value = recipe.clipValue { clipGradients(toValue: Float(value)) }
    }
}
