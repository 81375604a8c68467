import Tensors

/// The distribution of a tensor's initial values.
package enum InitialValues: Hashable, Sendable {
    case constant(Float)
    /// Uniform in -bound..<bound.
    case uniform(bound: Float)
    /// Normal with mean 0.
    case normal(deviation: Float)
}

/// Draws initial values: each number is a function of the seed, the tensor's name and its index in torch's layout
/// alone, so that every rank and every thread count begins with the same bits.
package struct Initializer: Sendable {
    package let seed: UInt64

    package init(seed: UInt64) {
        self.seed = seed
    }

    /// The values of the tensor `name`, in torch's layout.
    ///
    /// - Complexity: O(count), a few nanoseconds a number.
    package func values(_ distribution: InitialValues, of name: String, shape: [Int]) -> [Float] {
        let count = shape.reduce(1, *)
        let random = CounterRandom(seed: seed, stream: "initialisation " + name)
        return switch distribution {
        case .constant(let value): [Float](repeating: value, count: count)
        case .uniform(let bound): (0..<count).map { bound * (2 * random.uniform(UInt64($0)) - 1) }
        case .normal(let deviation): normals(count, random).map { deviation * $0 }
        }
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
