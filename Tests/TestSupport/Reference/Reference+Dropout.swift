/// Dropout, given which elements are kept. (Srivastava et al., 2014; inverted, so that evaluation is the identity.)
///
///     y = x / (1 - rate) where kept, else 0        dx = dy / (1 - rate) where kept, else 0
extension Reference {
    /// y of x, and just so dx of dy. `isKept` has one entry an element, N x H x W x C.
    package static func dropout(_ x: Maps, isKept: [Bool], rate: Double) -> Maps {
        precondition(isKept.count == x.values.count, "a mask of \(isKept.count) for \(x.values.count) elements")
        var y = x
        for (index, kept) in isKept.enumerated() { y.values[index] = kept ? x.values[index] / (1 - rate) : 0 }
        return y
    }
}
