/// The deviation of a tensor from its expected values.
package struct Deviation: Sendable, CustomStringConvertible {
    /// The largest |a - b| over all elements, as a part of max(|b|, the root mean square of b).
    package var element = 0.0
    /// The length of a - b, as a part of the length of b.
    package var length = 0.0

    /// Compares `found` with `expected`, element by element.
    ///
    /// - Parameter terms: numbers whose root mean square replaces that of b where it is larger; none otherwise.
    package init(of found: [Float], from expected: [Double], terms: [Double] = []) {
        precondition(found.count == expected.count, "\(found.count) numbers for \(expected.count)")
        let size = max(l2(expected), l2(terms))
        let typical = size / Double(max(expected.count, 1)).squareRoot()
        var squares = 0.0
        for index in found.indices {
            let difference = abs(Double(found[index]) - expected[index])
            // Where all numbers are zero, the deviation is the difference itself.
            let scale = max(abs(expected[index]), typical)
            element = max(element, scale > 0 ? difference / scale : difference)
            squares += difference * difference
        }
        length = size > 0 ? squares.squareRoot() / size : squares.squareRoot()
        // Comparisons with NaN are false.
        if found.contains(where: { !$0.isFinite }) { (element, length) = (.infinity, .infinity) }
    }

    /// Compares `found` with the numbers of a tensor that a golden file has.
    ///
    /// The length of a - b is then not known. It is at least the difference of the lengths, and at least the difference
    /// of the sums over sqrt(n) (Cauchy and Schwarz): `length` is the larger of the two.
    package init(of found: [Float], from golden: GoldenFile.Tensor) {
        precondition(found.count == golden.count, "\(golden.name): \(found.count) numbers for \(golden.count)")
        let root = Double(golden.count).squareRoot()
        var squares = 0.0
        var sum = 0.0
        for value in found {
            let value = Double(value)
            squares += value * value
            sum += value
        }
        length = max(abs(squares.squareRoot() - golden.l2), abs(sum - golden.sum) / root) / golden.l2
        for sample in golden.samples {
            let difference = abs(Double(found[sample.index]) - sample.value)
            element = max(element, difference / max(abs(sample.value), golden.l2 / root))
        }
        if !squares.isFinite { (element, length) = (.infinity, .infinity) }
    }

    package var description: String { "element \(element), length \(length)" }
}

/// The root of the sum of squares.
package func l2(_ values: [Double]) -> Double {
    values.reduce(0) { $0 + $1 * $1 }.squareRoot()
}
