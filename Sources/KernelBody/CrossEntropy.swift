import KernelInterface

// Softmax cross-entropy of one sample over classes k: loss = weight * (log sum exp(x_k - max) - (x_label - max)),
// dx_k = weight * (softmax_k - [k == label]) / samples. Sums run over the classes in order, in float64.

/// The highest logit and the first class that has it.
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

/// Sum of exp(x_k - shift). With `target`, the terms are left there.
@inline(__always)
private func sumExponentials(
    _ logits: UnsafePointer<Float>, _ classes: Int, shift: Float, target: UnsafeMutablePointer<Float>?
) -> Double {
    var sum = 0.0
    var lane = 0
    let shifts = Vector(repeating: shift)
    while lane < classes {
        let terms = exponential(vector(logits + lane) - shifts)
        if let target { put(terms, target + lane) }
        for i in 0..<min(lanes, classes &- lane) { sum += Double(terms[i]) }
        lane &+= lanes
    }
    return sum
}

/// The loss, and where there is a `gradient` that too.
func crossEntropy(_ arguments: UnsafePointer<CrossEntropyArguments>, _ task: Int, _ worker: Int) {
    guard arguments.pointee.batch.isActive(task) else { return }
    let classes = arguments.pointee.logits.channels
    let logits = UnsafePointer(arguments.pointee.logits.sample(task))
    let best = highest(logits, classes)
    let target = arguments.pointee.gradient?.sample(task)
    let sum = sumExponentials(logits, classes, shift: best.value, target: target)
    let label = Int(arguments.pointee.step.pointee.labels[task])
    let loss = Float(logarithm(sum) - (Double(logits[label]) - Double(best.value))) * arguments.pointee.weight
    arguments.pointee.losses[task] = arguments.pointee.isFirst ? loss : arguments.pointee.losses[task] + loss
    if arguments.pointee.weight == 1 { arguments.pointee.predictions[task] = Int32(truncatingIfNeeded: best.index) }
    if let target { writeGradient(arguments, label: label, sum: sum, to: target) }
}

func crossEntropyGradient(_ arguments: UnsafePointer<CrossEntropyArguments>, _ task: Int, _ worker: Int) {
    guard let gradient = arguments.pointee.gradient, arguments.pointee.batch.isActive(task) else { return }
    let classes = arguments.pointee.logits.channels
    let logits = UnsafePointer(arguments.pointee.logits.sample(task))
    let target = gradient.sample(task)
    let sum = sumExponentials(logits, classes, shift: highest(logits, classes).value, target: target)
    let label = Int(arguments.pointee.step.pointee.labels[task])
    writeGradient(arguments, label: label, sum: sum, to: target)
}

/// - Parameter target: holds the exponentials.
@inline(__always)
private func writeGradient(
    _ arguments: UnsafePointer<CrossEntropyArguments>, label: Int, sum: Double, to target: UnsafeMutablePointer<Float>
) {
    let classes = arguments.pointee.logits.channels
    let scale = arguments.pointee.step.pointee.lossScale * arguments.pointee.weight
    let inverse = 1 / sum
    for k in 0..<classes {
        let probability = Float(Double(target[k]) * inverse)
        target[k] = (k == label ? probability - 1 : probability) * scale
    }
    for k in classes..<padded(classes) { target[k] = 0 }
}
