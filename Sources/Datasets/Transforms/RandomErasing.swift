import Tensors

/// The erasing of a random rectangle, which gets the dataset's mean colour. (Zhong et al., "Random Erasing Data
/// Augmentation", 2020; with the numbers of torchvision's `RandomErasing` after normalisation.)
enum RandomErasing {
    private static let areas = 0.02...0.33
    private static let ratios = 0.3...3.3
    private static let tries: UInt64 = 10

    /// Returns the rectangle, or nil where nothing is erased: with the probability that is left, and where no try fits.
    static func rectangle(_ draws: AugmentationDraws, probability: Double, side: Int) -> Rectangle? {
        guard draws.uniform(4 * tries, 0, 1) < probability else { return nil }
        let (low, high) = (Elementary.log(ratios.lowerBound), Elementary.log(ratios.upperBound))
        for attempt in 0..<tries {
            let area = Double(side * side) * draws.uniform(4 * attempt, areas.lowerBound, areas.upperBound)
            let ratio = Elementary.exp(draws.uniform(4 * attempt + 1, low, high))
            let height = Int((area * ratio).squareRoot().rounded(.toNearestOrEven))
            let width = Int((area / ratio).squareRoot().rounded(.toNearestOrEven))
            guard height < side, width < side else { continue }
            let top = draws.integer(4 * attempt + 2, below: side - height + 1)
            let left = draws.integer(4 * attempt + 3, below: side - width + 1)
            return Rectangle(rows: top..<top + height, columns: left..<left + width)
        }
        return nil
    }
}
