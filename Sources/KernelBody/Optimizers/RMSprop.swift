import KernelInterface

/// s = old * s + new * g²;  d = g / (sqrt(s) + epsilon);
/// v = momentum * v + d;  w = w - rate * v, or without a momentum w - rate * d,
/// where g has decay * w in it. (Tieleman and Hinton, "Lecture 6.5: RMSprop", 2012, in torch's form.)
func rmsprop(_ arguments: UnsafePointer<RMSpropArguments>, _ task: Int, _ worker: Int) {
    let chunk = arguments.pointee.parameters.chunks[task]
    if chunk.numbers.isFrozen { return }
    let decay = Vector(repeating: chunk.numbers.decay)
    let rate = Vector(repeating: -chunk.numbers.rate)
    let (old, new) = (Vector(repeating: arguments.pointee.old), Vector(repeating: arguments.pointee.new))
    let epsilon = Vector(repeating: arguments.pointee.epsilon)
    let momentum = Vector(repeating: arguments.pointee.momentum)
    let w = arguments.pointee.parameters.values + chunk.offset
    let g = arguments.pointee.parameters.gradients + chunk.offset
    let s = arguments.pointee.squares + chunk.offset
    var i = 0
    while i < chunk.count {
        let weight = vector(w + i)
        let gradient = vector(g + i).addingProduct(decay, weight)
        let square = (vector(s + i) * old).addingProduct(new, gradient * gradient)
        put(square, s + i)
        var direction = gradient / (square.squareRoot() + epsilon)
        if let velocities = arguments.pointee.velocities {
            let v = velocities + chunk.offset + i
            direction = direction.addingProduct(momentum, vector(v))
            put(direction, v)
        }
        put(weight.addingProduct(rate, direction), w + i)
        i &+= lanes
    }
}

/// Adds the kernels of this file.
func addRMSpropKernels(to table: inout KernelTable) {
    table.rmsprop.body = rmsprop
}
