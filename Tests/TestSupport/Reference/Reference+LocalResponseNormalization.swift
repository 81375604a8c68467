import Glibc
import Tensors

/// Local response normalisation, at each pixel by itself. (Krizhevsky et al., 2012, section 3.3; alpha divided by
/// `size`, as torch does.)
///
///     d[c]  = k + alpha / size * (sum of x[i]^2 over i in c - size / 2 ... c + (size - 1) / 2)
///     y[c]  = x[c] / d[c]^beta
///     dx[c] = dy[c] / d[c]^beta
///             - 2 alpha beta / size * x[c] * (sum of dy[i] y[i] / d[i] over i in c - (size - 1) / 2 ... c + size / 2)
///
/// Halves are rounded down; channels outside 0 ..< C are left out, and are in `size` all the same.
extension Reference {
    package static func localResponseNormalization(
        _ x: Maps, size: Int, alpha: Double, beta: Double, k: Double
    ) -> Maps {
        let divisors = responseDivisors(x, size: size, alpha: alpha, k: k)
        return x.combined(with: divisors) { $0 / pow($1, beta) }
    }

    package static func localResponseNormalizationGradient(
        _ x: Maps, _ dy: Maps, size: Int, alpha: Double, beta: Double, k: Double
    ) -> Maps {
        let divisors = responseDivisors(x, size: size, alpha: alpha, k: k)
        let y = x.combined(with: divisors) { $0 / pow($1, beta) }
        let shares = y.combined(with: dy, *).combined(with: divisors, /)
        // Channel c is in the windows of these.
        let sums = windowSums(shares, below: (size - 1) / 2, above: size / 2)
        let factor = 2 * alpha * beta / Double(size)
        let through = x.combined(with: sums) { factor * $0 * $1 }
        return dy.combined(with: divisors) { $0 / pow($1, beta) }.combined(with: through, -)
    }

    /// d
    private static func responseDivisors(_ x: Maps, size: Int, alpha: Double, k: Double) -> Maps {
        let squares = x.mapValues { $0 * $0 }
        return windowSums(squares, below: size / 2, above: (size - 1) / 2).mapValues { k + alpha / Double(size) * $0 }
    }

    /// At each channel c, the sum of the channels c - below ... c + above that there are.
    private static func windowSums(_ x: Maps, below: Int, above: Int) -> Maps {
        let channels = x.shape.channels
        var sums = x
        for index in x.values.indices {
            let c = index % channels
            let window = Swift.max(0, c - below)...Swift.min(channels - 1, c + above)
            sums.values[index] = window.reduce(0.0) { $0 + x.values[index - c + $1] }
        }
        return sums
    }
}
