extension RecipeKey {
    /// Keys of what is minimised.
    static let loss: [RecipeKey] = [
        RecipeKey(
            "label_smoothing", \.labelSmoothing, .number("a number from 0 to below 1") { $0 >= 0 && $0 < 1 }, in: .loss,
            default: Default.labelSmoothing,
            """
            The share of each training label that all classes have alike, as torch's CrossEntropyLoss has it. Evaluations \
            go without.
            """)
    ]
}
