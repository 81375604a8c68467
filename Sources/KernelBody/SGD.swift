import KernelInterface

/// v = momentum * v + (g + decay * w);  w -= rate * v, or with Nesterov's look-ahead rate * (g + decay * w + momentum * v).
/// (Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013, in torch's form.)
/// Where asked for, w as it was takes the place of g.
func sgd(_ arguments: UnsafePointer<SGDArguments>, _ task: Int, _ worker: Int) {
    let chunk = arguments.pointee.chunks[task]
    // A frozen parameter: not even its velocity moves.
    if chunk.rate == 0 { return }
    let decay = Vector(repeating: chunk.decays ? arguments.pointee.weightDecay : 0)
    let momentum = Vector(repeating: arguments.pointee.momentum)
    let rate = Vector(repeating: -arguments.pointee.learningRate * chunk.rate)
    let w = arguments.pointee.parameters + chunk.offset
    let g = arguments.pointee.gradients + chunk.offset
    let v = arguments.pointee.velocities + chunk.offset
    var i = 0
    while i < chunk.count {
        let weight = vector(w + i)
        let gradient = vector(g + i).addingProduct(decay, weight)
        let velocity = gradient.addingProduct(momentum, vector(v + i))
        let direction = arguments.pointee.nesterov ? gradient.addingProduct(momentum, velocity) : velocity
        put(velocity, v + i)
        put(weight.addingProduct(rate, direction), w + i)
        if arguments.pointee.keepsWeights { put(weight, g + i) }
        i &+= lanes
    }
}
