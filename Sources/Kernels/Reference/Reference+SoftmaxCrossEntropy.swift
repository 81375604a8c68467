import Glibc
import Tensors

/// Softmax and the cross-entropy with a label, K classes.
///
///     loss[n] = weight * (log(sum over k of exp(x[n,k])) - x[n, label[n]])
///     dx[n,k] = weight * (exp(x[n,k]) / sum over k of exp(x[n,k]) - [k == label[n]]) / samples
///
/// dx is that of the mean loss of a batch of `samples`.
extension Reference {
    /// The loss of each sample. x has one pixel a sample.
    package static func softmaxCrossEntropy(_ x: Maps, labels: [Int], weight: Double) -> [Double] {
        precondition(labels.count == x.samples, "\(labels.count) labels for \(x.samples) samples")
        let classes = x.shape.count
        return labels.enumerated().map { n, label in
            weight * (logSumOfExponentials(x, n) - x.values[n * classes + label])
        }
    }

    package static func softmaxCrossEntropyGradient(
        _ x: Maps, labels: [Int], weight: Double, batchSamples: Int
    ) -> Maps {
        precondition(labels.count == x.samples, "\(labels.count) labels for \(x.samples) samples")
        let classes = x.shape.count
        var dx = x
        for (n, label) in labels.enumerated() {
            let logSum = logSumOfExponentials(x, n)
            for k in 0..<classes {
                let probability = exp(x.values[n * classes + k] - logSum)
                dx.values[n * classes + k] = weight * (probability - (k == label ? 1 : 0)) / Double(batchSamples)
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
