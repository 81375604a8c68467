extension RecipeKey {
    /// Keys of the learning rate's course.
    static let schedule: [RecipeKey] = [
        RecipeKey(
            "schedule", \.schedule, .choice(), in: .optimization, default: Default.schedule,
            """
            The course of the learning rate after the warm-up. `cosine`, `linear` and `polynomial` fall to \
            `--final-lr` over the run; `step` and `exponential` drop every so often, `multistep` at its milestones; \
            `onecycle` rises over 30 % of the run, or over the warm-up, and falls.
            """,
            alsoKnownAs: ["lr_schedule"]),
        RecipeKey(
            "warmup_epochs", \.warmupEpochs, .number("a number from 0 to 10000", in: 0...10_000),
            in: .optimization, default: Default.warmupEpochs,
            "Epochs over which the learning rate climbs from 0; 0.5 is half an epoch.",
            alsoKnownAs: ["warmup"]),
        RecipeKey(
            "warmup_steps", \.warmupSteps, .integer(in: 0...1_000_000_000), in: .optimization,
            otherwise: "warmup_epochs counts",
            "The same in steps."),
        RecipeKey(
            "final_lr", \.finalLearningRate, .notNegative, in: .optimization,
            otherwise: "0",
            "The learning rate at the end of `--schedule cosine`, `linear` and `polynomial`.",
            alsoKnownAs: ["min_lr", "eta_min", "lr_end"]),
        RecipeKey(
            "step_epochs", \.stepEpochs, .integer(in: 1...1_000_000), in: .optimization,
            otherwise: "\(Default.stepEpochs)",
            "Epochs between two drops of `--schedule step`, and of `exponential`, which drops each epoch if not told."),
        RecipeKey(
            "step_every", \.stepEvery, .span, in: .optimization, otherwise: "step_epochs counts",
            "The same in epochs or steps.",
            valueName: "30epochs|500steps"),
        RecipeKey(
            "step_factor", \.stepFactor, .positive(atMost: 1),
            in: .optimization, default: Default.stepFactor,
            "What each drop multiplies the learning rate with.",
            alsoKnownAs: ["gamma", "step_gamma"]),
        RecipeKey(
            "milestones", \.milestones, .spans, in: .optimization,
            "When `--schedule multistep` drops, counted from the beginning of the run.",
            valueName: "30epochs,60epochs"),
        RecipeKey(
            "power", \.power, .positive(atMost: 100), in: .optimization,
            default: Default.power,
            "The power of `--schedule polynomial`."),
        RecipeKey(
            "restart_every", \.restartEvery, .span, in: .optimization, otherwise: "never",
            "When `--schedule cosine` begins anew from the learning rate.",
            valueName: "10epochs|500steps", alsoKnownAs: ["t_0"]),
        RecipeKey(
            "restart_growth", \.restartGrowth, .integer(in: 1...1000), in: .optimization,
            default: Default.restartGrowth,
            "How many times as long as the one before it each cosine is that begins anew.",
            alsoKnownAs: ["t_mult"]),
    ]
}
