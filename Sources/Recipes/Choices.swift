extension Recipe {
    /// The word for a value that a run chooses before it begins: `auto` in files and flags, which stands for no other
    /// value.
    package enum Auto {
        package static let batchSize = Int.min
        package static let learningRate = -Double.infinity
    }

    /// Whether the run is to choose its batch.
    package var choosesBatchSize: Bool { overrides.batchSize == Auto.batchSize }
    /// Whether the run is to choose its learning rate.
    package var choosesLearningRate: Bool { overrides.learningRate == Auto.learningRate }

    /// The recipe with the batch that was chosen.
    package func with(batchSize: Int) throws(RecipeError) -> Recipe { try changing { $0.batchSize = batchSize } }

    /// Returns the recipe with the learning rate that was chosen.
    package func with(learningRate: Double) throws(RecipeError) -> Recipe {
        try changing { $0.learningRate = learningRate }
    }

    /// Returns the recipe with the values that an earlier part of the run has chosen for `auto`.
    package func choosing(as earlier: RecipeOverrides) throws(RecipeError) -> Recipe {
        try changing { values in
            if choosesBatchSize { values.batchSize = earlier.batchSize ?? values.batchSize }
            if choosesLearningRate { values.learningRate = earlier.learningRate ?? values.learningRate }
        }
    }

    /// The recipe with other values.
    ///
    /// - Parameter change: changes them.
    package func changing(_ change: (inout RecipeOverrides) -> Void) throws(RecipeError) -> Recipe {
        var values = overrides
        change(&values)
        return try Recipe.resolve(flags: values)
    }
}

extension RecipeValueKind where Value: Equatable {
    /// Returns the same kind of value, or `auto`, for which `value` stands.
    func orAuto(_ value: Value) -> Self {
        let kind = self
        var either = Self(
            expected: expected + RecipeKey.orAutoWords, schema: .any([schema, .oneOf([.text("auto")])]),
            read: { node in
                if node.text?.isOne(of: ["auto"]) == true { return value }
                return kind.read(node).flatMap { $0 == value ? nil : $0 }
            },
            accepts: { $0 == value || kind.accepts($0) },
            print: { $0 == value ? "auto" : kind.print($0) })
        either.isRefusable = isRefusable
        either.merge = merge
        return either
    }
}
