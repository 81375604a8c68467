import Glibc
package import Tensors

/// Softmax and the cross-entropy with a target t, K classes: t[n] has a share at its label and the rest at a second
/// one.
///
///     loss[n] = weight * (log(sum over k of exp(x[n,k])) - sum over k of t[n,k] x[n,k])
///     dx[n,k] = weight * (exp(x[n,k]) / sum over k of exp(x[n,k]) - t[n,k]) / samples
///
/// dx is the gradient of the mean loss of a batch of `samples`. Label smoothing e and class weights w, as torch has
/// them, replace t[n,k] by c[n,k] = w[k] ((1 - e) t[n,k] + e / K). They multiply the logarithm and the softmax by the
/// sum of all c[n,k].
extension Reference {
    /// The label smoothing and class weights of training.
    package struct TargetRule {
        /// The share of each target that all classes have alike, in 0..<1.
        package var smoothing = 0.0
        /// The weights of the classes, by class; nil for 1.
        package var classWeights: [Double]?

        package init(smoothing: Double = 0, classWeights: [Double]? = nil) {
            self.smoothing = smoothing
            self.classWeights = classWeights
        }

        /// Returns c[n,k] of a target, for each of `classes` classes.
        func coefficients(_ target: Target, _ classes: Int) -> [Double] {
            let share = Double(target.weight)
            return (0..<classes).map { k in
                let expected = (k == target.label ? share : 0) + (k == target.second ? 1 - share : 0)
                return (classWeights?[k] ?? 1) * ((1 - smoothing) * expected + smoothing / Double(classes))
            }
        }
    }

    /// Returns the loss of each sample. x has one pixel a sample.
    package static func softmaxCrossEntropy(
        _ x: Maps, targets: [Target], rule: TargetRule = TargetRule(), weight: Double
    ) -> [Double] {
        precondition(targets.count == x.samples, "\(targets.count) targets for \(x.samples) samples")
        let classes = x.shape.count
        return targets.enumerated().map { n, target in
            let logSum = logSumOfExponentials(x, n)
            let coefficients = rule.coefficients(target, classes)
            return weight
                * zip(coefficients, x.values[n * classes..<(n + 1) * classes]).reduce(0) { sum, pair in
                    // A class without a weight may have any probability.
                    pair.0 == 0 ? sum : sum + pair.0 * (logSum - pair.1)
                }
        }
    }

    package static func softmaxCrossEntropyGradient(
        _ x: Maps, targets: [Target], rule: TargetRule = TargetRule(), weight: Double, batchSamples: Int
    ) -> Maps {
        precondition(targets.count == x.samples, "\(targets.count) targets for \(x.samples) samples")
        let classes = x.shape.count
        var dx = x
        for (n, target) in targets.enumerated() {
            let logSum = logSumOfExponentials(x, n)
            let coefficients = rule.coefficients(target, classes)
            let sum = coefficients.reduce(0, +)
            for k in 0..<classes {
                let probability = exp(x.values[n * classes + k] - logSum)
                dx.values[n * classes + k] = weight * (sum * probability - coefficients[k]) / Double(batchSamples)
            }
        }
        return dx
    }

    /// Returns log(sum over k of exp(x[n,k])); the highest logit is subtracted first, so that nothing overflows.
    private static func logSumOfExponentials(_ x: Maps, _ n: Int) -> Double {
        let logits = x.values[(n * x.shape.count)..<((n + 1) * x.shape.count)]
        let highest = logits.max() ?? 0
        return highest + log(logits.reduce(0) { $0 + exp($1 - highest) })
    }
}
