import Tensors

/// The initial distribution of a parameter, as papers and PyTorch define it: by the number of inputs (fan in) and
/// outputs (fan out) of its layer.
package enum InitialRule: Hashable, Sendable {
    /// The same value for every number.
    case constant(Float)
    /// Uniform within 1 / sqrt(fan in): PyTorch's default for weights and biases of convolutions and linear layers
    /// (there written as Kaiming-uniform with a = sqrt(5)).
    case torchDefault
    /// Uniform within sqrt(6 / (fan in + fan out)). (Glorot & Bengio, "Understanding the difficulty of training deep
    /// feedforward neural networks", AISTATS 2010.)
    case xavierUniform
    /// Normal with variance 2 / (fan in + fan out), of the same paper.
    case xavierNormal
    /// Normal with variance 2 / fan. (He et al., "Delving Deep into Rectifiers", ICCV 2015.)
    case kaimingNormal(Fan)
    /// Uniform within sqrt(6 / fan in), of the same paper.
    case kaimingUniform
    /// Normal with variance 1 / fan in. (LeCun, Bottou, Orr & Müller, "Efficient BackProp", 1998, section 4.6.)
    case lecunNormal
    /// Uniform within sqrt(3 / fan in), of the same paper; Caffe calls it "xavier".
    case lecunUniform
    /// Normal with this deviation, whatever the fans.
    case normal(deviation: Float)
    /// Uniform with this deviation, whatever the fans.
    case uniform(deviation: Float)
    /// The identity on a convolution's first outputs, as many as it has inputs; the other outputs begin as
    /// `torchDefault`. (Zagoruyko & Komodakis, "DiracNets", 2017; partial as in Jordan, "94% on CIFAR-10 in 3.29
    /// Seconds on a Single GPU", 2024, section 3.1.)
    case dirac
    /// The eigenvectors of the training images' patches, each divided by the root of its eigenvalue plus `epsilon`, and
    /// their negatives: a fixed layer whose outputs are uncorrelated. (Jordan, 2024, section 3.2.) Only a training run
    /// has the images; otherwise the layer begins as `torchDefault`.
    case whitening(epsilon: Double)

    package enum Fan: Hashable, Sendable {
        /// Inputs of one output: keeps the variance of the forward pass.
        case fanIn
        /// Outputs that one input reaches, strides aside: keeps the variance of the backward pass.
        case fanOut
    }

    /// Returns the distribution for a layer with the weight's shape `weightShape`, [outputs, inputs, …kernel] as in
    /// torch.
    package func values(weightShape: [Int]) -> InitialValues {
        precondition(weightShape.count >= 2, "a weight of shape \(weightShape)")
        let kernel = weightShape.dropFirst(2).reduce(1, *)
        let fanIn = Float(weightShape[1] * kernel)
        let fanOut = Float(weightShape[0] * kernel)
        return switch self {
        case .constant(let value): .constant(value)
        case .torchDefault, .whitening: .uniform(bound: 1 / fanIn.squareRoot())
        case .xavierUniform: .uniform(bound: (6 / (fanIn + fanOut)).squareRoot())
        case .xavierNormal: .normal(deviation: (2 / (fanIn + fanOut)).squareRoot())
        case .kaimingNormal(.fanIn): .normal(deviation: (2 / fanIn).squareRoot())
        case .kaimingNormal(.fanOut): .normal(deviation: (2 / fanOut).squareRoot())
        case .kaimingUniform: .uniform(bound: (6 / fanIn).squareRoot())
        case .lecunNormal: .normal(deviation: (1 / fanIn).squareRoot())
        case .lecunUniform: .uniform(bound: (3 / fanIn).squareRoot())
        case .normal(let deviation): .normal(deviation: deviation)
        // The deviation of numbers in -b ..< b is b / sqrt(3).
        case .uniform(let deviation): .uniform(bound: deviation * Float(3).squareRoot())
        case .dirac:
            weightShape.count > 2 ? .dirac(bound: 1 / fanIn.squareRoot()) : .uniform(bound: 1 / fanIn.squareRoot())
        }
    }
}

/// The initial rules for weights and biases of a network, where a layer has none of its own. Batch norms begin at
/// weight 1 and bias 0.
package struct Initialization: Hashable, Sendable {
    package var convolutionWeight: InitialRule
    package var convolutionBias: InitialRule
    package var linearWeight: InitialRule
    package var linearBias: InitialRule

    package init(
        convolutionWeight: InitialRule = .torchDefault, convolutionBias: InitialRule = .torchDefault,
        linearWeight: InitialRule = .torchDefault, linearBias: InitialRule = .torchDefault
    ) {
        self.convolutionWeight = convolutionWeight
        self.convolutionBias = convolutionBias
        self.linearWeight = linearWeight
        self.linearBias = linearBias
    }

    /// PyTorch's defaults.
    package static let torch = Initialization()
}

/// The initial rule for all weights of convolutions and linear layers, by the names that users know.
package enum InitialScheme: String, CaseIterable, Sendable {
    /// The rule of each model's reference.
    case reference
    case torchDefault = "torch_default"
    case xavierUniform = "xavier_uniform"
    case xavierNormal = "xavier_normal"
    case heNormal = "he_normal"
    case heUniform = "he_uniform"
    case lecunNormal = "lecun_normal"
    case lecunUniform = "lecun_uniform"
    case dirac

    /// The scheme called `name`.
    ///
    /// - Throws: `NetworkError.unknownScheme`, which names the nearest and all known ones.
    package init(named name: String) throws(NetworkError) {
        guard let scheme = InitialScheme(rawValue: name) else {
            let known = InitialScheme.allCases.map(\.rawValue)
            throw .unknownScheme(found: name, nearest: Spelling.nearest(to: name, among: known), known: known)
        }
        self = scheme
    }

    /// The rule for every weight; nil leaves each its own.
    var rule: InitialRule? {
        switch self {
        case .reference: nil
        case .torchDefault: .torchDefault
        case .xavierUniform: .xavierUniform
        case .xavierNormal: .xavierNormal
        case .heNormal: .kaimingNormal(.fanIn)
        case .heUniform: .kaimingUniform
        case .lecunNormal: .lecunNormal
        case .lecunUniform: .lecunUniform
        case .dirac: .dirac
        }
    }
}
