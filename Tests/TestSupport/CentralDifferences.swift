/// The gradient of `loss` at `point`, each component by one pair of evaluations: (f(x + h) - f(x - h)) / 2h.
///
/// The error of a component is f''' h^2 / 6 from truncation and about eps |f| / h from rounding in Double. h = 2^-17, near
/// the cube root of eps, balances the two at about 3e-11 for functions and third derivatives of order one.
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

/// h: a power of two, so that x + h and x - h lie exactly 2h apart for the x of order one that tests take.
package let centralDifferenceStep = 0x1p-17
