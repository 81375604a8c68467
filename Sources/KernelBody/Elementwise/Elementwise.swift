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

@inline(__always)
private func forward<F: NumberFunction>(
    _ function: F.Type, _ arguments: UnsafePointer<ElementwiseArguments>, _ slot: Int
) {
    forEachVector(arguments, slot) { x, _ in F.value(x) }
}

@inline(__always)
private func backward<F: NumberFunction>(
    _ function: F.Type, _ arguments: UnsafePointer<ElementwiseArguments>, _ slot: Int
) {
    forEachVector(arguments, slot) { y, gradient in F.gradient(y, vector(gradient)) }
}

/// y = x * factor
func scale(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    let factor = Vector(repeating: arguments.pointee.factor)
    forEachVector(arguments, task) { x, _ in x * factor }
}

/// y = a + b
func add(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    forEachVector(arguments, task) { a, b in a + vector(b) }
}

/// y = x for views whose channels do not fall on vectors: element by element, and zeros in the output's further
/// channels.
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

/// Adds the kernels of this file.
func addElementwiseKernels(to table: inout KernelTable) {
    table.relu.body = { arguments, task, _ in forward(ReLU.self, arguments, task) }
    table.reluGradient.body = { arguments, task, _ in backward(ReLU.self, arguments, task) }
    table.relu6.body = { arguments, task, _ in forward(ReLU6.self, arguments, task) }
    table.relu6Gradient.body = { arguments, task, _ in backward(ReLU6.self, arguments, task) }
    table.sigmoid.body = { arguments, task, _ in forward(Sigmoid.self, arguments, task) }
    table.sigmoidGradient.body = { arguments, task, _ in backward(Sigmoid.self, arguments, task) }
    table.tanh.body = { arguments, task, _ in forward(HyperbolicTangent.self, arguments, task) }
    table.tanhGradient.body = { arguments, task, _ in backward(HyperbolicTangent.self, arguments, task) }
    table.gelu.body = { arguments, task, _ in forward(GELU.self, arguments, task) }
    table.geluGradient.body = { arguments, task, _ in backward(GELU.self, arguments, task) }
    table.scale.body = scale
    table.add.body = add
    table.copy.body = copy
}
