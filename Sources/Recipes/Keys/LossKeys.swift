extension RecipeKey {
    /// Keys of what is minimised.
    static let loss: [RecipeKey] = [
        RecipeKey(
            "label_smoothing", \.labelSmoothing, .number(from: 0, below: 1), in: .loss,
            default: Default.labelSmoothing,
            """
            The share of each training label that all classes have alike, as torch's CrossEntropyLoss has it. Evaluations \
            go without.
            """)
    ]
}
