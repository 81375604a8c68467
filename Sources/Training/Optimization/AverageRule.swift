import Recipes

/// The share of itself that each averaged parameter keeps, as a function of the step.
struct AverageRule: Equatable {
    /// In 0..<1.
    let share: Double
    /// Steps between two updates.
    let every: Int
    /// Whether early updates keep a smaller share.
    let warmsUp: Bool

    /// nil where no averages are kept.
    init?(_ recipe: Recipe) {
        guard let share = recipe.averageWeights else { return nil }
        self.share = share
        every = recipe.averageEvery
        warmsUp = recipe.averageWarmup
    }

    /// Returns the share that averages keep after step number `step` of the run; nil where they stay as they are.
    func share(ofStep step: Int) -> Float? {
        guard step % every == 0 else { return nil }
        guard warmsUp else { return Float(share) }
        let update = Double(step / every)
        return Float(min(share, (1 + update) / (10 + update)))
    }
}
