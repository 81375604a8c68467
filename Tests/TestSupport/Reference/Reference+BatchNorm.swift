import Tensors

/// Batch normalisation over N, H, W for each channel c. (Ioffe & Szegedy, 2015.) M = N H W.
///
///     mean[c] = sum x / M        variance[c] = sum (x - mean)^2 / M        n = (x - mean) / sqrt(variance + epsilon)
///     y  = gamma[c] * n + beta[c]
///     dgamma[c] = sum dy * n     dbeta[c] = sum dy
///     dx = gamma / sqrt(variance + epsilon) * (dy - dbeta / M - n * dgamma / M)
///     running = (1 - momentum) * running + momentum * moment,  with the unbiased variance, sum (x - mean)^2 / (M - 1)
extension Reference {
    /// Mean and biased variance of each channel.
    package struct Moments: Equatable, Sendable {
        package var mean: [Double]
        package var variance: [Double]

        package init(mean: [Double], variance: [Double]) {
            self.mean = mean
            self.variance = variance
        }
    }

    /// The moments of each channel over all samples and pixels.
    package static func moments(_ x: Maps) -> Moments {
        let count = Double(x.samples * x.shape.pixels)
        let zeros = Array(repeating: 0.0, count: x.shape.channels)
        var moments = Moments(mean: zeros, variance: zeros)
        forEachValue(x) { c, index in moments.mean[c] += x.values[index] / count }
        forEachValue(x) { c, index in
            let deviation = x.values[index] - moments.mean[c]
            moments.variance[c] += deviation * deviation / count
        }
        return moments
    }

    /// y, from the moments of x's own batch in training, from tracked ones in evaluation.
    package static func batchNorm(
        _ x: Maps, moments: Moments, weight: [Double], bias: [Double], epsilon: Double
    ) -> Maps {
        var y = x
        forEachValue(x) { c, index in
            let normalised = (x.values[index] - moments.mean[c]) / (moments.variance[c] + epsilon).squareRoot()
            y.values[index] = weight[c] * normalised + bias[c]
        }
        return y
    }

    /// dx, dgamma and dbeta of training; `moments` are x's own, and depend on it: dx is `scaled` dy plus a `shift`.
    package static func batchNormGradient(
        _ x: Maps, _ dy: Maps, moments: Moments, weight: [Double], epsilon: Double
    ) -> (x: Maps, scaled: Maps, shift: Maps, weight: [Double], bias: [Double]) {
        let count = Double(x.samples * x.shape.pixels)
        let scale = moments.variance.map { 1 / ($0 + epsilon).squareRoot() }
        var dgamma = Array(repeating: 0.0, count: x.shape.channels)
        var dbeta = dgamma
        forEachValue(x) { c, index in
            dgamma[c] += dy.values[index] * (x.values[index] - moments.mean[c]) * scale[c]
            dbeta[c] += dy.values[index]
        }
        var (dx, scaled, shift) = (x, x, x)
        forEachValue(x) { c, index in
            let normalised = (x.values[index] - moments.mean[c]) * scale[c]
            scaled.values[index] = weight[c] * scale[c] * dy.values[index]
            shift.values[index] = -weight[c] * scale[c] * (dbeta[c] / count + normalised * dgamma[c] / count)
            dx.values[index] = scaled.values[index] + shift.values[index]
        }
        return (dx, scaled, shift, dgamma, dbeta)
    }

    /// The running moments after a batch of `count` numbers a channel. A single number has no unbiased variance; its
    /// biased one, 0, is taken.
    package static func tracked(_ running: Moments, with batch: Moments, count: Int, momentum: Double) -> Moments {
        let unbiased = Double(count) / Double(Swift.max(count - 1, 1))
        return Moments(
            mean: zip(running.mean, batch.mean).map { (1 - momentum) * $0 + momentum * $1 },
            variance: zip(running.variance, batch.variance).map { (1 - momentum) * $0 + momentum * $1 * unbiased })
    }

    /// Calls `body` with the channel and the index of each value of `maps`.
    private static func forEachValue(_ maps: Maps, _ body: (_ channel: Int, _ index: Int) -> Void) {
        for pixel in 0..<(maps.samples * maps.shape.pixels) {
            for c in 0..<maps.shape.channels { body(c, pixel * maps.shape.channels + c) }
        }
    }
}
