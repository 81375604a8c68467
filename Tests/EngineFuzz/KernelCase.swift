import Engine
import Graphs
import Networks

/// A layer between others that make its kernels do all that they can: read what a norm has yet to normalise, add, and
/// write through an activation. Its numbers are small integers, so that sums have the same bits in any order and must
/// be the references'.
///
/// The class scores end in a factor of 2^-80, so that softmax gives each of 2^n classes exactly 2^-n: the loss's
/// gradient is integers too, times a power of two. Batch norms have an epsilon of 2^40 and weights of whole multiples
/// of 2^20, beside which a variance is nothing, over a power of two of numbers: what they make of integers is integers
/// plus a fraction, which keeps it off the activations' kinks.
struct KernelCase: Sendable {
    enum Function: CaseIterable, Sendable {
        case none, relu, relu6
    }

    /// The layer that the case is about.
    enum Subject: Sendable {
        case convolution(outputs: Int, kernel: Int, stride: Int, padding: Int, groups: Int, hasBias: Bool)
        case linear(outputs: Int)
        case maxPool(kernel: Int, stride: Int, padding: Int, ceilMode: Bool)
        case averagePool(kernel: Int, stride: Int, padding: Int, ceilMode: Bool)
        case adaptiveAveragePool(size: Int)
        case sigmoid, tanh, gelu
        case responseNormalization(size: Int)
        case dropout(percent: Int)
    }

    /// The operation on the layer's output.
    enum Joint: CaseIterable, Sendable {
        case none
        /// The same layer a second time, added: gradients meet in one sum.
        case twin
        /// The layer's input, added or set beside, where shapes allow it.
        case identity, concatenation
        /// The layer's input, added to the batch norm behind the layer.
        case residual
    }

    var imageSize = 8
    var inputChannels = 3
    /// Channels of a 1x1 convolution before the layer; nil where it reads the images.
    var stem: Int?
    /// Whether a norm stands before the layer, and an activation behind that.
    var isNormalized = false
    var before = Function.none
    var subject: Subject
    var joint = Joint.none
    var isNormalizedBehind = false
    var behind = Function.none
    /// Outputs of a 1x1 convolution behind all that.
    var tail: Int?
    var shardSizes = [2, 1, 1, 0]
    var classes = 4
    var usesWinograd = true
    /// The index in `optimizers` of the one that moves the parameters after the gradients have been compared.
    var optimizer = 0
    /// The seed of the numbers.
    var fill: UInt64 = 1

    init(_ subject: Subject) { self.subject = subject }

    /// Biases before a norm change nothing: their gradients would be no more than rounding.
    var hasNorm: Bool { isNormalized || isNormalizedBehind }

    var samples: Int { shardSizes.reduce(0, +) }

    static let optimizers: [any OptimizerRule] = [
        SGD(momentum: 0.9, weightDecay: 1e-3, nesterov: true), Adam(weightDecay: 1e-2, isDecoupled: true),
        Adam(weightDecay: 1e-2, isDecoupled: false), LAMB(weightDecay: 1e-2), LARS(weightDecay: 1e-3),
        RMSprop(momentum: 0.9, weightDecay: 1e-3), Muon(weightDecay: 1e-2), Muon(normalises: true),
    ]
}

extension KernelCase: CustomStringConvertible {
    var description: String {
        let parts: [String?] = [
            "\(samples) images of \(imageSize)x\(imageSize)x\(inputChannels) in shards of \(shardSizes)",
            stem.map { "1x1 to \($0)" }, isNormalized ? "norm" : nil, before == .none ? nil : "\(before)", "\(subject)",
            joint == .none ? nil : "\(joint)", isNormalizedBehind ? "norm" : nil, behind == .none ? nil : "\(behind)",
            tail.map { "1x1 to \($0)" }, "\(classes) classes", usesWinograd ? nil : "direct",
            "\(type(of: Self.optimizers[optimizer]))",
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }
}

// MARK: - The network

extension KernelCase {
    var network: Network {
        Network("case", inputChannels: inputChannels, classes: classes) { images in
            var x = images
            if let stem { x = x.convolution("stem", to: stem, kernel: 1, bias: !hasNorm) }
            if isNormalized { x = norm("norm", x) }
            x = apply(before, x)
            var y = layer("layer", x)
            switch joint {
            case .none, .residual: break
            case .twin: y = y.add(layer("twin", x))
            case .identity: y = y.add(x)
            case .concatenation: y = y.concatenate(x)
            }
            if isNormalizedBehind { y = norm("normbehind", y) }
            if joint == .residual { y = y.add(x) }
            y = apply(behind, y)
            if let tail { y = y.convolution("tail", to: tail, kernel: 1, bias: false) }
            return y.flatten().linear("head", to: classes).scaled(by: 0x1p-80)
        }
    }

    private func norm(_ name: String, _ x: Features) -> Features { x.batchNorm(name, epsilon: 0x1p40) }

    private func apply(_ function: Function, _ x: Features) -> Features {
        switch function {
        case .none: x
        case .relu: x.relu()
        case .relu6: x.relu6()
        }
    }

    private func layer(_ name: String, _ x: Features) -> Features {
        switch subject {
        case .convolution(let outputs, let kernel, let stride, let padding, let groups, let hasBias):
            x.convolution(
                name, to: outputs, kernel: kernel, stride: stride, padding: padding, groups: groups,
                bias: hasBias && !isNormalizedBehind)
        case .linear(let outputs): x.flatten().linear(name, to: outputs, bias: !isNormalizedBehind)
        case .maxPool(let kernel, let stride, let padding, let ceilMode):
            x.maxPool(kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
        case .averagePool(let kernel, let stride, let padding, let ceilMode):
            x.averagePool(kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
        case .adaptiveAveragePool(let size): x.adaptiveAveragePool(to: size)
        // Where they bend: not at dozens.
        case .sigmoid: x.scaled(by: 0x1p-4).sigmoid()
        case .tanh: x.scaled(by: 0x1p-4).tanh()
        case .gelu: x.scaled(by: 0x1p-4).gelu()
        case .responseNormalization(let size):
            x.scaled(by: 0x1p-4).localResponseNormalization(size: size, alpha: 0.5, beta: 0.75, k: 2)
        case .dropout(let percent): x.dropout(rate: Float(percent) / 100)
        }
    }

    func specimen() throws -> FuzzSpecimen {
        var random = CaseRandom(seed: fill, number: 0)
        let images = random.integers(samples * imageSize * imageSize * inputChannels, within: 4)
        let labels = (0..<samples).map { _ in random.int(0...classes - 1) }
        let size = max(imageSize, outputSize)
        let numbers = samples * size * size
        var norms = 0
        return try FuzzSpecimen(
            network, imageSize: imageSize, shardSizes: shardSizes, optimizer: Self.optimizers[optimizer],
            images: images, labels: labels
        ) { parameter in
            let count = parameter.count
            switch parameter.role {
            case .convolutionWeight: return random.integers(count, within: parameter.name == "stem.weight" ? 1 : 2)
            case .linearWeight, .bias, .runningMean: return random.integers(count, within: 2)
            case .runningVariance: return [Float](repeating: 1, count: count)
            case .normWeight: return random.integers(count, within: 1).map { 0x1p20 * ($0 == 0 ? 2 : $0) }
            case .normBias:
                // Half of what a mean's fraction can be, and a quarter of the second norm's.
                norms += 1
                let fraction = 1 / (Float(numbers.nextPowerOfTwo) * Float(1 << norms))
                return random.integers(count, within: 3).map { $0 + fraction }
            case .batchesTracked: return [0]
            }
        }
    }
}
