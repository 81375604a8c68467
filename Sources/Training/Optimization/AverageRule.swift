import Recipes

/// The share of itself that each average keeps, as a function of the step.
struct AverageRule: Equatable {
    /// The share, in 0..<1.
    let share: Double
    /// The steps between two updates of the averages.
    let every: Int
    /// Whether early updates keep a smaller share.
    let warmsUp: Bool

    /// Makes a recipe's rule; nil where no averages are kept.
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
