import Tensors

/// The options of a model, as papers vary them; nil is the model's own value.
///
/// A model takes some of these keys, not all: `ModelDescription.options`.
package struct ModelOptions: Hashable, Sendable {
    /// k, the channels that a dense layer adds.
    package var growthRate: Int?
    /// The share of channels that a transition between dense blocks keeps, in 0 <..< 1 or 1.
    package var compression: Double?
    /// The number of blocks, or layers, of each stage.
    package var blocks: [Int]?
    /// The rate of every dropout layer, in 0 ..< 1.
    package var dropout: Float?
    package var stem: Stem?
    package var head: HeadForm?
    /// The function that replaces every activation of the network.
    package var activation: Activation?
    /// Channels of the images.
    package var inputChannels: Int?
    /// Whether the last batch norm of each residual branch begins at weight 0, so that each block begins as the
    /// identity.
    package var zeroInitLastNorm: Bool?
    /// Whether images come normalised by ImageNet's moments, and the network expects them by 0.5 and 0.5:
    /// `InputTransform`.
    package var transformInput: Bool?
    /// The factor of logits; above 0.
    package var logitScale: Float?

    package init() {}

    package enum Key: String, CaseIterable, Sendable {
        case growthRate = "growth_rate"
        case compression
        case blocks
        case dropout
        case stem
        case head
        case activation
        case inputChannels = "input_channels"
        case zeroInitLastNorm = "zero_init_last_norm"
        case transformInput = "transform_input"
        case logitScale = "logit_scale"
    }
}

/// The way from a map to logits, without hidden linear layers.
package enum HeadForm: String, CaseIterable, Sendable {
    /// The map is averaged, the averages are classified.
    case linear
    /// A 1x1 convolution computes logits for each pixel, which are then averaged. (Lin, Chen & Yan, "Network In
    /// Network", 2014, section 3.2.)
    case conv1x1
}

/// A nonlinear function between layers.
package enum Activation: String, CaseIterable, Sendable {
    case relu, sigmoid, tanh, gelu

    var operation: Layer.Operation {
        switch self {
        case .relu: .relu
        case .sigmoid: .sigmoid
        case .tanh: .tanh
        case .gelu: .gelu
        }
    }
}

// MARK: - As text

extension ModelOptions.Key {
    /// The values it takes, for a message: `a number from 0 up to but not including 1`.
    package var allowed: String {
        switch self {
        case .growthRate: "a whole number from 1 to 1024"
        case .compression: "a number above 0 up to 1"
        case .blocks: "1 to 8 whole numbers from 1 to 256, together at most 600, such as 6,12,24,16"
        case .dropout: "a number from 0 up to but not including 1"
        case .stem, .head, .zeroInitLastNorm, .transformInput: words.joined(separator: " or ")
        case .activation: words.joined(separator: ", ")
        case .inputChannels: "a whole number from 1 to 65536"
        case .logitScale: "a number above 0 up to 1000"
        }
    }

    /// The words that the option accepts; none where it takes numbers.
    fileprivate var words: [String] {
        switch self {
        case .stem: Stem.allCases.map(\.rawValue)
        case .head: HeadForm.allCases.map(\.rawValue)
        case .activation: Activation.allCases.map(\.rawValue)
        case .zeroInitLastNorm, .transformInput: ["true", "false"]
        default: []
        }
    }
}

extension ModelOptions {
    /// Sets the option `key` from text, as a flag or a file gives it; lists are separated by commas.
    ///
    /// - Throws: `NetworkError.invalidOption` for a value that the key does not take.
    package mutating func set(_ key: Key, to text: String, model: String) throws(NetworkError) {
        let isTaken =
            switch key {
            case .growthRate: read(text, into: \.growthRate, Int.init) { (1...1024).contains($0) }
            case .compression: read(text, into: \.compression, Double.init) { $0 > 0 && $0 <= 1 }
            case .blocks: read(text, into: \.blocks, Self.counts) { Self.isAllowed($0) }
            case .dropout: read(text, into: \.dropout, Float.init) { $0 >= 0 && $0 < 1 }
            case .stem: read(text, into: \.stem, Stem.init(rawValue:)) { _ in true }
            case .head: read(text, into: \.head, HeadForm.init(rawValue:)) { _ in true }
            case .activation: read(text, into: \.activation, Activation.init(rawValue:)) { _ in true }
            case .inputChannels: read(text, into: \.inputChannels, Int.init) { (1...65_536).contains($0) }
            case .zeroInitLastNorm: read(text, into: \.zeroInitLastNorm, Bool.init) { _ in true }
            case .transformInput: read(text, into: \.transformInput, Bool.init) { _ in true }
            case .logitScale: read(text, into: \.logitScale, Float.init) { $0 > 0 && $0 <= 1000 }
            }
        guard isTaken else {
            throw .invalidOption(
                model: model, key: key.rawValue, found: text, nearest: Spelling.nearest(to: text, among: key.words),
                allowed: key.allowed)
        }
    }

    /// The options that are set, as text that `set` reads.
    package var texts: [Key: String] {
        var texts: [Key: String] = [:]
        texts[.growthRate] = growthRate.map { "\($0)" }
        texts[.compression] = compression.map { "\($0)" }
        texts[.blocks] = blocks.map { $0.map(String.init).joined(separator: ",") }
        texts[.dropout] = dropout.map { "\($0)" }
        texts[.stem] = stem?.rawValue
        texts[.head] = head?.rawValue
        texts[.activation] = activation?.rawValue
        texts[.inputChannels] = inputChannels.map { "\($0)" }
        texts[.zeroInitLastNorm] = zeroInitLastNorm.map { "\($0)" }
        texts[.transformInput] = transformInput.map { "\($0)" }
        texts[.logitScale] = logitScale.map { "\($0)" }
        return texts
    }

    /// Whether `text` was a value that `isAllowed`, which it then is at `path`.
    private mutating func read<Value>(
        _ text: String, into path: WritableKeyPath<ModelOptions, Value?>, _ parse: (String) -> Value?,
        isAllowed: (Value) -> Bool
    ) -> Bool {
        guard let value = parse(text), isAllowed(value) else { return false }
        self[keyPath: path] = value
        return true
    }

    private static func counts(_ text: String) -> [Int]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let counts = parts.compactMap { Int($0.drop { $0 == " " }) }
        return counts.count == parts.count ? counts : nil
    }

    private static func isAllowed(_ blocks: [Int]) -> Bool {
        // The limit of all blocks is that of the deepest published network, ResNet-1202: compiling takes time with
        // their square.
        (1...8).contains(blocks.count) && blocks.allSatisfy { (1...256).contains($0) } && blocks.reduce(0, +) <= 600
    }
}
