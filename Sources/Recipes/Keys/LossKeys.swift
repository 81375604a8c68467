extension RecipeKey {
    /// The keys of the loss.
    static let loss: [RecipeKey] = [
        RecipeKey(
            "label_smoothing", \.labelSmoothing, .number(from: 0, below: 1), in: .loss,
            default: Default.labelSmoothing,
            """
            The share of each training label that all classes have alike, as torch's CrossEntropyLoss has it. \
            Evaluations go without.
            """),
        RecipeKey(
            "class_weights", \.classWeights, .classWeights, in: .loss,
            """
            What the losses of classes are multiplied with, as torch's CrossEntropyLoss has it: the mean loss of a \
            batch is divided by the sum of its samples' weights, and by their number where mixup or cutmix is on. One \
            for each class in the order of labels, or by name (1 for the others), or a file with one a line; \
            `balanced` is samples / (classes x samples of the class). Evaluations go without.
            """,
            valueName: "balanced|list|file", alsoKnownAs: ["class_weight", "weights_of_classes"]),
    ]
}
