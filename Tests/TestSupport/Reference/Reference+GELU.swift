import Glibc

/// The Gaussian error linear unit. (Hendrycks & Gimpel, "Gaussian Error Linear Units (GELUs)", 2016, arXiv:1606.08415.)
///
///     y = x Phi(x)        dx = dy * (Phi(x) + x phi(x))
///
/// Phi(x) = erfc(-x / sqrt 2) / 2 is the normal distribution's cumulative function, phi(x) = exp(-x^2 / 2) / sqrt(2 pi)
/// its density.
extension Reference {
    package static func gelu(_ x: Maps) -> Maps { x.mapValues { $0 * cumulative($0) } }

    package static func geluGradient(x: Maps, _ dy: Maps) -> Maps {
        x.combined(with: dy) { x, dy in dy * (cumulative(x) + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()) }
    }

    private static func cumulative(_ x: Double) -> Double { 0.5 * erfc(-x * 0.5.squareRoot()) }
}
