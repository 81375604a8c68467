/// Huang, Liu, van der Maaten & Weinberger, "Densely Connected Convolutional Networks", CVPR 2017, arXiv:1608.06993:
/// DenseNet-BC.
///
/// Structure, names and initialisation as in torchvision: a bottleneck of 4k channels and compression by half (section
/// 3), convolutions that begin Kaiming-normal by fan in, and a classifier whose bias begins at 0.
///
/// `densenet_d2l` is that of Dive into Deep Learning (section 8.7) for images of one channel and 96 px: four blocks of
/// four layers without bottlenecks, convolutions with biases, weights Xavier-uniform; names are those of its `net`.
package enum DenseNet {
    /// The columns of table 1, and the smallest DenseNet-BC of table 2.
    static let models = [
        variant("densenet121", [6, 12, 24, 16], growthRate: 32),
        variant("densenet161", [6, 12, 36, 24], growthRate: 48),
        variant("densenet169", [6, 12, 32, 32], growthRate: 32),
        variant("densenet201", [6, 12, 48, 32], growthRate: 32),
        variant("densenet121_cifar", [6, 12, 24, 16], growthRate: 32, stem: .cifar),
        variant("densenet161_cifar", [6, 12, 36, 24], growthRate: 48, stem: .cifar),
        variant("densenet169_cifar", [6, 12, 32, 32], growthRate: 32, stem: .cifar),
        variant("densenet201_cifar", [6, 12, 48, 32], growthRate: 32, stem: .cifar),
        variant("densenet_bc_100_12", [16, 16, 16], growthRate: 12, stem: .cifar),
        ModelDescription(
            "densenet_d2l", paper: paper, imageSize: 96, classes: 10, channels: 1, options: [.growthRate, .blocks],
            build: d2l),
    ]

    private static let paper =
        "Huang, Liu, van der Maaten & Weinberger, Densely Connected Convolutional Networks, CVPR 2017"

    /// - Parameters:
    ///   - blocks: Layers in each dense block.
    ///   - growthRate: k, the channels that each dense layer adds.
    private static func variant(
        _ name: String, _ blocks: [Int], growthRate: Int, stem: Stem = .imageNet
    ) -> ModelDescription {
        let (size, classes) = stem == .cifar ? (32, 10) : (224, 1000)
        let options: [ModelOptions.Key] = [.growthRate, .compression, .blocks, .dropout, .stem, .head]
        return ModelDescription(name, paper: paper, imageSize: size, classes: classes, options: options) {
            network(
                $0, blocks: $0.options.blocks ?? blocks, growthRate: $0.options.growthRate ?? growthRate,
                stem: $0.options.stem ?? stem)
        }
    }

    private static func network(
        _ request: ModelDescription.Request, blocks: [Int], growthRate: Int, stem: Stem
    ) -> Network {
        let compression = request.options.compression ?? 0.5
        let head = request.options.head ?? .linear
        let kaiming = Initialization(convolutionWeight: .kaimingNormal(.fanIn), linearBias: .constant(0))
        return Network(request, initialization: kaiming) { images in
            let features = images.scope("features") { images in
                var x = images.denseStem(stem, outputs: 2 * growthRate)
                for (index, layers) in blocks.enumerated() {
                    if index > 0 { x = x.transition("transition\(index)", compression: compression) }
                    x = x.denseBlock(
                        "denseblock\(index + 1)", layers: layers, growthRate: growthRate,
                        dropout: request.options.dropout ?? 0)
                }
                return x.batchNorm("norm5")
            }
            return features.relu().scores(head) { $0.classified("classifier", to: request.classes, head) }
        }
    }

    private static func d2l(_ request: ModelDescription.Request) -> Network {
        let blocks = request.options.blocks ?? [4, 4, 4, 4]
        return Network(request, initialization: .d2l) { images in
            return blocks.enumerated()
                .reduce(images.d2lStem) { x, block in
                    let x = block.offset == 0 ? x : x.plainTransition("tran_blk\(block.offset)")
                    return x.plainDenseBlock(
                        "dense_blk\(block.offset + 1)", layers: block.element,
                        growthRate: request.options.growthRate ?? 32)
                }
                .sequence("last") {
                    $0.batchNorm().relu().adaptiveAveragePool(to: 1).flatten().linear(to: request.classes)
                }
        }
    }
}

extension Features {
    /// Appends BN-ReLU-Conv(3x3) layers, each of which reads all before it.
    fileprivate func plainDenseBlock(_ name: String, layers: Int, growthRate: Int) -> Features {
        scope(name) {
            $0.sequence("net") { x in
                (0..<layers).reduce(x) { x, _ in
                    x.concatenate(
                        x.sequence { $0.batchNorm().relu().convolution(to: growthRate, kernel: 3, padding: 1) })
                }
            }
        }
    }

    /// Appends a transition to half of the channels and half the resolution.
    fileprivate func plainTransition(_ name: String) -> Features {
        sequence(name) { $0.batchNorm().relu().convolution(to: channels / 2, kernel: 1).averagePool(kernel: 2) }
    }

    fileprivate func denseStem(_ stem: Stem, outputs: Int) -> Features {
        switch stem {
        case .imageNet:
            convolution("conv0", to: outputs, kernel: 7, stride: 2, padding: 3, bias: false)
                .batchNorm("norm0").relu("relu0").maxPool("pool0", kernel: 3, stride: 2, padding: 1)
        case .cifar:
            // No batch norm of its own: the first dense layer begins with one. (Section 3, implementation details.)
            convolution("conv0", to: outputs, kernel: 3, padding: 1, bias: false)
        }
    }

    /// Equation 2: every layer reads all before it. The layers read a chain of concatenations; each begins with the one
    /// before.
    fileprivate func denseBlock(_ name: String, layers: Int, growthRate: Int, dropout: Float) -> Features {
        scope(name) { x in
            (1...layers).reduce(x) { x, layer in
                x.concatenate(x.denseLayer("denselayer\(layer)", growthRate: growthRate, dropout: dropout))
            }
        }
    }

    /// BN-ReLU-Conv(1x1)-BN-ReLU-Conv(3x3): k new channels from all before.
    private func denseLayer(_ name: String, growthRate: Int, dropout: Float) -> Features {
        scope(name) {
            let y =
                $0
                .batchNorm("norm1").relu("relu1").convolution("conv1", to: 4 * growthRate, kernel: 1, bias: false)
                .batchNorm("norm2").relu("relu2")
                .convolution("conv2", to: growthRate, kernel: 3, padding: 1, bias: false)
            return dropout > 0 ? y.dropout(rate: dropout) : y
        }
    }

    /// Appends a transition between blocks, to `compression` of the channels and half the resolution.
    fileprivate func transition(_ name: String, compression: Double) -> Features {
        scope(name) {
            $0
                .batchNorm("norm").relu("relu")
                .convolution("conv", to: max(1, Int(Double(channels) * compression)), kernel: 1, bias: false)
                .averagePool("pool", kernel: 2)
        }
    }
}
