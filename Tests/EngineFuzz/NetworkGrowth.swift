import Networks

/// A network that grows gene by gene. All that nothing reads in the end is part of the class scores.
struct NetworkGrowth {
    private struct Value {
        var features: Features
        /// Pixels a side.
        var size: Int
        var isRead = false
    }

    private var values: [Value]
    private var names = 0

    static let mostChannels = 96

    init(images: Features, size: Int) {
        values = [Value(features: images, size: size)]
    }

    private mutating func name(_ layer: String) -> String {
        names += 1
        return "\(layer)\(names)"
    }

    private mutating func append(_ features: Features, size: Int) {
        values.append(Value(features: features, size: size))
    }

    /// The value so many before the newest.
    private mutating func read(_ distance: Int) -> (features: Features, size: Int) {
        let index = values.count - 1 - distance % values.count
        values[index].isRead = true
        return (values[index].features, values[index].size)
    }

    mutating func grow(_ gene: NetworkGene) {
        let (x, size) = read(gene.source)
        let kernel = min(gene.kernel, size + 2 * gene.padding)
        let slid = (size + 2 * gene.padding - kernel) / gene.stride + 1
        switch gene.kind {
        case .convolution:
            append(convolve(x, to: gene.channels, gene, kernel: kernel, groups: 1), size: slid)
        case .pointwise:
            append(x.convolution(name("conv"), to: gene.channels, kernel: 1, bias: gene.flag), size: size)
        case .depthwise: append(convolve(x, to: x.channels, gene, kernel: kernel, groups: x.channels), size: slid)
        case .grouped:
            let groups = [4, 3, 2].first { x.channels % $0 == 0 } ?? 1
            append(
                convolve(x, to: groups * max(gene.channels / 4, 1), gene, kernel: kernel, groups: groups), size: slid)
        case .norm: append(x.batchNorm(name("norm")), size: size)
        case .relu: append(x.relu(), size: size)
        case .relu6: append(x.relu6(), size: size)
        case .sigmoid: append(x.sigmoid(), size: size)
        case .tanh: append(x.tanh(), size: size)
        case .gelu: append(x.gelu(), size: size)
        case .scale: append(x.scaled(by: 0.75), size: size)
        case .response: append(x.localResponseNormalization(size: gene.flag ? 3 : 5), size: size)
        case .maxPool, .averagePool: pool(x, size, gene)
        case .adaptivePool:
            let target = min(size, gene.flag ? 2 : 4)
            append(x.adaptiveAveragePool(to: target), size: target)
        case .dropout: append(x.dropout(rate: gene.flag ? 0.5 : 0.2), size: size)
        case .addition: add(x, size, gene)
        case .concatenation: concatenate(x, size, gene)
        case .residual: append(residual(x, gene), size: size)
        case .dense: append(dense(x, gene), size: size)
        }
    }

    private mutating func convolve(_ x: Features, to outputs: Int, _ gene: NetworkGene, kernel: Int, groups: Int)
        -> Features
    {
        x.convolution(
            name("conv"), to: outputs, kernel: kernel, stride: gene.stride, padding: gene.padding, groups: groups,
            bias: gene.flag)
    }

    private mutating func pool(_ x: Features, _ size: Int, _ gene: NetworkGene) {
        let kernel = min(gene.kernel, size)
        let padding = min(gene.padding, kernel / 2)
        let pooled = KernelCase.pooled(size, kernel: kernel, stride: gene.stride, padding: padding, ceilMode: gene.flag)
        append(
            gene.kind == .maxPool
                ? x.maxPool(kernel: kernel, stride: gene.stride, padding: padding, ceilMode: gene.flag)
                : x.averagePool(kernel: kernel, stride: gene.stride, padding: padding, ceilMode: gene.flag),
            size: pooled)
    }

    /// Adds another value, or a 1x1 convolution of it where it has other channels, averaged where it has other pixels.
    private mutating func add(_ x: Features, _ size: Int, _ gene: NetworkGene) {
        let second = read(gene.source + gene.second)
        var other = second.size == size ? second.features : second.features.adaptiveAveragePool(to: size)
        if other.channels != x.channels {
            other = other.convolution(name("conv"), to: x.channels, kernel: 1, bias: false)
            if gene.flag { other = other.batchNorm(name("norm")) }
        }
        append(x.add(other), size: size)
    }

    private mutating func concatenate(_ x: Features, _ size: Int, _ gene: NetworkGene) {
        let second = read(gene.source + gene.second)
        var other = second.size == size ? second.features : second.features.adaptiveAveragePool(to: size)
        if x.channels + other.channels > Self.mostChannels {
            other = other.convolution(name("conv"), to: 8, kernel: 1)
        }
        append(x.concatenate(other), size: size)
    }

    /// Convolution, norm, addition, activation.
    private mutating func residual(_ x: Features, _ gene: NetworkGene) -> Features {
        var y = x
        if gene.stride > 1 {
            y = y.convolution(name("conv"), to: gene.channels, kernel: 1, bias: false).batchNorm(name("norm")).relu()
        }
        let kernel = gene.kernel > 2 ? 3 : 1
        y = y.convolution(name("conv"), to: x.channels, kernel: kernel, padding: kernel / 2, bias: false)
            .batchNorm(name("norm")).add(x)
        return gene.flag ? y.relu() : y
    }

    /// Norm, activation, convolution, beside what it reads.
    private mutating func dense(_ x: Features, _ gene: NetworkGene) -> Features {
        guard x.channels + 16 <= Self.mostChannels else {
            return x.batchNorm(name("norm")).relu().convolution(name("conv"), to: 16, kernel: 1, bias: false)
        }
        var y = x.batchNorm(name("norm")).relu()
        if gene.flag { y = y.convolution(name("conv"), to: 48, kernel: 1, bias: false).batchNorm(name("norm")).relu() }
        return x.concatenate(
            y.convolution(
                name("conv"), to: gene.stride > 1 ? gene.channels % 16 + 1 : 16, kernel: 3, padding: 1, bias: false))
    }

    /// Class scores.
    ///
    /// - Parameters:
    ///   - isHidden: whether there is a linear layer more.
    ///   - isAuxiliary: whether the first value that nothing reads has scores of its own.
    mutating func scores(classes: Int, isHidden: Bool, isAuxiliary: Bool) -> Features {
        var ends = values.filter { !$0.isRead }
        if isAuxiliary, ends.count > 1 {
            ends.removeFirst().features.adaptiveAveragePool(to: 1).flatten().linear("auxiliary", to: classes)
                .auxiliaryHead(weight: 0.3)
        }
        // One keeps its map, so that linear layers have more than averages.
        let size = ends[ends.count - 1].size <= 6 ? ends[ends.count - 1].size : 2
        var joined = ends.map { $0.size == size ? $0.features : $0.features.adaptiveAveragePool(to: size) }
        var x = joined.removeFirst()
        for other in joined { x = x.concatenate(other) }
        x = x.flatten()
        if isHidden { x = x.linear("hidden", to: 37).relu().dropout(rate: 0.5) }
        return x.linear("head", to: classes)
    }
}
