import Glibc
package import Tensors

/// Softmax and the cross-entropy with a target t, K classes: t[n] has a share at its label and the rest at a second one.
///
///     loss[n] = weight * (log(sum over k of exp(x[n,k])) - sum over k of t[n,k] x[n,k])
///     dx[n,k] = weight * (exp(x[n,k]) / sum over k of exp(x[n,k]) - t[n,k]) / samples
///
/// dx is that of the mean loss of a batch of `samples`.
extension Reference {
    /// The loss of each sample. x has one pixel a sample.
    package static func softmaxCrossEntropy(_ x: Maps, targets: [Target], weight: Double) -> [Double] {
        precondition(targets.count == x.samples, "\(targets.count) targets for \(x.samples) samples")
        let classes = x.shape.count
        return targets.enumerated().map { n, target in
            let share = Double(target.weight)
            let score =
                share * x.values[n * classes + Int(target.label)]
                + (1 - share) * x.values[n * classes + Int(target.second)]
            return weight * (logSumOfExponentials(x, n) - score)
        }
    }

    package static func softmaxCrossEntropyGradient(
        _ x: Maps, targets: [Target], weight: Double, batchSamples: Int
    ) -> Maps {
        precondition(targets.count == x.samples, "\(targets.count) targets for \(x.samples) samples")
        let classes = x.shape.count
        var dx = x
        for (n, target) in targets.enumerated() {
            let logSum = logSumOfExponentials(x, n)
            for k in 0..<classes {
                let probability = exp(x.values[n * classes + k] - logSum)
                let share = Double(target.weight)
                let expected = (k == target.label ? share : 0) + (k == target.second ? 1 - share : 0)
                dx.values[n * classes + k] = weight * (probability - expected) / Double(batchSamples)
            }
        }
        return dx
    }

    /// log(sum over k of exp(x[n,k])); the highest logit is taken out so that nothing overflows.
    private static func logSumOfExponentials(_ x: Maps, _ n: Int) -> Double {
        let logits = x.values[(n * x.shape.count)..<((n + 1) * x.shape.count)]
        let highest = logits.max() ?? 0
        return highest + log(logits.reduce(0) { $0 + exp($1 - highest) })
    }
}
