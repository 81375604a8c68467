/// A layer of a random network, in numbers that mean something whatever stands before it: a network that has lost one
/// of them is a network still.
struct NetworkGene: Sendable {
    enum Kind: CaseIterable, Sendable {
        case convolution, pointwise, depthwise, grouped, norm, relu, relu6, sigmoid, tanh, gelu, scale, response
        case maxPool, averagePool, adaptivePool, dropout, addition, concatenation, residual, dense
    }

    var kind: Kind
    /// The number of values from the newest one back to the one it reads, and from there to the second one that joints
    /// read.
    var source: Int
    var second: Int
    var channels: Int
    var kernel: Int
    var stride: Int
    var padding: Int
    var flag: Bool

    /// Norms and activations are drawn oftener: they are what is rewritten.
    private static let kinds: [Kind] =
        Kind.allCases + [
            .norm, .norm, .norm, .norm, .relu, .relu, .relu6, .pointwise, .pointwise, .convolution, .convolution,
            .residual,
            .residual, .dense, .dense, .addition,
        ]

    init(drawnWith random: inout CaseRandom) {
        kind = random.pick(Self.kinds)
        // A chain, with branches now and then.
        source = random.chance(80) ? 0 : random.int(1...6)
        second = random.int(1...6)
        channels = random.pick([1, 3, 6, 8, 15, 16, 16, 16, 17, 24, 32, 32, 33, 48, 64])
        kernel = random.pick([1, 2, 3, 3, 3, 3, 5, 7])
        stride = random.pick([1, 1, 1, 1, 2, 2, 3])
        padding = random.pick([0, 1, 1, 1, 2, 3])
        flag = random.chance(50)
    }
}

extension NetworkGene: CustomStringConvertible {
    var description: String {
        "\(kind) of \(source) before, \(second) before; \(channels) channels, kernel \(kernel), stride \(stride), "
            + "padding \(padding), \(flag)"
    }
}
