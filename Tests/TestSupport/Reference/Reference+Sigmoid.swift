import Glibc

/// The logistic function.
///
///     y = 1 / (1 + exp(-x))        dx = dy * y * (1 - y)
extension Reference {
    package static func sigmoid(_ x: Maps) -> Maps { x.mapValues { 1 / (1 + exp(-$0)) } }

    package static func sigmoidGradient(y: Maps, _ dy: Maps) -> Maps { y.combined(with: dy) { $1 * $0 * (1 - $0) } }
}
