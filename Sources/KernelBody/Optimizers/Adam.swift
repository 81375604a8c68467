import KernelInterface

/// m = m + (1 - beta1) * (g - m);  v = beta2 * v + (1 - beta2) * g²;
/// d = m / (sqrt(v) / root + epsilon);  w = keep * w - rate * d,
/// where g has decay * w in it. (Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, in torch's form;
/// keep, below 1, is the decay of Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019.)
func adam(_ arguments: UnsafePointer<AdamArguments>, _ task: Int, _ worker: Int) {
    let chunk = arguments.pointee.parameters.chunks[task]
    if chunk.numbers.isFrozen { return }
    let decay = Vector(repeating: chunk.numbers.decay)
    let keep = Vector(repeating: chunk.numbers.scale)
    let rate = Vector(repeating: -chunk.numbers.rate)
    let moments = AdamMoments(arguments, chunk)
    let w = arguments.pointee.parameters.values + chunk.offset
    let g = arguments.pointee.parameters.gradients + chunk.offset
    var i = 0
    while i < chunk.count {
        let weight = vector(w + i)
        let direction = moments.direction(vector(g + i).addingProduct(decay, weight), at: i)
        put((weight * keep).addingProduct(rate, direction), w + i)
        i &+= lanes
    }
}

/// Adam's means; scale * d + decay * w takes the place of g. (You et al., "Large Batch Optimization for Deep Learning:
/// Training BERT in 76 minutes", 2020.)
func lambDirection(_ arguments: UnsafePointer<AdamArguments>, _ task: Int, _ worker: Int) {
    let chunk = arguments.pointee.parameters.chunks[task]
    if chunk.numbers.isFrozen { return }
    let decay = Vector(repeating: chunk.numbers.decay)
    let scale = Vector(repeating: chunk.numbers.scale)
    let moments = AdamMoments(arguments, chunk)
    let w = arguments.pointee.parameters.values + chunk.offset
    let g = arguments.pointee.parameters.gradients + chunk.offset
    var i = 0
    while i < chunk.count {
        put((moments.direction(vector(g + i), at: i) * scale).addingProduct(decay, vector(w + i)), g + i)
        i &+= lanes
    }
}

/// A chunk's averages of gradients and of their squares.
private struct OpenAdamMoments<Member: EmptyMember> {
    private let m: UnsafeMutablePointer<Float>
    private let v: UnsafeMutablePointer<Float>
    private let newShare: Vector
    private let oldSquares: Vector
    private let newSquares: Vector
    private let root: Vector
    private let epsilon: Vector
    private let member = Member()

    @inline(__always)
    init(_ arguments: UnsafePointer<AdamArguments>, _ chunk: ParameterChunk) {
        m = arguments.pointee.means + chunk.offset
        v = arguments.pointee.squares + chunk.offset
        newShare = Vector(repeating: arguments.pointee.newShare)
        oldSquares = Vector(repeating: arguments.pointee.oldSquares)
        newSquares = Vector(repeating: arguments.pointee.newSquares)
        root = Vector(repeating: arguments.pointee.root)
        epsilon = Vector(repeating: arguments.pointee.epsilon)
    }

    /// Takes the gradients of a vector's place in.
    @inline(__always)
    func direction(_ gradient: Vector, at i: Int) -> Vector {
        let old = vector(m + i)
        let mean = old.addingProduct(newShare, gradient - old)
        let square = (vector(v + i) * oldSquares).addingProduct(newSquares, gradient * gradient)
        put(mean, m + i)
        put(square, v + i)
        return mean / (square.squareRoot() / root + epsilon)
    }
}

private typealias AdamMoments = OpenAdamMoments<Nothing>

/// Adds the kernels of this file.
func addAdamKernels(to table: inout KernelTable) {
    table.adam.body = adam
    table.lambDirection.body = lambDirection
}
