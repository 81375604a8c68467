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

func relu(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    forward(ReLU.self, arguments, task)
}

func reluGradient(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    backward(ReLU.self, arguments, task)
}

func relu6(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    forward(ReLU6.self, arguments, task)
}

func relu6Gradient(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    backward(ReLU6.self, arguments, task)
}

func tanh(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    forward(HyperbolicTangent.self, arguments, task)
}

func tanhGradient(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    backward(HyperbolicTangent.self, arguments, task)
}

func sigmoid(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    forward(Sigmoid.self, arguments, task)
}

func sigmoidGradient(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    backward(Sigmoid.self, arguments, task)
}

func gelu(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    forward(GELU.self, arguments, task)
}

func geluGradient(_ arguments: UnsafePointer<ElementwiseArguments>, _ task: Int, _ worker: Int) {
    backward(GELU.self, arguments, task)
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
    table.relu.body = relu
    table.reluGradient.body = reluGradient
    table.relu6.body = relu6
    table.relu6Gradient.body = relu6Gradient
    table.sigmoid.body = sigmoid
    table.sigmoidGradient.body = sigmoidGradient
    table.tanh.body = tanh
    table.tanhGradient.body = tanhGradient
    table.gelu.body = gelu
    table.geluGradient.body = geluGradient
    table.scale.body = scale
    table.add.body = add
    table.copy.body = copy
}
