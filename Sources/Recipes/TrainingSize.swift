extension Recipe {
    /// Images that are smaller than the network's, and how long training takes them: `train_sizes`.
    package struct TrainingSize: Hashable, Sendable {
        /// Height and width.
        package let pixels: Int
        /// Epochs of this size.
        package let epochs: Int
    }
}

extension Recipe.TrainingSize {
    /// Returns the sizes of a recipe in the order of training: images only grow.
    ///
    /// - Parameter values: invalid entries are ignored, until `check` has refused them.
    static func all(_ values: RecipeOverrides) -> [Recipe.TrainingSize] {
        (values.trainingSizes ?? [:]).compactMap { Recipe.TrainingSize($0.key, $0.value) }
            .sorted { $0.pixels < $1.pixels }
    }

    /// - Parameter pixels: a number in digits.
    fileprivate init?(_ pixels: String, _ length: Recipe.Interval) {
        guard let number = Int(pixels), (1...4096).contains(number), "\(number)" == pixels,
            case .epochs(let epochs) = length
        else { return nil }
        self.init(pixels: number, epochs: epochs)
    }

    /// Makes sure that something is left for images of full size, and that steps are alike where they are timed.
    static func check(_ values: RecipeOverrides) throws(RecipeError) {
        let sizes = all(values)
        guard !sizes.isEmpty else { return }
        if values.time != nil {
            throw .contradiction(
                "train_sizes and time are both given: how many steps fit into a time is measured on the first ones, "
                    + "and later ones take longer. Say epochs, or leave train_sizes out")
        }
        let smaller = sizes.reduce(0) { $0 + $1.epochs }
        let epochs = values.epochs ?? Recipe.Default.epochs
        if values.steps == nil, smaller >= epochs {
            throw .contradiction(
                "train_sizes takes \(smaller) epochs, and the run has \(epochs): leave at least one for images of "
                    + "image_size")
        }
        if let size = values.imageSize, let largest = sizes.last, largest.pixels >= size {
            throw .contradiction(
                "train_sizes has \(largest.pixels), and image_size is \(size): images grow to image_size, so that all "
                    + "before are smaller")
        }
    }
}

extension RecipeValueKind where Value == [String: Recipe.Interval] {
    /// `{128: 10epochs, 160: 5epochs}`: pixels a side, and how long.
    static var sizes: Self {
        let map = Self.map(of: RecipeValueKind<Recipe.Interval>.span)
        var sizes = Self(
            expected: "a mapping of pixels a side to epochs such as {128: 10epochs, 160: 5epochs}", schema: map.schema,
            read: map.read, accepts: { $0.allSatisfy { Recipe.TrainingSize($0.key, $0.value) != nil } },
            print: map.print)
        sizes.merge = map.merge
        return sizes
    }
}
