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
        case .normal(let deviation): (0..<count).map { deviation * random.normal(UInt64($0)) }
        }
    }
}
