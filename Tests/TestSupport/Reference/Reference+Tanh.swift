import Glibc

/// The hyperbolic tangent.
///
///     y = tanh(x)        dx = dy * (1 - y^2)
extension Reference {
    package static func tanh(_ x: Maps) -> Maps { x.mapValues { Glibc.tanh($0) } }

    package static func tanhGradient(y: Maps, _ dy: Maps) -> Maps { y.combined(with: dy) { $1 * (1 - $0 * $0) } }
}
