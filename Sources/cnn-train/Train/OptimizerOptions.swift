import ArgumentParser
import Recipes

/// The options of the optimizer.
struct OptimizerOptions: RecipeFlags {
    @Option(\.optimizer) var optimizer: Recipe.Optimizer?
    @Option(\.momentum) var momentum: Double?
    @Option(\.dampening) var dampening: Double?
    @Flag(\.nesterov) var nesterov: Bool?
    @Option(\.betas) var betas: ListArgument<Double>?
    @Option(\.epsilon) var epsilon: Double?
    @Option(\.alpha) var alpha: Double?
    @Option(\.trust) var trust: Double?
    @Option(\.weightDecay) var weightDecay: Double?
    @Option(\.decay) var decay: Recipe.Decay?
    @Option(\.noDecay) var noDecay: [String] = []
    @Option(\.decayMultipliers) var decayMultipliers: [KeyAndValue<Double>] = []
    @Option(\.clipNorm) var clipNorm: Double?
    @Option(\.clipValue) var clipValue: Double?
    @Option(\.muonIterations) var muonIterations: Int?
    @Flag(\.muonNormalise) var muonNormalise: Bool?
    @Option(\.muonSGD) var muonSgd: [String] = []
    @Option(\.muonSGDLearningRate) var muonSgdLr: Double?
    @Option(\.muonSGDMomentum) var muonSgdMomentum: Double?

    func write(to recipe: inout RecipeOverrides) {
        recipe.optimizer = optimizer
        recipe.momentum = momentum
        recipe.dampening = dampening
        recipe.nesterov = nesterov
        recipe.betas = betas?.values
        recipe.epsilon = epsilon
        recipe.alpha = alpha
        recipe.trust = trust
        recipe.weightDecay = weightDecay
        recipe.decay = decay
        recipe.noDecay = noDecay.isEmpty ? nil : noDecay
        recipe.decayMultipliers = decayMultipliers.isEmpty ? nil : decayMultipliers.byKey()
        recipe.clipNorm = clipNorm
        recipe.clipValue = clipValue
        recipe.muonIterations = muonIterations
        recipe.muonNormalise = muonNormalise
        recipe.muonSGD = muonSgd.isEmpty ? nil : muonSgd
        recipe.muonSGDLearningRate = muonSgdLr
        recipe.muonSGDMomentum = muonSgdMomentum
    }
}

extension Recipe.Optimizer: ExpressibleByArgument {}
extension Recipe.Decay: ExpressibleByArgument {}
