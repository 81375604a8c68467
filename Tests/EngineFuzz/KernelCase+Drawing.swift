// Cases drawn at random: shapes at which kernels go wrong, around vectors and pairs of them, blocks and strips.

extension KernelCase {
    /// Around vectors of 8 and 16 lanes, blocks of 32 and 64, and what networks have for images.
    private static let channels = [1, 2, 3, 4, 5, 6, 8, 9, 10, 15, 16, 17, 24, 31, 32, 33, 40, 48, 63, 64, 65, 80, 96]

    init(drawnWith random: inout CaseRandom) {
        self.init(.sigmoid)
        imageSize = random.pick([1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9, 10, 11, 12, 13, 14, 16, 16, 17, 20])
        inputChannels = random.pick([1, 2, 3, 3, 4, 8, 16, 17])
        stem = random.chance(75) ? random.pick(Self.channels) : nil
        shardSizes = Self.drawShards(&random)
        classes = random.pick([2, 4, 8, 16])
        usesWinograd = random.chance(70)
        optimizer = random.int(0...Self.optimizers.count - 1)
        fill = random.next()
        before = random.pick(Function.allCases)
        // Means are fractions of few digits over a power of two of numbers only.
        isNormalized = stem != nil && hasPowerOfTwo(imageSize) && random.chance(50)
        if stem == nil { before = .none }
        subject = drawSubject(&random)
        let size = outputSize
        joint = random.chance(60) ? .none : random.pick([.none, .twin, .identity, .concatenation])
        if joint == .identity && !(size == imageSize && outputs == width) { joint = .none }
        if joint == .concatenation && size != imageSize { joint = .none }
        isNormalizedBehind = hasPowerOfTwo(size) && isExact && random.chance(30)
        behind = random.pick(Function.allCases)
        // What is behind a norm and has been summed since may be a kink to the references and a hair's breadth beside
        // it.
        if isNormalized || !isExact { behind = .none }
        tail = random.chance(30) ? random.pick(Self.channels) : nil
        if joint == .identity && isNormalizedBehind && random.chance(50) { joint = .residual }
        // Muon multiplies matrices: large ones take the baseline's kernels seconds.
        if mostWeights > 5000 { optimizer %= 6 }
    }

    /// Channels that the layer reads.
    private var width: Int { stem ?? inputChannels }

    private func hasPowerOfTwo(_ size: Int) -> Bool {
        let numbers = samples * size * size
        return numbers > 1 && numbers.nextPowerOfTwo == numbers
    }

    private static func drawShards(_ random: inout CaseRandom) -> [Int] {
        let shards = random.pick([1, 2, 3, 4, 4, 8])
        let samples = random.pick([1, 2, 3, 4, 4, 5, 7, 8, 8, 9])
        var sizes = [Int](repeating: 0, count: shards)
        // Evenly, as trainings have it, or as it comes.
        let isEven = random.chance(50)
        for sample in 0..<samples { sizes[isEven ? sample % shards : random.int(0...shards - 1)] += 1 }
        return sizes
    }

    private func drawSubject(_ random: inout CaseRandom) -> Subject {
        switch random.int(1...100) {
        case ...45: drawConvolution(&random)
        case ...60: drawGroups(&random, groups: width)
        case ...68: drawGroups(&random, groups: (2...8).filter { width % $0 == 0 }.randomElement(using: &random) ?? 1)
        case ...76: .linear(outputs: min(random.pick(Self.channels), max(100_000 / (imageSize * imageSize * width), 1)))
        case ...90: drawPooling(&random)
        case ...92: .sigmoid
        case ...94: .tanh
        case ...96: .gelu
        case ...98: .responseNormalization(size: random.pick([1, 3, 5, 4]))
        default: .dropout(percent: random.pick([10, 25, 50]))
        }
    }

    private func drawConvolution(_ random: inout CaseRandom) -> Subject {
        var outputs = random.pick(Self.channels)
        let padding = random.pick([0, 0, 1, 1, 2, 3, 5])
        let kernel = min(random.pick([1, 1, 2, 3, 3, 3, 3, 5, 7, imageSize]), imageSize + 2 * padding)
        let stride = random.pick([1, 1, 1, 2, 2, 3, 4])
        // A case takes some milliseconds: few are as large as real layers.
        let most = random.chance(95) ? 1_500_000 : 12_000_000
        let size = (imageSize + 2 * padding - kernel) / stride + 1
        while outputs > 1 && samples * size * size * kernel * kernel * width * outputs > most { outputs /= 2 }
        return .convolution(
            outputs: outputs, kernel: kernel, stride: stride, padding: padding, groups: 1, hasBias: random.chance(60))
    }

    private func drawGroups(_ random: inout CaseRandom, groups: Int) -> Subject {
        let padding = random.pick([0, 1, 1, 2, 3])
        return .convolution(
            outputs: groups == width ? width * random.pick([1, 1, 1, 1, 2]) : groups * random.int(1...12),
            kernel: min(random.pick([1, 2, 3, 3, 5, 7]), imageSize + 2 * padding), stride: random.pick([1, 1, 2, 3]),
            padding: padding, groups: groups, hasBias: random.chance(50))
    }

    private func drawPooling(_ random: inout CaseRandom) -> Subject {
        let kernel = min(random.pick([1, 2, 2, 2, 3, 3, 4, 5]), imageSize)
        let padding = random.int(0...kernel / 2)
        let stride = random.int(1...4)
        let ceilMode = random.chance(30)
        return switch random.int(1...10) {
        case ...5: .maxPool(kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
        case ...8: .averagePool(kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
        default: .adaptiveAveragePool(size: random.pick([1, 1, 2, 3, 4, 7]))
        }
    }

    /// Pixels a side and channels that the layer puts out.
    var outputSize: Int {
        switch subject {
        case .convolution(_, let kernel, let stride, let padding, _, _): (imageSize + 2 * padding - kernel) / stride + 1
        case .maxPool(let kernel, let stride, let padding, let ceilMode),
            .averagePool(let kernel, let stride, let padding, let ceilMode):
            Self.pooled(imageSize, kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
        case .adaptiveAveragePool(let size): size
        case .linear: 1
        case .sigmoid, .tanh, .gelu, .responseNormalization, .dropout: imageSize
        }
    }

    /// The weights of the layer, or of what makes class scores of its outputs.
    private var mostWeights: Int {
        let scores = outputSize * outputSize * max(outputs + width, tail ?? 0) * classes
        return switch subject {
        case .convolution(let outputs, let kernel, _, _, let groups, _):
            max(scores, outputs * width / groups * kernel * kernel)
        case .linear(let outputs): max(scores, outputs * width * imageSize * imageSize)
        default: scores
        }
    }

    private var outputs: Int {
        switch subject {
        case .convolution(let outputs, _, _, _, _, _), .linear(let outputs): outputs
        default: width
        }
    }
}
