extension NamedTensor {
    /// The count and the first of the numbers that are infinite or NaN; nil where there are none.
    package var notFinite: (count: Int, first: Float)? {
        guard let floats else { return nil }
        var count = 0
        var first: Float = 0
        for value in floats where !value.isFinite {
            if count == 0 { first = value }
            count += 1
        }
        return count > 0 ? (count, first) : nil
    }
}
