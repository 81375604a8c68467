/// Returns the gradient of `loss` at `point`, each component by one pair of evaluations: (f(x + h) - f(x - h)) / 2h.
///
/// - Parameter indices: The components wanted; nil for all of them.
package func centralDifferences(
    at point: [Double], indices: [Int]? = nil, of loss: ([Double]) throws -> Double
) rethrows -> [Double] {
    var probe = point
    return try (indices ?? Array(point.indices)).map { index in
        defer { probe[index] = point[index] }
        probe[index] = point[index] + centralDifferenceStep
        let above = try loss(probe)
        probe[index] = point[index] - centralDifferenceStep
        let below = try loss(probe)
        return (above - below) / (2 * centralDifferenceStep)
    }
}

/// h: a power of two near the cube root of Double's eps, which balances truncation and rounding.
package let centralDifferenceStep = 0x1p-17

/// Returns the largest error of central differences where the loss is a sum of `terms` numbers of order one, with third
/// derivatives of order ten at most. Rounding gives eps a term, over h; truncation gives 10 h^2 / 6.
package func centralDifferenceTolerance(terms: Int) -> Double {
    let h = centralDifferenceStep
    return Double(terms) * Double.ulpOfOne / h + 10 * h * h / 6
}
