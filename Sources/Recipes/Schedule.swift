extension Recipe {
    /// The course of the learning rate: a warm-up, then a shape.
    package struct Schedule: Equatable, Sendable {
        /// The course after the warm-up, from the recipe's learning rate on.
        package enum Shape: Hashable, Sendable {
            case constant
            /// Times `factor` after each `every`.
            case step(every: Interval, factor: Double)
            /// Times `factor` after each milestone, counted from the beginning of the run.
            case multistep(milestones: [Interval], factor: Double)
            /// Times `factor` after each `every`, for as often as one likes.
            case exponential(every: Interval, factor: Double)
            /// A power of the share of the run that is left, to `final` at its end; 1 is a line.
            case polynomial(power: Double, final: Double)
            /// Half a cosine to `final` at the end of the run. (Loshchilov & Hutter, "SGDR", 2017.)
            case cosine(final: Double)
            /// Half cosines to `final`, each `growth` times as long as the one before it. (Loshchilov & Hutter, 2017.)
            case restarts(every: Interval, growth: Int, final: Double)
            /// Half a cosine up from a 25th, and half a cosine down to a 10,000th of that. (Smith & Topin,
            /// "Super-Convergence", 2018, as in torch's OneCycleLR, without its cycle of the momentum.)
            case oneCycle
        }

        /// The length of a warm-up.
        package enum Warmup: Hashable, Sendable {
            /// A length in epochs, perhaps a fraction; 0 for none.
            case epochs(Double)
            case steps(Int)
        }

        /// A recipe's word for a shape.
        package enum Name: String, CaseIterable, Sendable {
            case constant, step, multistep, exponential, polynomial, linear, cosine, onecycle
        }

        package let shape: Shape
        package let warmup: Warmup
    }
}

extension Recipe.Schedule {
    /// - Parameter values: checked by `check`.
    init(_ values: RecipeOverrides) {
        typealias Default = Recipe.Default
        let every = values.stepEvery ?? values.stepEpochs.map { .epochs($0) }
        let factor = values.stepFactor ?? Default.stepFactor
        let final = values.finalLearningRate ?? Default.finalLearningRate
        shape =
            switch values.schedule ?? Default.schedule {
            case .constant: .constant
            case .step: .step(every: every ?? .epochs(Default.stepEpochs), factor: factor)
            case .multistep: .multistep(milestones: values.milestones ?? [], factor: factor)
            case .exponential: .exponential(every: every ?? .epochs(1), factor: factor)
            case .polynomial: .polynomial(power: values.power ?? Default.power, final: final)
            case .linear: .polynomial(power: 1, final: final)
            case .cosine:
                if let restart = values.restartEvery {
                    .restarts(every: restart, growth: values.restartGrowth ?? Default.restartGrowth, final: final)
                } else {
                    .cosine(final: final)
                }
            case .onecycle: .oneCycle
            }
        warmup =
            values.warmupSteps.map { .steps($0) } ?? .epochs(values.warmupEpochs ?? Default.warmupEpochs)
    }

    private typealias Setting = OwnedSetting<Name>

    private static let settings = [
        Setting("step_epochs", \.stepEpochs, [.step, .exponential]),
        Setting("step_every", \.stepEvery, [.step, .exponential]),
        Setting("step_factor", \.stepFactor, [.step, .multistep, .exponential]),
        Setting("milestones", \.milestones, [.multistep]),
        Setting("power", \.power, [.polynomial]),
        Setting("final_lr", \.finalLearningRate, [.cosine, .polynomial, .linear]),
        Setting("restart_every", \.restartEvery, [.cosine]),
        Setting("restart_growth", \.restartGrowth, [.cosine]),
    ]

    /// Removes the settings of a schedule's shape, before another one is asked for.
    static func forget(_ values: inout RecipeOverrides) {
        for setting in settings { setting.forget(&values) }
    }

    /// Checks that the settings are those of the chosen shape.
    static func check(_ values: RecipeOverrides) throws(RecipeError) {
        let name = values.schedule ?? Recipe.Default.schedule
        for setting in settings where setting.isGiven(values) && !setting.owners.contains(name) {
            let others = setting.owners.map { "schedule: \($0.rawValue)" }.joined(separator: " or ")
            throw .contradiction(
                "\(setting.key) is given, but the schedule is \(name.rawValue): say \(others), or leave \(setting.key) "
                    + "out")
        }
        if values.stepEpochs != nil && values.stepEvery != nil {
            throw .contradiction("step_epochs and step_every are both given: say either")
        }
        if values.warmupEpochs != nil && values.warmupSteps != nil {
            throw .contradiction("warmup_epochs and warmup_steps are both given: say either")
        }
        if values.restartGrowth != nil && values.restartEvery == nil {
            throw .contradiction("restart_growth is given without restart_every: say when the cosine begins anew")
        }
        if name == .multistep && values.milestones == nil {
            throw .contradiction(
                "the schedule is multistep, but it has no milestones: say milestones: 30epochs,60epochs")
        }
        if name == .exponential && values.stepFactor == nil {
            throw .contradiction("the schedule is exponential, but it has no factor: say step_factor: 0.95")
        }
    }

    /// Removes the defaults of settings that the shape does not have, and adds those that depend on it.
    static func complete(_ values: inout RecipeOverrides) {
        switch values.schedule ?? Recipe.Default.schedule {
        case .step where values.stepEvery == nil:
            values.stepEpochs = values.stepEpochs ?? Recipe.Default.stepEpochs
        case .exponential where values.stepEvery == nil: values.stepEpochs = values.stepEpochs ?? 1
        case .step, .multistep, .exponential: break
        default: values.stepFactor = nil
        }
        if values.schedule != .polynomial { values.power = nil }
        if values.restartEvery == nil { values.restartGrowth = nil }
        if values.warmupSteps != nil { values.warmupEpochs = nil }
        if let final = values.finalLearningRate, final == Recipe.Default.finalLearningRate {
            values.finalLearningRate = nil
        }
    }
}

extension RecipeValueKind where Value == Recipe.Interval {
    /// `30epochs` or `500steps`.
    static var span: Self {
        Self(
            expected: "a number of epochs or steps such as 30epochs or 500steps",
            schema: .text(like: "^[0-9]+(steps?|epochs?)$"),
            read: { node in
                node.text.flatMap { Recipe.Interval($0.text) }.flatMap { if case .seconds = $0 { nil } else { $0 } }
            },
            accepts: { if case .seconds = $0 { false } else { true } },
            print: \.description)
    }
}

extension RecipeValueKind where Value == [Recipe.Interval] {
    /// `[30epochs, 500steps]`, or `30epochs,60epochs`.
    static var spans: Self {
        let intervals = Self.intervals
        return Self(
            expected: "a list of epochs or steps such as 30epochs,60epochs", schema: intervals.schema,
            read: intervals.read,
            accepts: { spans in !spans.isEmpty && spans.allSatisfy { RecipeValueKind<Recipe.Interval>.span.accepts($0) }
            },
            print: intervals.print)
    }
}
