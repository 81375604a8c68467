import Kernels
import Tensors
import TestSupport
import Testing

/// Numbers in [-1, 1) that depend on `name` alone.
func numbers(_ name: String, _ count: Int) -> [Double] { goldenUnit(name: name, count: count).map(Double.init) }

/// Maps filled from `name`.
func maps(_ name: String, samples: Int, _ shape: Shape) -> Reference.Maps {
    Reference.Maps(samples: samples, shape: shape, values: numbers(name, samples * shape.count))
}

/// A scalar loss of y, sum over i of y[i] dy[i] with fixed dy: dy is then its gradient with respect to y.
struct Projection {
    let dy: Reference.Maps

    init(_ y: Reference.Maps) {
        dy = maps("dy", samples: y.samples, y.shape)
    }

    func loss(_ y: Reference.Maps) -> Double { zip(y.values, dy.values).reduce(0) { $0 + $1.0 * $1.1 } }
}

/// Checks `gradient` against central differences of `loss` around `point`; `terms` products are summed in the loss.
func expectGradient(
    _ gradient: [Double], at point: [Double], terms: Int, sourceLocation: SourceLocation = #_sourceLocation,
    of loss: ([Double]) -> Double
) {
    let differences = centralDifferences(at: point, of: loss)
    #expect(gradient.count == differences.count, sourceLocation: sourceLocation)
    let tolerance = centralDifferenceTolerance(terms: terms)
    for (index, (found, expected)) in zip(gradient, differences).enumerated()
    where !(abs(found - expected) <= tolerance * max(1, abs(expected))) {
        Issue.record(
            "component \(index) is \(found), differences say \(expected) within \(tolerance)",
            sourceLocation: sourceLocation)
        return
    }
}

extension Reference.Maps {
    /// The same maps with other values.
    func with(_ values: [Double]) -> Reference.Maps { Reference.Maps(samples: samples, shape: shape, values: values) }
}
