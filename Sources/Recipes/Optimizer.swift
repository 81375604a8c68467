extension Recipe {
    /// The name of an optimizer.
    package enum Optimizer: String, CaseIterable, Sendable {
        case sgd, adam, adamw, rmsprop, lars, lamb, muon
    }

    /// The parameters that weight decay applies to.
    package enum Decay: String, CaseIterable, Sendable {
        /// All parameters except biases and those of batch norms.
        case weights
        case all
    }
}

// MARK: Defaults

extension Recipe.Optimizer {
    /// Returns the learning rate where none is given: PyTorch's default, LAMB's or Muon's authors', or for SGD a rate
    /// in proportion to the images of a step.
    func learningRate(batchSize: Int) -> Double {
        switch self {
        case .sgd, .lars: Recipe.Default.learningRate(batchSize: batchSize)
        case .adam, .adamw, .lamb: 0.001
        case .rmsprop: 0.01
        case .muon: 0.02
        }
    }

    var momentum: Double {
        switch self {
        case .muon: 0.95
        case .rmsprop: 0
        default: Recipe.Default.momentum
        }
    }

    var nesterov: Bool { self == .muon }
    var epsilon: Double { self == .lamb ? 1e-6 : 1e-8 }
    var trust: Double { self == .lars ? 0.001 : 1 }

    var weightDecay: Double {
        switch self {
        case .sgd, .lars: Recipe.Default.weightDecay
        case .adamw, .lamb: 0.01
        case .adam, .rmsprop, .muon: 0
        }
    }
}

// MARK: Settings of each optimizer

extension Recipe.Optimizer {
    private typealias Setting = OwnedSetting<Recipe.Optimizer>

    private static let settings = [
        Setting("momentum", \.momentum, [.sgd, .rmsprop, .lars, .muon]),
        Setting("dampening", \.dampening, [.sgd]),
        Setting("nesterov", \.nesterov, [.sgd, .muon]),
        Setting("betas", \.betas, [.adam, .adamw, .lamb]),
        Setting("epsilon", \.epsilon, [.adam, .adamw, .rmsprop, .lamb]),
        Setting("alpha", \.alpha, [.rmsprop]),
        Setting("trust", \.trust, [.lars, .lamb]),
        Setting("muon_iterations", \.muonIterations, [.muon]),
        Setting("muon_normalise", \.muonNormalise, [.muon]),
        Setting("muon_sgd", \.muonSGD, [.muon]),
        Setting("muon_sgd_lr", \.muonSGDLearningRate, [.muon]),
        Setting("muon_sgd_momentum", \.muonSGDMomentum, [.muon]),
    ]

    /// The keys that belong to one optimizer and change with it: other optimizers have no values for them.
    static var ownKeys: [String] { settings.map(\.key) }

    /// Removes the settings of an optimizer, before another one is asked for.
    static func forget(_ values: inout RecipeOverrides) {
        for setting in settings { setting.forget(&values) }
    }

    /// Checks that all settings belong to the optimizer that is asked for.
    static func check(_ values: RecipeOverrides) throws(RecipeError) {
        let optimizer = values.optimizer ?? Recipe.Default.optimizer
        for setting in settings where setting.isGiven(values) && !setting.owners.contains(optimizer) {
            let others = setting.owners.map(\.rawValue).joined(separator: ", ")
            throw .contradiction(
                "\(setting.key) is given, but the optimizer is \(optimizer.rawValue), which has none: "
                    + "say optimizer: \(others), or leave \(setting.key) out")
        }
        let momentum = values.momentum ?? optimizer.momentum
        if values.nesterov == true && momentum == 0 {
            throw .contradiction("nesterov is true and momentum is 0: Nesterov's step needs a momentum above 0")
        }
        if let dampening = values.dampening, dampening > 0 {
            if values.nesterov == true {
                throw .contradiction(
                    "nesterov is true and dampening is \(dampening): Nesterov's step has none; leave one of them out")
            }
            if momentum == 0 {
                throw .contradiction("dampening is \(dampening) and momentum is 0: there is nothing to dampen")
            }
        }
        if values.clipNorm != nil && values.clipValue != nil {
            throw .contradiction("clip_norm and clip_value are both given: say either")
        }
    }

    /// Fills in the defaults of the settings that the optimizer uses.
    static func complete(_ values: inout RecipeOverrides) {
        let optimizer = values.optimizer ?? Recipe.Default.optimizer
        func uses(_ key: String) -> Bool {
            settings.contains { $0.key == key && $0.owners.contains(optimizer) }
        }
        if uses("momentum") { values.momentum = values.momentum ?? optimizer.momentum }
        if uses("nesterov") { values.nesterov = values.nesterov ?? optimizer.nesterov }
        if uses("betas") { values.betas = values.betas ?? Recipe.Default.betas }
        if uses("epsilon") { values.epsilon = values.epsilon ?? optimizer.epsilon }
        if uses("alpha") { values.alpha = values.alpha ?? Recipe.Default.alpha }
        if uses("trust") { values.trust = values.trust ?? optimizer.trust }
        if uses("muon_iterations") { values.muonIterations = values.muonIterations ?? Recipe.Default.muonIterations }
        values.weightDecay = values.weightDecay ?? optimizer.weightDecay
        if values.dampening == 0 { values.dampening = nil }
        if values.muonNormalise == false { values.muonNormalise = nil }
        if values.muonSGD?.isEmpty == true { values.muonSGD = nil }
        if values.noDecay?.isEmpty == true { values.noDecay = nil }
        if values.decayMultipliers?.isEmpty == true { values.decayMultipliers = nil }
    }
}

// MARK: Values

extension Recipe {
    package var optimizer: Optimizer { overrides.optimizer ?? Default.optimizer }
    /// The momentum, in 0..<1.
    package var momentum: Double { overrides.momentum ?? optimizer.momentum }
    /// The share of a gradient that SGD's momentum leaves out, in 0..<1.
    package var dampening: Double { overrides.dampening ?? 0 }
    package var nesterov: Bool { overrides.nesterov ?? optimizer.nesterov }
    /// Adam's two decay rates, in 0..<1.
    package var betas: [Double] { overrides.betas ?? Default.betas }
    package var epsilon: Double { overrides.epsilon ?? optimizer.epsilon }
    /// RMSprop's decay rate, in 0..<1.
    package var alpha: Double { overrides.alpha ?? Default.alpha }
    /// The trust coefficient of LARS and LAMB: the factor of a parameter's rate besides the ratio of norms.
    package var trust: Double { overrides.trust ?? optimizer.trust }
    /// The weight decay, at least 0.
    package var weightDecay: Double { overrides.weightDecay ?? optimizer.weightDecay }
    package var decay: Decay { overrides.decay ?? Default.decay }
    /// The prefixes of the names of parameters without weight decay.
    package var noDecay: [String] { overrides.noDecay ?? [] }
    /// The factors of weight decay, by the beginning of parameters' names; the longest that fits counts.
    package var decayMultipliers: [String: Double] { overrides.decayMultipliers ?? [:] }
    /// The largest norm of all gradients together, to which they are clipped; nil for no limit.
    package var clipNorm: Double? { overrides.clipNorm }
    /// The largest magnitude of a gradient's number, to which it is clipped; nil for no limit.
    package var clipValue: Double? { overrides.clipValue }
    package var muonIterations: Int { overrides.muonIterations ?? Default.muonIterations }
    package var muonNormalise: Bool { overrides.muonNormalise ?? false }
    /// The matrices that Muon leaves to SGD, by the beginning of their names.
    package var muonSGD: [String] { overrides.muonSGD ?? [] }
    /// The learning rate of the parameters that Muon leaves to SGD, before the schedule; nil for Muon's.
    package var muonSGDLearningRate: Double? { overrides.muonSGDLearningRate }
    package var muonSGDMomentum: Double { overrides.muonSGDMomentum ?? momentum }
}

extension RecipeValueKind where Value == [Double] {
    /// `[0.9, 0.999]`, or `0.9,0.999`.
    static var shares: Self {
        Self(
            expected: "two numbers from 0 to below 1 such as 0.9,0.999",
            schema: .any([
                .list(of: JSONSchema(type: ["number"], minimum: 0, exclusiveMaximum: 1)),
                .text(like: "^[0-9.eE-]+, *[0-9.eE-]+$"),
            ]),
            read: { node in
                switch node {
                case .text(let text): numbers(text.text.split(separator: ",", omittingEmptySubsequences: false))
                case .list(let nodes): numbers(nodes.map { $0.text.map { $0.isQuoted ? "" : $0.text[...] } ?? "" })
                case .map: nil
                }
            },
            accepts: { $0.count == 2 && $0.allSatisfy { $0 >= 0 && $0 < 1 } },
            print: { "[" + $0.map { "\($0)" }.joined(separator: ", ") + "]" })
    }

    /// Returns the numbers that the words denote; nil where a word is not a number.
    private static func numbers(_ words: [Substring]) -> [Double]? {
        let numbers = words.map { RecipeText.decimal(String($0.drop { $0 == " " })) }
        return numbers.contains(nil) ? nil : numbers.compactMap { $0 }
    }
}
