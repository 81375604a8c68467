import Engine
package import Graphs
package import Recipes
import Tensors

/// The learning rates, training times and weight decays of individual parameters: `--freeze`, `--train-only`,
/// `--lr-multiplier`, `--train-for`, `--no-decay` and `--decay-multiplier`.
package struct ParameterRates: Equatable, Sendable {
    /// The prefixes of frozen parameters' names.
    private let frozen: [String]
    /// The prefixes of trained parameters' names: where there are any, all other parameters are frozen.
    private let trained: [String]
    /// The factors of learning rates by prefix; for a name, the longest matching prefix counts.
    private let multipliers: [String: Double]
    /// The training times by prefix; for a name, the longest matching prefix counts.
    private let lengths: [String: Recipe.Interval]
    private let decay: Recipe.Decay
    /// The prefixes of the names of parameters without weight decay.
    private let spared: [String]
    private let muonSGD: [String]
    private let decayMultipliers: [String: Double]

    /// - Parameter head: the name of the layer that computes logits, which `--train-only` calls `head`.
    package init(_ recipe: Recipe, head: String? = nil) {
        frozen = recipe.freeze
        trained = recipe.trainOnly.map { $0 == "head" ? head.map { $0 + "." } ?? $0 : $0 }
        multipliers = recipe.rateMultipliers
        lengths = recipe.trainingLengths
        decay = recipe.decay
        spared = recipe.noDecay
        muonSGD = recipe.muonSGD
        decayMultipliers = recipe.decayMultipliers
    }

    /// Returns the factor of the learning rate for the parameter `name`: 0 where it is frozen.
    package func multiplier(of name: String) -> Double {
        if frozen.contains(where: { name.hasPrefix($0) }) { return 0 }
        if !trained.isEmpty, !trained.contains(where: { name.hasPrefix($0) }) { return 0 }
        return Self.longest(multipliers, of: name) ?? 1
    }

    /// Returns the time for which the parameter `name` is trained; nil for the whole run.
    package func length(of name: String) -> Recipe.Interval? { Self.longest(lengths, of: name) }

    /// Returns the factor of weight decay for a parameter: 0 where it has none.
    package func decayMultiplier(of parameter: ParameterSpecification) -> Double {
        guard decay == .all || parameter.decays, !spared.contains(where: { parameter.name.hasPrefix($0) }) else {
            return 0
        }
        return Self.longest(decayMultipliers, of: parameter.name) ?? 1
    }

    /// Returns the value of the longest prefix that `name` begins with.
    private static func longest<Value>(_ values: [String: Value], of name: String) -> Value? {
        values.filter { name.hasPrefix($0.key) }.max { $0.key.utf8.count < $1.key.utf8.count }?.value
    }

    /// Checks that each prefix matches a name: with a misspelt one, parameters would train that are meant to be frozen.
    ///
    /// - Throws: `TrainingError.unusedPrefix`
    package func check(names: [String]) throws(TrainingError) {
        let prefixes =
            frozen.map { ("--freeze", $0) } + trained.map { ("--train-only", $0) }
            + multipliers.keys.sorted().map { ("--lr-multiplier", $0) }
            + muonSGD.map { ("--muon-sgd", $0) } + spared.map { ("--no-decay", $0) }
            + decayMultipliers.keys.sorted().map { ("--decay-multiplier", $0) }
            + lengths.keys.sorted().map { ("--train-for", $0) }
        for (option, prefix) in prefixes where !names.contains(where: { $0.hasPrefix(prefix) }) {
            throw .unusedPrefix(
                option: option, prefix: prefix, nearest: Spelling.nearest(to: prefix, among: names), names: names)
        }
    }
}

extension Engine {
    /// Sets the learning rates of all trainable parameters.
    ///
    /// - Returns: the number of frozen elements.
    /// - Throws: `TrainingError.unusedPrefix`
    func setRates(_ rates: ParameterRates) throws -> Int {
        let trainable = parameters.enumerated().filter(\.element.isTrainable)
        try rates.check(names: trainable.map(\.element.name))
        var frozen = 0
        for (index, parameter) in trainable {
            let multiplier = parameter.learns ? rates.multiplier(of: parameter.name) : 0
            if multiplier == 0 { frozen += parameter.count }
            setRateMultiplier(Float(multiplier), of: ParameterID(index: index))
            setDecayMultiplier(Float(rates.decayMultiplier(of: parameter)), of: ParameterID(index: index))
        }
        return frozen
    }
}
