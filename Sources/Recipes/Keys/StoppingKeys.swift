extension RecipeKey {
    /// The keys of a run's evaluations, and of the conditions that end it before its last step.
    static let stopping: [RecipeKey] = [
        RecipeKey(
            "evaluate_every", \.evaluateEvery, .integer(in: 1...1_000_000), in: .optimization,
            default: Default.evaluateEvery,
            "Epochs between two evaluations on the test split. The end of the run is evaluated in any case.",
            alsoKnownAs: ["eval_every", "val_interval", "eval_interval"], whenResumed: .changesFreely),
        RecipeKey(
            "patience", \.patience, .integer(in: 1...1_000_000).orNone, in: .optimization,
            """
            Ends the run after so many evaluations in a row whose test accuracy was no better than the best before \
            them.
            """,
            alsoKnownAs: ["early_stopping", "early_stop"], whenResumed: .changesFreely),
        RecipeKey(
            "stop_at_accuracy", \.stopAtAccuracy, .number("a number above 0, at most 1") { $0 > 0 && $0 <= 1 }.orNone,
            in: .optimization,
            "Ends the run after the first evaluation whose test accuracy is at least this, such as 0.94.",
            alsoKnownAs: ["target_accuracy"], whenResumed: .changesFreely),
    ]
}
