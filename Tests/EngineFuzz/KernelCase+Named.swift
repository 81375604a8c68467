extension KernelCase {
    /// Cases in which kernels of others have been wrong, or ours might be.
    static let named: [(name: String, cases: [KernelCase])] = [
        ("weight gradients of 1x1 convolutions at stride 2 with few inputs", fewInputs),
        ("windows that see more padding than map", paddedColumns),
        ("weight gradients of depthwise convolutions", depthwise),
        ("weight gradients of few outputs with more inputs than a task has", fewOutputs),
        ("data gradients of few inputs from outputs wider than these, some samples a task", fewInputsPadded),
        ("sums of a layer's input and output, whose gradient is read by windows and added", identities),
        ("every layer of the vocabulary, and every optimizer", vocabulary),
        ("batch norms behind concatenations and before additions", norms),
    ]

    private static var fewInputs: [KernelCase] {
        [1, 2, 3, 4, 5, 6, 8].flatMap { inputs in
            [(8, 16), (7, 33)].map { size, outputs in
                var fuzzCase = KernelCase(
                    .convolution(outputs: outputs, kernel: 1, stride: 2, padding: 0, groups: 1, hasBias: true))
                (fuzzCase.imageSize, fuzzCase.stem, fuzzCase.behind) = (size, inputs, .relu)
                return fuzzCase
            }
        }
    }

    private static var paddedColumns: [KernelCase] {
        [(1, 3, 1), (1, 5, 2), (2, 3, 2), (2, 7, 5), (3, 5, 4), (4, 3, 3), (5, 1, 1), (3, 1, 2)].flatMap {
            size, kernel, padding in
            [(1, 6), (2, 33)].map { stride, channels in
                var fuzzCase = KernelCase(
                    .convolution(
                        outputs: channels, kernel: kernel, stride: stride, padding: padding, groups: 1, hasBias: false))
                (fuzzCase.imageSize, fuzzCase.stem, fuzzCase.joint) = (size, channels, .twin)
                return fuzzCase
            }
        }
    }

    private static var depthwise: [KernelCase] {
        [1, 6, 15, 16, 17, 33, 96].flatMap { channels in
            [(3, 1), (3, 2), (5, 1), (2, 2)].map { kernel, stride in
                var fuzzCase = KernelCase(
                    .convolution(
                        outputs: channels, kernel: kernel, stride: stride, padding: kernel / 2, groups: channels,
                        hasBias: true))
                (fuzzCase.imageSize, fuzzCase.stem, fuzzCase.before) = (8, channels, .relu6)
                fuzzCase.isNormalized = true
                return fuzzCase
            }
        }
    }

    /// Two tasks have as many inputs each, or the second one has less.
    private static var fewOutputs: [KernelCase] {
        [96, 83].map { inputs in
            var fuzzCase = KernelCase(
                .convolution(outputs: 4, kernel: 5, stride: 1, padding: 2, groups: 1, hasBias: false))
            (fuzzCase.imageSize, fuzzCase.stem) = (5, inputs)
            return fuzzCase
        }
    }

    private static var fewInputsPadded: [KernelCase] {
        [(3, 2), (5, 4), (5, 3)].map { kernel, padding in
            var fuzzCase = KernelCase(
                .convolution(outputs: 5, kernel: kernel, stride: 1, padding: padding, groups: 1, hasBias: false))
            (fuzzCase.imageSize, fuzzCase.stem, fuzzCase.shardSizes) = (6, 2, [16])
            return fuzzCase
        }
    }

    /// Layers with y = f(x) + x: the gradient of y is an addend of that of x, and not to be written over while windows
    /// read it.
    private static var identities: [KernelCase] {
        func convolution(_ kernel: Int, groups: Int = 1) -> Subject {
            .convolution(
                outputs: 40, kernel: kernel, stride: 1, padding: kernel / 2, groups: groups, hasBias: false)
        }
        return [
            .maxPool(kernel: 3, stride: 1, padding: 1, ceilMode: false),
            .averagePool(kernel: 3, stride: 1, padding: 1, ceilMode: false), convolution(1), convolution(3),
            convolution(3, groups: 40),
        ].map { subject in
            var fuzzCase = KernelCase(subject)
            (fuzzCase.imageSize, fuzzCase.stem, fuzzCase.joint) = (40, 40, .identity)
            (fuzzCase.shardSizes, fuzzCase.inputChannels) = ([1], 1)
            return fuzzCase
        }
    }

    /// Small, and enough for each kernel to run at least once.
    private static var vocabulary: [KernelCase] {
        let subjects: [Subject] = [
            .sigmoid, .tanh, .gelu, .responseNormalization(size: 3), .dropout(percent: 50),
            .maxPool(kernel: 3, stride: 2, padding: 1, ceilMode: false),
            .averagePool(kernel: 2, stride: 2, padding: 0, ceilMode: false), .adaptiveAveragePool(size: 2),
            .linear(outputs: 33),
            .convolution(outputs: 32, kernel: 3, stride: 1, padding: 1, groups: 1, hasBias: true),
            .convolution(outputs: 24, kernel: 3, stride: 1, padding: 1, groups: 2, hasBias: true),
        ]
        // A data gradient of few inputs, by GEMM and col2im.
        var few = KernelCase(.convolution(outputs: 17, kernel: 3, stride: 1, padding: 1, groups: 1, hasBias: true))
        (few.imageSize, few.stem) = (4, 8)
        let layers = subjects.enumerated().map { index, subject in
            var fuzzCase = KernelCase(subject)
            (fuzzCase.imageSize, fuzzCase.stem, fuzzCase.optimizer) = (4, 16, index % optimizers.count)
            fuzzCase.before = index % 2 == 0 ? .relu : .relu6
            return fuzzCase
        }
        return layers + [few]
    }

    /// The gradients of batch norms that share an affine term, and those of residual blocks, with and without a
    /// convolution behind that could fuse them.
    private static var norms: [KernelCase] {
        [Joint.concatenation, .residual].flatMap { joint in
            [nil, 17].map { tail in
                var fuzzCase = KernelCase(
                    .convolution(outputs: 24, kernel: 3, stride: 1, padding: 1, groups: 1, hasBias: false))
                (fuzzCase.imageSize, fuzzCase.stem, fuzzCase.joint, fuzzCase.tail) = (4, 24, joint, tail)
                (fuzzCase.isNormalizedBehind, fuzzCase.behind) = (true, .relu)
                return fuzzCase
            }
        }
    }
}
