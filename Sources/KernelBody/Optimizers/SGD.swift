import KernelInterface

/// v = momentum * v + scale * (g + decay * w);
/// w -= rate * v, or with Nesterov's momentum rate * (g + decay * w + momentum * v). (Sutskever et al., "On the
/// importance of initialization and momentum in deep learning", 2013, in torch's form.)
func sgd(_ arguments: UnsafePointer<SGDArguments>, _ task: Int, _ worker: Int) {
    let chunk = arguments.pointee.parameters.chunks[task]
    let numbers = chunk.numbers
    // A frozen parameter: not even its velocity moves.
    if numbers.isFrozen { return }
    let decay = Vector(repeating: numbers.decay)
    let scale = Vector(repeating: numbers.scale)
    let momentum = Vector(repeating: arguments.pointee.momentum)
    let rate = Vector(repeating: -numbers.rate)
    let w = arguments.pointee.parameters.values + chunk.offset
    let g = arguments.pointee.parameters.gradients + chunk.offset
    let v = arguments.pointee.velocities + chunk.offset
    var i = 0
    while i < chunk.count {
        let weight = vector(w + i)
        let gradient = vector(g + i).addingProduct(decay, weight)
        let velocity = (gradient * scale).addingProduct(momentum, vector(v + i))
        let direction = arguments.pointee.nesterov ? gradient.addingProduct(momentum, velocity) : velocity
        put(velocity, v + i)
        put(weight.addingProduct(rate, direction), w + i)
        i &+= lanes
    }
}

/// Adds the kernels of this file.
func addSGDKernels(to table: inout KernelTable) {
    table.sgd.body = sgd
}
