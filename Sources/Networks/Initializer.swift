import Tensors

/// The distribution of a tensor's initial values.
package enum InitialValues: Hashable, Sendable {
    case constant(Float)
    /// Uniform in -bound..<bound.
    case uniform(bound: Float)
    /// Normal with mean 0.
    case normal(deviation: Float)
    /// The identity of a convolution: 1 in the middle of the kernel that leads from input i to output i and 0 in the
    /// others of output i, as far as there are both; uniform in -bound..<bound in further outputs.
    case dirac(bound: Float)
}

/// Draws initial values: each number is a function of the seed, the tensor's name and its index in torch's layout
/// alone, so that every rank and every thread count begins with the same bits.
package struct Initializer: Sendable {
    package let seed: UInt64

    package init(seed: UInt64) {
        self.seed = seed
    }

    /// Returns the values of the tensor `name`, in torch's layout.
    ///
    /// - Complexity: O(count), a few nanoseconds a number.
    package func values(_ distribution: InitialValues, of name: String, shape: [Int]) -> [Float] {
        let count = shape.reduce(1, *)
        let random = CounterRandom(seed: seed, stream: "initialisation " + name)
        return switch distribution {
        case .constant(let value): [Float](repeating: value, count: count)
        case .uniform(let bound): (0..<count).map { bound * (2 * random.uniform(UInt64($0)) - 1) }
        case .normal(let deviation): normals(count, random).map { deviation * $0 }
        case .dirac(let bound):
            (0..<count).map { index in
                identity(at: index, shape: shape) ?? bound * (2 * random.uniform(UInt64(index)) - 1)
            }
        }
    }

    /// Returns the number at `index` of a convolution of `shape` that copies its inputs; nil of outputs beyond the
    /// inputs.
    private func identity(at index: Int, shape: [Int]) -> Float? {
        let kernel = shape.dropFirst(2).reduce(1, *)
        let (output, rest) = index.quotientAndRemainder(dividingBy: shape[1] * kernel)
        guard output < shape[1] else { return nil }
        let middle = shape.dropFirst(2).reduce(0) { $0 * $1 + $1 / 2 }
        return rest == output * kernel + middle ? 1 : 0
    }

    private func normals(_ count: Int, _ random: CounterRandom) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(count + 3)
        for start in stride(from: 0, to: count, by: 4) {
            let four = random.normals(UInt64(start))
            for lane in 0..<4 { values.append(four[lane]) }
        }
        values.removeLast(values.count - count)
        return values
    }
}
