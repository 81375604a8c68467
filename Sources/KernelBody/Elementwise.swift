import KernelInterface

// Operations without a neighbourhood: y[i] = f(x[i]), vector by vector over every pixel's channels.

/// Calls `body` with the output, and the inputs at the same place, for each vector of one sample.
@inline(__always)
private func forEachVector(
    _ arguments: UnsafePointer<ElementwiseArguments>, _ slot: Int,
    _ body: (_ first: Vector, _ second: UnsafePointer<Float>) -> Vector
) {
    guard arguments.pointee.batch.isActive(slot) else { return }
    let first = arguments.pointee.first
    let second = arguments.pointee.second ?? first
    let output = arguments.pointee.output
    let addend = arguments.pointee.addend
    let width = padded(output.channels)
    for pixel in 0..<(output.height &* output.width) {
        let a = UnsafePointer(first.sample(slot) + pixel &* first.pixelStride)
        let b = UnsafePointer(second.sample(slot) + pixel &* second.pixelStride)
        let target = output.sample(slot) + pixel &* output.pixelStride
        var lane = 0
        if let addend {
            let c = UnsafePointer(addend.sample(slot) + pixel &* addend.pixelStride)
            while lane < width {
                put(body(vector(a + lane), b + lane) + vector(c + lane), target + lane)
                lane &+= lanes
            }
        } else {
            while lane < width {
                put(body(vector(a + lane), b + lane), target + lane)
                lane &+= lanes
            }
        }
    }
}

/// y = max(x, 0)
func relu(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    let zero = Vector(repeating: 0)
    forEachVector(arguments, task) { x, _ in x.replacing(with: zero, where: x .< zero) }
}

/// dx = dy where y > 0
func reluGradient(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    let zero = Vector(repeating: 0)
    forEachVector(arguments, task) { y, gradient in zero.replacing(with: vector(gradient), where: y .> zero) }
}

/// y = min(max(x, 0), 6)
func relu6(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    let zero = Vector(repeating: 0)
    let six = Vector(repeating: 6)
    forEachVector(arguments, task) { x, _ in
        let positive = x.replacing(with: zero, where: x .< zero)
        return positive.replacing(with: six, where: positive .> six)
    }
}

/// dx = dy where 0 < y < 6
func relu6Gradient(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    let zero = Vector(repeating: 0)
    let six = Vector(repeating: 6)
    forEachVector(arguments, task) { y, gradient in
        zero.replacing(with: vector(gradient), where: (y .> zero) .& (y .< six))
    }
}

/// y = 1 - 2 / (1 + exp(2x))
func tanh(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    let one = Vector(repeating: 1)
    forEachVector(arguments, task) { x, _ in one - (one + one) / (one + exponential(x + x)) }
}

/// dx = dy * (1 - y²)
func tanhGradient(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    let one = Vector(repeating: 1)
    forEachVector(arguments, task) { y, gradient in vector(gradient) * (one - y * y) }
}

/// y = 1 / (1 + exp(-x))
func sigmoid(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    let one = Vector(repeating: 1)
    forEachVector(arguments, task) { x, _ in one / (one + exponential(Vector(repeating: 0) - x)) }
}

/// dx = dy * y * (1 - y)
func sigmoidGradient(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    let one = Vector(repeating: 1)
    forEachVector(arguments, task) { y, gradient in vector(gradient) * (y * (one - y)) }
}

/// y = a + b
func add(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    forEachVector(arguments, task) { a, b in a + vector(b) }
}

/// y = x for views whose channels do not fall on vectors: element by element, and zeros in the output's further channels.
func copy(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    guard arguments.pointee.batch.isActive(task) else { return }
    let source = arguments.pointee.first
    let output = arguments.pointee.output
    for pixel in 0..<(output.height &* output.width) {
        let target = output.sample(task) + pixel &* output.pixelStride
        copyFloats(source.channels, from: UnsafePointer(source.sample(task) + pixel &* source.pixelStride), to: target)
        zeroFloats(output.channels &- source.channels, at: target + source.channels)
    }
}
