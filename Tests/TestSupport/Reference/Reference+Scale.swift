/// A number that all are multiplied with.
///
///     y = factor * x        dx = factor * dy
extension Reference {
    package static func scale(_ x: Maps, by factor: Double) -> Maps { x.mapValues { factor * $0 } }
}
