import KernelInterface

// Softmax cross-entropy of one sample over classes k, whose target t has a share at its label and the rest at a second
// one, with scale 1 / samples:
//   loss = weight * (log sum exp(x_k - max) - (sum t_k x_k - max))
//   dx_k = weight * (softmax_k - t_k) * scale
// With label smoothing e and class weights w, c_k = w_k ((1 - e) t_k + e / K) takes the place of t_k. C, the sum of all
// c_k, multiplies the terms that belong to no class:
//   loss = weight * (C log sum exp(x_k - max) - sum c_k (x_k - max))
//   dx_k = weight * (C softmax_k - c_k) * scale
// Sums run over the classes in order, in float64.

/// Returns the highest logit and the first class that has it.
@inline(__always)
private func highest(_ logits: UnsafePointer<Float>, _ classes: Int) -> (value: Float, index: Int) {
    var best = logits[0]
    var index = 0
    for k in 1..<max(classes, 1) where logits[k] > best {
        best = logits[k]
        index = k
    }
    return (best, index)
}

/// The class of a sample, and the second one of a mixture.
private struct Target {
    let label: Int
    let second: Int
    /// The share of the label, in 0...1.
    let share: Float
    /// The share of each target that all classes have alike, in 0..<1.
    let smoothing: Double
    /// The weights of the classes, by class; nil where all are 1.
    let weights: UnsafePointer<Float>?

    @inline(__always)
    init(_ arguments: UnsafePointer<CrossEntropyArguments>, _ task: Int) {
        let step = arguments.pointee.step
        label = Int(step.pointee.labels[task])
        second = Int(step.pointee.secondLabels[task])
        share = step.pointee.labelShares[task]
        smoothing = step.pointee.labelSmoothing
        weights = step.pointee.classWeights
    }

    /// Whether the labels alone count, without smoothing and class weights.
    @inline(__always)
    var isPlain: Bool { smoothing == 0 && weights == nil }

    /// Returns the mean of the labels' logits. Where the first label has the whole share, it is its logit to the bit.
    @inline(__always)
    func score(_ logits: UnsafePointer<Float>) -> Double {
        guard share < 1 else { return Double(logits[label]) }
        return Double(share) * Double(logits[label]) + Double(1 - share) * Double(logits[second])
    }

    /// Returns the target probability of class k, before label smoothing and class weights.
    @inline(__always)
    func probability(_ k: Int) -> Float { (k == label ? share : 0) + (k == second ? 1 - share : 0) }

    /// Returns the weight of class k of `classes` in the loss: its probability, smoothed and weighed.
    @inline(__always)
    func lossWeight(_ k: Int, of classes: Int) -> Double {
        let smooth = (1 - smoothing) * Double(probability(k)) + smoothing / Double(classes)
        guard let weights else { return smooth }
        return Double(weights[k]) * smooth
    }

    /// C, the sum of all c_k.
    @inline(__always)
    func mass(_ classes: Int) -> Double {
        var sum = 0.0
        for k in 0..<classes { sum += lossWeight(k, of: classes) }
        return sum
    }

    /// Returns the loss, given the sum of exponentials relative to the highest logit.
    @inline(__always)
    func loss(_ logits: UnsafePointer<Float>, _ classes: Int, sum: Double, highest: Float) -> Double {
        guard !isPlain else { return logarithm(sum) - (score(logits) - Double(highest)) }
        var score = 0.0
        for k in 0..<classes { score += lossWeight(k, of: classes) * (Double(logits[k]) - Double(highest)) }
        return mass(classes) * logarithm(sum) - score
    }
}

/// Returns the sum of exp(x_k - shift), and writes its terms to `terms` where that is given.
@inline(__always)
private func sumExponentials(
    _ logits: UnsafePointer<Float>, _ classes: Int, shift: Float, terms: UnsafeMutablePointer<Float>?
) -> Double {
    var sum = 0.0
    var lane = 0
    let shifts = Vector(repeating: shift)
    while lane < classes {
        let some = exponential(vector(logits + lane) - shifts)
        if let terms { put(some, terms + lane) }
        for i in 0..<min(lanes, classes &- lane) { sum += Double(some[i]) }
        lane &+= lanes
    }
    return sum
}

/// Computes the loss, and its gradient where there is a `gradient`.
func crossEntropy(_ arguments: UnsafePointer<CrossEntropyArguments>, _ task: Int, _ worker: Int) {
    guard arguments.pointee.batch.isActive(task) else { return }
    let classes = arguments.pointee.logits.channels
    let logits = UnsafePointer(arguments.pointee.logits.sample(task))
    let best = highest(logits, classes)
    let gradient = arguments.pointee.gradient?.sample(task)
    let sum = sumExponentials(logits, classes, shift: best.value, terms: gradient)
    let target = Target(arguments, task)
    let loss = Float(target.loss(logits, classes, sum: sum, highest: best.value)) * arguments.pointee.weight
    arguments.pointee.losses[task] = arguments.pointee.isFirst ? loss : arguments.pointee.losses[task] + loss
    if arguments.pointee.weight == 1 {
        arguments.pointee.predictions[task] = Int32(truncatingIfNeeded: best.index)
        // exp(0) is that class's part of the sum.
        arguments.pointee.probabilities[task] = Float(1 / sum)
    }
    if let gradient { writeGradient(arguments, target, sum: sum, to: gradient) }
}

func crossEntropyGradient(_ arguments: UnsafePointer<CrossEntropyArguments>, _ task: Int, _ worker: Int) {
    guard let gradient = arguments.pointee.gradient, arguments.pointee.batch.isActive(task) else { return }
    let classes = arguments.pointee.logits.channels
    let logits = UnsafePointer(arguments.pointee.logits.sample(task))
    let terms = gradient.sample(task)
    let sum = sumExponentials(logits, classes, shift: highest(logits, classes).value, terms: terms)
    writeGradient(arguments, Target(arguments, task), sum: sum, to: terms)
}

/// - Parameter gradient: holds the exponentials.
@inline(__always)
private func writeGradient(
    _ arguments: UnsafePointer<CrossEntropyArguments>, _ target: Target, sum: Double,
    to gradient: UnsafeMutablePointer<Float>
) {
    let classes = arguments.pointee.logits.channels
    let scale = arguments.pointee.step.pointee.lossScale * arguments.pointee.weight
    let inverse = 1 / sum
    if target.isPlain {
        for k in 0..<classes {
            gradient[k] = (Float(Double(gradient[k]) * inverse) - target.probability(k)) * scale
        }
    } else {
        let share = target.mass(classes) * inverse
        for k in 0..<classes {
            gradient[k] = Float(Double(gradient[k]) * share - target.lossWeight(k, of: classes)) * scale
        }
    }
    for k in classes..<padded(classes) { gradient[k] = 0 }
}

/// Adds the kernels of this file.
func addCrossEntropyKernels(to table: inout KernelTable) {
    table.crossEntropy.body = crossEntropy
    table.crossEntropyGradient.body = crossEntropyGradient
}
