import KernelInterface

/// v = momentum * v + g;  v, or in Nesterov's form g + momentum * v, takes the place of g.
func momentumDirection(_ arguments: UnsafePointer<SGDArguments>, _ task: Int, _ worker: Int) {
    let chunk = arguments.pointee.parameters.chunks[task]
    if chunk.numbers.isFrozen { return }
    let momentum = Vector(repeating: arguments.pointee.momentum)
    let g = arguments.pointee.parameters.gradients + chunk.offset
    let v = arguments.pointee.velocities + chunk.offset
    var i = 0
    while i < chunk.count {
        let gradient = vector(g + i)
        let velocity = gradient.addingProduct(momentum, vector(v + i))
        put(velocity, v + i)
        put(arguments.pointee.nesterov ? gradient.addingProduct(momentum, velocity) : velocity, g + i)
        i &+= lanes
    }
}

/// w = scale * w - rate * d, where d is in the place of gradients.
func followDirection(_ parameters: UnsafePointer<ChunkedParameters>, _ task: Int, _ worker: Int) {
    let chunk = parameters.pointee.chunks[task]
    if chunk.numbers.isFrozen { return }
    let rate = Vector(repeating: -chunk.numbers.rate)
    let scale = Vector(repeating: chunk.numbers.scale)
    let w = parameters.pointee.values + chunk.offset
    let d = parameters.pointee.gradients + chunk.offset
    var i = 0
    while i < chunk.count {
        put((vector(w + i) * scale).addingProduct(rate, vector(d + i)), w + i)
        i &+= lanes
    }
}

/// Adds the kernels of this file.
func addMuonKernels(to table: inout KernelTable) {
    table.followDirection.body = followDirection
    table.momentumDirection.body = momentumDirection
}
