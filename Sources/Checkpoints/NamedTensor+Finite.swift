extension NamedTensor {
    /// Numbers that are infinite or not a number: how many there are, and the first of them. nil where there is none.
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
